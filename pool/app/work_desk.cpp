#include "pool/app/work_desk.h"

#include <algorithm>
#include <utility>

#include "pool/base/log.h"
#include "pool/bitcoin/address.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_after{1000};
constexpr milliseconds tick_period{100};
constexpr std::size_t published_max = 64;
constexpr milliseconds look_period{1000};
// A node that stays away is spoken of again this seldom.
constexpr std::chrono::minutes unreachable_again{10};
constexpr std::chrono::minutes other_chain_again{1};
// A node's mind about a shape of block changes only when somebody changes the node.
constexpr std::chrono::minutes rejected_again{1};

std::vector<NodeRole> roles_of(const std::vector<WorkNode>& nodes)
{
    std::vector<NodeRole> roles;
    for (const WorkNode& node : nodes) roles.push_back(node.node->role());
    return roles;
}

}  // namespace

WorkDesk::WorkDesk(Loop& loop, WorkDeskOptions options, const std::vector<WorkNode>& nodes, Out out)
    : loop_(loop),
      options_(std::move(options)),
      out_(std::move(out)),
      source_(options_.work, roles_of(nodes)),
      next_job_(options_.first_job)
{
    for (const WorkNode& node : nodes) {
        Peer peer;
        peer.node = node.node;
        peer.endpoint = node.zmq_hashblock;
        peers_.push_back(std::move(peer));
    }
}

void WorkDesk::start(std::chrono::seconds patience, std::function<void(Result<void>)> done)
{
    started_ = std::move(done);
    patience_ = loop_.after(patience, [this] {
        settle_start(fail(Error::Code::unavailable, "no work after waiting: " + why_no_work()));
    });
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        if (!peers_[i].endpoint.empty()) {
            auto feed = ZmqFeed::open(loop_, peers_[i].endpoint,
                                      [this, i](const ZmqTip& tip) { on_zmq(i, tip); });
            if (!feed) return settle_start(fail(feed.error()));
            peers_[i].feed = std::move(*feed);
        }
        check_chain(i);
    }
    ticker_ = loop_.every(tick_period, [this] { tick(); });
    forgiver_ = loop_.every(rejected_again, [this] { proposals_.forget_rejected(); });
    looker_ = loop_.every(look_period, [this] {
        for (NodeIndex i = 0; i < peers_.size(); ++i) look(i);
    });
}

void WorkDesk::settle_start(Result<void> outcome)
{
    patience_.stop();
    if (!started_) return;
    const auto started = std::exchange(started_, nullptr);
    started(std::move(outcome));
}

void WorkDesk::check_chain(NodeIndex index)
{
    peers_[index].node->chain_info(
        [this, index](const Result<ChainInfo>& info) { on_chain_info(index, info); });
}

void WorkDesk::on_chain_info(NodeIndex index, const Result<ChainInfo>& info)
{
    if (!info) {
        if (info.error().code == Error::Code::refused) settle_start(fail(info.error()));
        return failed(index, info.error());
    }
    if (info->chain == options_.chain) return heard(index, *info);
    Peer& peer = peers_[index];
    const std::string sentence = "node " + peer.node->name() + " is on " +
                                 std::string{to_string(info->chain)} + ", but network.chain says " +
                                 std::string{to_string(options_.chain)} +
                                 "; point [[node]] at another node or change network.chain";
    log::error("node_on_other_chain", {{"node", peer.node->name()}, {"reason", sentence}});
    const Error refused{Error::Code::refused, sentence};
    settle_start(fail(refused));
    trouble_ = NodeTrouble::of(peer.node->name(), "node_other_chain", refused);
    peer.up = false;
    source_.on_failure(index);
    peer.retry = loop_.after(other_chain_again, [this, index] { check_chain(index); });
}

void WorkDesk::heard(NodeIndex index, const ChainInfo& info)
{
    Peer& peer = peers_[index];
    if (!peer.enabled) return;
    if (!peer.up)
        log::info("node_up", {{"node", peer.node->name()}, {"height", info.height.value}});
    peer.up = true;
    peer.trouble.clear();
    if (!peer.waiting) wait_for_tip(index, {info.height.value + 1});
    act(source_.on_tip(index, info.tip, read_clock().steady));
}

