#include "pool/node/work_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "pool/bitcoin/chain_rules.h"
#include "pool/work/job.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

// Asking takes a moment, and the promise is "at least every 30 s".
constexpr milliseconds refresh_ahead{2000};

}  // namespace

WorkSource::WorkSource(Options options, const std::vector<NodeRole>& roles) : options_(options)
{
    for (const NodeRole role : roles) {
        Peer peer;
        peer.role = role;
        peers_.push_back(peer);
    }
}

bool WorkSource::alive(const Peer& peer, SteadyTime now) const
{
    return peer.tip.has_value() && now - peer.heard < options_.silent_after;
}

bool WorkSource::better(const Peer& peer, const Tip& tip, SteadyTime now) const
{
    if (!tip_ || tip.height > tip_->height) return true;
    const Holders holders = holders_of(*tip_, peer, now);
    if (holders == Holders::give_work) return false;
    const bool level = tip.height == tip_->height;
    const bool left_ours = peer.tip && peer.tip->hash == tip_->hash;
    if (holders == Holders::nobody) {
        return left_ours || now - held_ >= (level ? options_.left : options_.disagree_after);
    }
    // The others may only be late: what lies below a tip that a living node has connected is stale,
    // work on it or not. A rival is as good, and one can give work on it.
    if (!level || !gives_templates(peer.role)) return false;
    return left_ours || (peer.elsewhere && now - *peer.elsewhere >= options_.left);
}

WorkSource::Holders WorkSource::holders_of(const Tip& tip, const Peer& but, SteadyTime now) const
{
    Holders holders = Holders::nobody;
    for (const Peer& other : peers_) {
        if (&other == &but || !alive(other, now)) continue;
        if (!other.tip || other.tip->hash != tip.hash) continue;
        if (gives_templates(other.role)) return Holders::give_work;
        holders = Holders::only_take_blocks;
    }
    return holders;
}

void WorkSource::note_place(NodeIndex node, const Tip& tip, SteadyTime now)
{
    Peer& peer = peers_[node];
    peer.tip = tip;
    peer.heard = now;
    if (tip_ && tip.hash == tip_->hash) {
        held_ = now;
        peer.elsewhere.reset();
    } else if (!peer.elsewhere) {
        peer.elsewhere = now;
    }
}

void WorkSource::adopt(NodeIndex node, const Tip& tip, SteadyTime now, Step& step)
{
    tip_ = tip;
    wanted_ = true;
    note_place(node, tip, now);
    for (Peer& peer : peers_) {
        const bool here = peer.tip && peer.tip->hash == tip.hash;
        if (!here && peer.tip && !peer.elsewhere) peer.elsewhere = now;
        if (here) peer.elsewhere.reset();
        peer.refusals = 0;
    }
    step.notices.push_back({Notice::Kind::new_tip, node, tip, "", peers_[node].told_by});
}

WorkSource::Step WorkSource::on_tip(NodeIndex node, const BlockHash& hash, SteadyTime now,
                                    TipSource source)
{
    Step step;
    Peer& peer = peers_[node];
    peer.heard = now;
    if (tip_ && hash == tip_->hash) {
        note_place(node, *tip_, now);
        want_template(node, now, step);
        return step;
    }
    if (peer.tip && peer.tip->hash == hash) return step;
    if (peer.header_asked == hash) return step;
    peer.header_asked = hash;
    peer.header_at = now;
    peer.told_by = source;
    step.asks.push_back({node, hash});
    return step;
}

WorkSource::Step WorkSource::on_sequence(NodeIndex node, std::uint32_t sequence)
{
    Step step;
    Peer& peer = peers_[node];
    const auto before = std::exchange(peer.sequence, sequence);
    // Zero: the node was restarted and counts anew.
    if (before && sequence != *before + 1 && sequence != 0) {
        step.notices.push_back({Notice::Kind::messages_lost, node, {}, ""});
    }
    return step;
}

const char* WorkSource::why_no_empty(const Peer& peer, const TipHeader& header,
                                     SteadyTime now) const
{
    if (!options_.empty_first) return "empty_first is off";
    if (!empty_allowed_) return "no node has said that it would take an empty block of ours";
    if (full_ == nullptr) return "there was no template yet";
    if (now - peer.header_at > options_.header_within) return "the header came too late";
    if (full_->previous != header.previous) return "the block is no child of our tip";
    if (full_->bits != header.bits) return "the block's target is not our template's";
    if (next_empty() == nullptr) return "the next height has rules of its own";
    return nullptr;
}

WorkSource::Step WorkSource::on_header(NodeIndex node, const BlockHash& hash,
                                       const Result<TipHeader>& header, SteadyTime now,
                                       UnixTime wall)
{
    Step step;
    Peer& peer = peers_[node];
    const bool asked = peer.header_asked == hash;
    if (asked) peer.header_asked.reset();
    peer.headerless = !header;
    if (!header) {
        // A template says where the tip is as well.
        if (asked) ask_template(node, now, step);
        return step;
    }
    // One that others follow by now is no news: of its tip the node has spoken, or will.
    if (!header->newest || header->hash != hash) return step;
    // The child of the block that a template was made for is as high as the template.
    const bool child = full_ != nullptr && header->previous == full_->previous;
    if (child && header->height != full_->height) return step;
    const Tip tip{hash, header->height};
    if (tip_ && tip.hash == tip_->hash) {
        note_place(node, tip, now);
        want_template(node, now, step);
        return step;
    }
    if (!better(peer, tip, now)) {
        note_place(node, tip, now);
        step.notices.push_back({Notice::Kind::behind, node, tip, ""});
        return step;
    }
    const char* const reason = why_no_empty(peer, *header, now);
    adopt(node, tip, now, step);
    if (reason == nullptr) {
        auto empty = std::make_shared<BlockTemplate>(*next_empty());
        empty->previous = hash;
        empty->time_min = {header->median_time.seconds + 1};
        empty->time_now = std::max(wall, empty->time_min);
        const UnixTime time = empty->time_now;
        received_ = now;
        publish(std::move(empty), Work::empty, time, now, step);
    } else if (current_ != nullptr) {
        step.notices.push_back({Notice::Kind::empty_withheld, node, tip, reason});
    }
    want_template(node, now, step);
    return step;
}

Result<void> WorkSource::check(NodeIndex node, const BlockTemplate& given, UnixTime wall) const
{
    for (const std::optional<Tip>& known : {tip_, peers_[node].tip}) {
        if (!known || known->hash != given.previous) continue;
        if (given.height.value == known->height.value + 1) continue;
        return fail(Error::Code::invalid,
                    "getblocktemplate: height " + std::to_string(given.height.value) +
                        " on a block of height " + std::to_string(known->height.value));
    }
    const auto ahead = std::int64_t{given.time_now.seconds} - std::int64_t{wall.seconds};
    if (ahead > options_.ahead_max.count()) {
        return fail(Error::Code::invalid,
                    "getblocktemplate: its time is " + std::to_string(ahead) +
                        " s ahead of this machine's clock, and every share on it would be too new; "
                        "set the clock of the one or the other");
    }
    return {};
}

WorkSource::Step WorkSource::on_template(NodeIndex node, const Result<TemplatePtr>& given,
                                         SteadyTime now)
{
    Step step;
    Peer& peer = peers_[node];
    const SteadyTime asked = peer.template_at;
    peer.template_asked = false;
    if (!given) {
        ++peer.failures;
        ++peer.refusals;
        return step;
    }
    peer.failures = 0;
    peer.refusals = 0;
    peer.took = std::chrono::duration_cast<milliseconds>(now - asked);
    const TemplatePtr& source = *given;
    const Tip tip{source->previous, {source->height.value - 1}};
    if (!tip_ || tip.hash != tip_->hash) {
        const bool leaps = tip_ && tip.height.value > tip_->height.value + 1;
        if (leaps && !peer.headerless && (!peer.tip || peer.tip->hash != tip.hash)) {
            return on_tip(node, tip.hash, now, TipSource::block_template);
        }
        // An answer to a question that is older than what the node has told us since is no news.
        const bool old = peer.tip && peer.tip->hash != tip.hash && peer.heard > asked &&
                         tip.height <= peer.tip->height;
        if (old || !better(peer, tip, now)) {
            if (!old) note_place(node, tip, now);
            want_template(node, now, step);
            return step;
        }
        peer.told_by = TipSource::block_template;
        adopt(node, tip, now, step);
    }
    note_place(node, tip, now);
    looked_ = now;
    looked_by_ = node;
    wanted_ = false;
    const bool fresh = current_ == nullptr || current_->previous != tip.hash;
    if (fresh || on_empty_) {
        const Work work = fresh ? Work::tip : Work::filled;
        received_ = now;
        publish(source, work, source->time_now, now, step);
        return step;
    }
    const Sats gain = source->reward - current_->reward;
    const Sats least{current_->reward.value / 100 * options_.richer_percent};
    const bool richer = gain > Sats{0} && gain >= options_.richer_by && gain >= least;
    const bool due = now - published_ >= options_.refresh - refresh_ahead;
    if (richer || due) {
        received_ = now;
        publish(source, Work::routine, source->time_now, now, step);
    }
    return step;
}