void WorkDesk::failed(NodeIndex index, const Error& error)
{
    Peer& peer = peers_[index];
    const SteadyTime now = read_clock().steady;
    if (peer.enabled &&
        (peer.up || peer.trouble != error.detail || now - peer.trouble_told >= unreachable_again)) {
        log::warn("node_unreachable", {{"node", peer.node->name()}, {"reason", error.detail}});
        peer.trouble = error.detail;
        peer.trouble_told = now;
    }
    if (!peer.enabled) return;
    trouble_ = NodeTrouble::unanswered(peer.node->name(), error);
    peer.up = false;
    source_.on_failure(index);
    peer.retry = loop_.after(retry_after, [this, index] { check_chain(index); });
}

// The node answers when it has connected a block of that height: a long poll that, unlike that of
// getblocktemplate, does not make the node build a template while we ask it for the header.
void WorkDesk::wait_for_tip(NodeIndex index, Height height)
{
    peers_[index].waiting = true;
    peers_[index].node->wait_for_height(height, [this, index, height](const Result<Tip>& tip) {
        Peer& peer = peers_[index];
        peer.waiting = false;
        // The look that follows within a second begins anew, or finds the node gone. Who answers
        // before the height is there is not asked again as fast as it answers.
        if (!tip || !peer.up || tip->height < height) return;
        wait_for_tip(index, {tip->height.value + 1});
        act(source_.on_tip(index, tip->hash, read_clock().steady, TipSource::long_poll));
    });
}

void WorkDesk::look(NodeIndex index)
{
    Peer& peer = peers_[index];
    if (!peer.up || peer.looking) return;
    peer.looking = true;
    peer.node->chain_info([this, index](const Result<ChainInfo>& info) {
        peers_[index].looking = false;
        on_chain_info(index, info);
    });
    if (takes_blocks(peer.node->role())) peer.node->keep_warm();
}

void WorkDesk::on_zmq(NodeIndex index, const ZmqTip& tip)
{
    const SteadyTime now = read_clock().steady;
    // Also of one that is off: those that came meanwhile are not lost.
    const auto lost_some = source_.on_sequence(index, tip.sequence);
    if (!peers_[index].enabled) return;
    // Until it has said what chain it is on, and that it answers, its blocks are not ours.
    if (!peers_[index].up) return;
    act(source_.on_tip(index, tip.hash, now, TipSource::zmq));
    act(lost_some);
    if (!lost_some.notices.empty()) look(index);
}

void WorkDesk::tick() { act(source_.on_tick(read_clock().steady)); }

// Work first: miners wait for it, nodes do not.
void WorkDesk::act(const WorkSource::Step& step)
{
    if (step.publication) publish(*step.publication);
    for (const WorkSource::Ask& question : step.asks) ask(question);
    for (const WorkSource::Notice& notice : step.notices) note(notice);
}

void WorkDesk::ask(const WorkSource::Ask& question)
{
    const NodeIndex index = question.node;
    Node& node = *peers_[index].node;
    if (!question.header) {
        node.get_template(
            [this, index](const Result<Node::TemplatePtr>& given) { took(index, given); });
        return;
    }
    node.header(*question.header,
                [this, index, hash = *question.header](const Result<TipHeader>& header) {
                    const Now now = read_clock();
                    // It may have been switched off while its answer was on the way.
                    if (!peers_[index].enabled || !peers_[index].up) return;
                    act(source_.on_header(index, hash, header, now.steady, to_seconds(now.wall)));
                });
    peers_[index].header_deadline =
        loop_.after(options_.work.header_within + milliseconds{1}, [this] { tick(); });
}

// Whatever a node has answered that was switched off, gone, or found on another chain meanwhile: no
// work comes of it, and what is known to be wrong with the node stays.
bool WorkDesk::passes_over(NodeIndex index)
{
    if (peers_[index].enabled && peers_[index].up) return false;
    const Error off{Error::Code::unavailable,
                    "the node is switched off, or has not said yet that it is on our chain"};
    act(source_.on_template(index, fail(off), read_clock().steady));
    return true;
}