void WorkSource::publish(TemplatePtr source, Work work, UnixTime time, SteadyTime now, Step& step)
{
    if (on_empty_) {
        empty_before_ += std::chrono::duration_cast<milliseconds>(now - published_);
    }
    on_empty_ = work == Work::empty || (on_empty_ && source == current_);
    if (!on_empty_) full_ = source;
    current_ = source;
    published_ = now;
    step.publication = Publication{std::move(source), work, time};
}

void WorkSource::ask_template(NodeIndex node, SteadyTime now, Step& step)
{
    Peer& peer = peers_[node];
    if (!gives_templates(peer.role) || peer.template_asked) return;
    peer.template_asked = true;
    peer.template_at = now;
    step.asks.push_back({node, std::nullopt});
}

// `node` is on our tip. The first to say so is asked; the others if it takes long.
void WorkSource::want_template(NodeIndex node, SteadyTime now, Step& step)
{
    const Peer& peer = peers_[node];
    if (!wanted_ || !peer.tip || !tip_ || peer.tip->hash != tip_->hash) return;
    const bool under_way = std::any_of(peers_.begin(), peers_.end(), [&](const Peer& other) {
        return other.template_asked && other.tip && other.tip->hash == tip_->hash &&
               now - other.template_at < options_.template_within / 5;
    });
    if (!under_way && may_ask_again(peer, now)) ask_template(node, now, step);
}

// Of the nodes on our tip: the one that answers, and answers fast.
void WorkSource::ask_best(SteadyTime now, Step& step)
{
    std::optional<NodeIndex> best;
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        const Peer& peer = peers_[i];
        const bool here = !tip_ || (peer.tip && peer.tip->hash == tip_->hash);
        if (!gives_templates(peer.role) || peer.template_asked || !here || !alive(peer, now)) {
            continue;
        }
        if (!may_ask_again(peer, now)) continue;
        const auto rank = [](const Peer& at) { return std::pair{at.failures, at.took}; };
        if (!best || rank(peer) < rank(peers_[*best])) best = i;
    }
    if (best) ask_template(*best, now, step);
}

// A node that cannot give a template, or gives one that it would not take a block on, is not asked
// as fast as it answers.
bool WorkSource::may_ask_again(const Peer& peer, SteadyTime now) const
{
    if (peer.refusals == 0) return true;
    constexpr unsigned doublings_max = 7;
    const milliseconds pause{100 << std::min(peer.refusals, doublings_max)};
    return now - peer.template_at >= std::min(pause, options_.again_max);
}

WorkSource::Step WorkSource::ask_all(SteadyTime now)
{
    Step step;
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        if (alive(peers_[i], now)) ask_template(i, now, step);
    }
    return step;
}

void WorkSource::on_failure(NodeIndex node)
{
    Peer& peer = peers_[node];
    ++peer.failures;
    peer.tip.reset();
    peer.elsewhere.reset();
    peer.header_asked.reset();
}