void WorkDesk::took(NodeIndex index, const Result<Node::TemplatePtr>& given)
{
    if (passes_over(index)) return;
    if (!given) return turn_down(index, given.error());
    peers_[index].template_at = read_clock().steady;
    if (const auto good = source_.check(index, **given, to_seconds(read_clock().wall)); !good) {
        return turn_down(index, good.error());
    }
    if (const auto fits = check_fits(**given, plan()); !fits) {
        log::error("template_unusable", {{"node", peers_[index].node->name()},
                                         {"height", (*given)->height.value},
                                         {"reason", fits.error().detail}});
        return cannot_use(index, fits.error());
    }
    switch (proposals_.state(*peers_[index].node, **given, Proposals::Form::full)) {
        case Proposals::State::accepted:
            return use(index, *given);
        case Proposals::State::rejected:
            // Its node's reason was told with the first, and stays the one to be shown.
            return act(source_.on_template(index,
                                           fail(Error::Code::refused, "a shape that was rejected"),
                                           read_clock().steady));
        default:
            return propose(index, *given);
    }
}

// The next node is asked, and this one later again; miners keep what they have.
void WorkDesk::turn_down(NodeIndex index, const Error& error)
{
    const std::string& node = peers_[index].node->name();
    if (trouble_.said != error.detail) {
        log::warn("template_failed", {{"node", node}, {"reason", error.detail}});
    }
    trouble_ = NodeTrouble::no_template(node, error);
    act(source_.on_template(index, fail(error), read_clock().steady));
}

// No block of ours would be good on it: with such templates from every node there is no start.
void WorkDesk::cannot_use(NodeIndex index, const Error& error)
{
    trouble_ = NodeTrouble::of(peers_[index].node->name(), "node_refuses_blocks", error);
    peers_[index].refuses = error.code == Error::Code::refused || error.code == Error::Code::limit;
    if (all_refuse()) settle_start(fail(error));
    act(source_.on_template(index, fail(error), read_clock().steady));
}

CoinbasePlan WorkDesk::plan() const
{
    return {.pay_to = options_.pay_to,
            .tag = options_.coinbase_tag,
            .extranonce_bytes = options_.extranonce_bytes,
            .chain_head = options_.chain_head};
}

// A new shape waits for its node's word; the empty form of it is judged beside, and until then no
// empty job goes out.
void WorkDesk::propose(NodeIndex index, const Node::TemplatePtr& given)
{
    proposals_.propose(*peers_[index].node, given, Proposals::Form::full, plan(),
                       [this, index, given](const Result<void>& taken) {
                           if (passes_over(index)) return;
                           if (taken) return use(index, given);
                           cannot_use(index, taken.error());
                       });
}

bool WorkDesk::all_refuse() const
{
    return std::all_of(peers_.begin(), peers_.end(), [](const Peer& peer) {
        return peer.refuses || !gives_templates(peer.node->role());
    });
}

void WorkDesk::use(NodeIndex index, const Node::TemplatePtr& given)
{
    trouble_ = NodeTrouble::none();
    peers_[index].refuses = false;
    const auto empty = proposals_.state(*peers_[index].node, *given, Proposals::Form::empty);
    source_.allow_empty(empty == Proposals::State::accepted);
    act(source_.on_template(index, given, read_clock().steady));
    if (empty != Proposals::State::unknown || !options_.work.empty_first) return;
    proposals_.propose(*peers_[index].node, given, Proposals::Form::empty, plan(),
                       [this, index, given](const Result<void>&) {
                           source_.allow_empty(proposals_.state(*peers_[index].node, *given,
                                                                Proposals::Form::empty) ==
                                               Proposals::State::accepted);
                       });
}

void WorkDesk::publish(const WorkSource::Publication& publication)
{
    const bool empty = source_.on_empty_work();  // for the first time, or once more
    const bool first_empty = publication.work == WorkSource::Work::empty;
    std::shared_ptr<const Job> job;
    if (first_empty && prepared_ != nullptr && prepared_->height == publication.source->height) {
        job = job_on_tip(std::exchange(prepared_, nullptr), publication.source, publication.time);
    } else {
        auto made = make_job(JobId{next_job_}, publication.source, plan(), publication.clean(),
                             publication.time);
        if (!made) {
            log::error("job_failed", {{"reason", made.error().detail}});
            return settle_start(fail(made.error()));
        }
        ++next_job_;
        auto whole = std::make_shared<Job>(**made);
        whole->routine = publication.work == WorkSource::Work::routine;
        job = std::move(whole);
    }
    ++jobs_;
    if (empty) ++empty_jobs_;
    out_.publish(job);
    published_.push_front({job->id, read_clock().wall, job->height, job->previous, empty,
                           job->clean, empty ? 0 : publication.source->txids.size(), job->reward});
    if (published_.size() > published_max) published_.pop_back();
    const SteadyTime now = read_clock().steady;
    const auto age = std::chrono::duration_cast<std::chrono::microseconds>(
        empty ? SteadyTime::duration{} : now - publication.source->arrived);
    log::info("job_published", {{"height", job->height.value},
                                {"job", job->id.value},
                                {"clean", job->clean},
                                {"empty", empty},
                                {"transactions", publication.source->txids.size()},
                                {"reward_sat", job->reward.value},
                                {"template_age_us", age.count()},
                                {"empty_ms_total", source_.empty_time(now).count()}});
    if (publication.clean()) out_.tip_moved(Height{job->height.value - 1});
    settle_start({});
    if (!empty) prepare_empty();
}

void WorkDesk::set_chain_head(const Digest& head)
{
    options_.chain_head = head;
    prepared_.reset();
    prepare_empty();
}

// Ahead of time: when the next block comes, only its hash and times are put in.
void WorkDesk::prepare_empty()
{
    const auto next = options_.work.empty_first ? source_.next_empty() : nullptr;
    if (next == nullptr) {
        prepared_.reset();
        return;
    }
    if (prepared_ != nullptr && prepared_->height == next->height &&
        prepared_->reward == next->reward && prepared_->bits == next->bits &&
        shape_of(*prepared_->source) == shape_of(*next)) {
        return;
    }
    auto made = make_job(JobId{next_job_}, next, plan(), true);
    if (!made) {
        log::error("job_failed", {{"reason", made.error().detail}});
        return prepared_.reset();
    }
    ++next_job_;
    prepared_ = std::move(*made);
    out_.prepare(prepared_);
}

void WorkDesk::note(const WorkSource::Notice& notice)
{
    using Kind = WorkSource::Notice::Kind;
    const std::string& node = peers_[notice.node].node->name();
    const std::string hash = to_display_hex(notice.tip.hash);
    const auto height = notice.tip.height.value;
    switch (notice.kind) {
        case Kind::new_tip:
            ++peers_[notice.node].wins[static_cast<std::size_t>(notice.source)];
            log::info("new_tip", {{"height", height},
                                  {"hash", hash},
                                  {"node", node},
                                  {"source", to_string(notice.source)}});
            break;
        case Kind::empty_withheld:
            log::info("no_empty_job", {{"height", height}, {"reason", notice.reason}});
            break;
        case Kind::behind:
            log::warn("node_elsewhere", {{"node", node}, {"height", height}, {"hash", hash}});
            break;
        case Kind::disagreement:
            log::error("nodes_disagree", {{"node", node}, {"height", height}, {"hash", hash}});
            break;
        case Kind::agreement:
            log::info("nodes_agree");
            break;
        case Kind::messages_lost:
            ++peers_[notice.node].gaps;
            log::warn("zmq_messages_lost", {{"node", node}});
            break;
        case Kind::lost:
            log::error("work_lost", {{"reason", trouble_.said}});
            out_.announce("The pool has lost its Bitcoin node: work may be stale until it is back");
            break;
        case Kind::back:
            log::info("work_back");
            out_.announce("The pool's Bitcoin node is back");
            break;
    }
}

Result<void> WorkDesk::set_enabled(const std::string& node, bool on)
{
    const auto found = std::find_if(peers_.begin(), peers_.end(),
                                    [&](const Peer& peer) { return peer.node->name() == node; });
    if (found == peers_.end()) return fail(Error::Code::not_found, "no node is named so");
    const bool another = std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
        return &peer != &*found && peer.enabled && gives_templates(peer.node->role());
    });
    if (!on && !another) {
        return fail(Error::Code::conflict, "it is the last node that gives work");
    }
    if (found->enabled == on) return {};
    found->enabled = on;
    found->up = false;
    found->retry.stop();
    log::warn(on ? "node_switched_on" : "node_switched_off", {{"node", node}});
    const auto index = static_cast<NodeIndex>(found - peers_.begin());
    if (on)
        check_chain(index);
    else
        source_.on_failure(index);
    return {};
}

void WorkDesk::refresh() { act(source_.ask_all(read_clock().steady)); }

}  // namespace pool