WorkSource::Step WorkSource::on_tick(SteadyTime now)
{
    Step step;
    bool slow = true;  // whoever is under way is slow, or nobody is
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        Peer& peer = peers_[i];
        if (peer.header_asked && now - peer.header_at > options_.header_within) {
            // No empty job from it any more, should it come; the template need not wait.
            if (may_ask_again(peer, now)) ask_template(i, now, step);
        }
        if (peer.template_asked && now - peer.template_at < options_.template_within) slow = false;
    }
    const bool look = now - looked_ >= options_.look;
    const bool due = current_ != nullptr && now - published_ >= options_.refresh - refresh_ahead;
    if (slow && (wanted_ || look || due)) ask_best(now, step);
    leave_lost_tip(now, step);
    judge_places(now, step);
    judge_silence(now, step);
    repeat_work(now, step);
    return step;
}

// The node is slow, miners give up after a minute without a word: the same work once more, for as
// long as a node says that it is on the right tip.
void WorkSource::repeat_work(SteadyTime now, Step& step)
{
    if (current_ == nullptr || step.publication) return;
    if (lost_ && now - held_ >= options_.silent_after) return;
    if (now - published_ < options_.refresh) return;
    if (!tip_ || current_->previous != tip_->hash) return;
    UnixTime time = current_->time_now;
    if (!has_minimum_difficulty_blocks(options_.chain)) {
        const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - received_);
        time.seconds += static_cast<std::uint32_t>(passed.count());
    }
    publish(current_, Work::routine, time, now, step);
}

// Those that held our tip are gone, or came back without it, or give no templates: none on it comes
// any more. The best of the tips that are left is asked about once more.
void WorkSource::leave_lost_tip(SteadyTime now, Step& step)
{
    if (!tip_) return;
    std::optional<std::pair<NodeIndex, Tip>> best;
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        const Peer& peer = peers_[i];
        const std::optional<Tip>& other = peer.tip;
        if (!other || !alive(peer, now) || other->hash == tip_->hash) continue;
        if (peer.header_asked || !better(peer, *other, now)) continue;
        if (!best || other->height > best->second.height) best = {i, *other};
    }
    if (!best) return;
    const auto& [node, tip] = *best;
    peers_[node].header_asked = tip.hash;
    peers_[node].header_at = now;
    peers_[node].told_by = TipSource::look;
    step.asks.push_back({node, tip.hash});
}

void WorkSource::judge_places(SteadyTime now, Step& step)
{
    std::optional<NodeIndex> away;
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        const Peer& peer = peers_[i];
        if (!alive(peer, now) || !peer.elsewhere) continue;
        if (now - *peer.elsewhere >= options_.disagree_after) away = i;
    }
    if (away.has_value() == disagreeing_) return;
    disagreeing_ = away.has_value();
    const auto kind = disagreeing_ ? Notice::Kind::disagreement : Notice::Kind::agreement;
    const NodeIndex node = away.value_or(0);
    step.notices.push_back({kind, node, peers_[node].tip.value_or(Tip{}), ""});
}

void WorkSource::judge_silence(SteadyTime now, Step& step)
{
    const bool lost = current_ != nullptr && now - looked_ > options_.lost_after;
    if (lost == lost_) return;
    lost_ = lost;
    step.notices.push_back({lost ? Notice::Kind::lost : Notice::Kind::back, 0, {}, ""});
}

WorkSource::TemplatePtr WorkSource::next_empty() const
{
    if (full_ == nullptr) return nullptr;
    const Height next{full_->height.value + 1};
    if (!target_and_reward_stay(options_.chain, next)) return nullptr;
    auto empty = std::make_shared<BlockTemplate>(without_transactions(*full_));
    empty->height = next;
    return empty;
}

std::optional<milliseconds> WorkSource::template_age(SteadyTime now) const
{
    if (current_ == nullptr) return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(now - looked_);
}

milliseconds WorkSource::empty_time(SteadyTime now) const
{
    if (!on_empty_) return empty_before_;
    return empty_before_ + std::chrono::duration_cast<milliseconds>(now - published_);
}

std::string_view to_string(TipSource source)
{
    switch (source) {
        case TipSource::zmq:
            return "zmq";
        case TipSource::long_poll:
            return "long_poll";
        case TipSource::look:
            return "look";
        case TipSource::block_template:
            return "template";
    }
    return "look";
}

}  // namespace pool
