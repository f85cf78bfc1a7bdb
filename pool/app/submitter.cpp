#include "pool/app/submitter.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <string_view>
#include <utility>

#include "pool/base/log.h"
#include "pool/bitcoin/block.h"
#include "pool/work/job.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds retry_first{100};
constexpr unsigned retry_doublings_max = 6;  // 6.4 s
constexpr std::uint32_t buried_below = 100;
constexpr std::size_t disk_queue_max = 4096;

constexpr std::string_view no_parent = "prev-blk-not-found";

std::vector<Node*> those_that_take_blocks(const std::vector<Node*>& nodes)
{
    std::vector<Node*> takers;
    std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(takers),
                 [](const Node* node) { return takes_blocks(node->role()); });
    return takers;
}

// Of a block that a miner has put together itself the pool has header and coinbase: the miner gives
// it to the network, and the chain says whether it did.
Bytes body_of(const BlockCandidate& candidate)
{
    if (candidate.job->declared) return {};
    return block_of(*candidate.job, candidate.header, candidate.coinbase);
}

FoundFile file_of(const BlockCandidate& candidate)
{
    return {.hash = candidate.hash,
            .height = candidate.job->height,
            .found_at = candidate.found_at,
            .reward = candidate.job->reward,
            .account = candidate.account,
            .worker = candidate.worker,
            .header = candidate.header,
            .coinbase = candidate.coinbase,
            .branch = candidate.job->branch,
            .block = body_of(candidate)};
}

}  // namespace

Submitter::Submitter(Loop& loop, const std::vector<Node*>& nodes, CandidateStore store, Out out,
                     std::chrono::milliseconds disk_patience)
    : loop_(loop),
      nodes_(those_that_take_blocks(nodes)),
      store_(std::move(store)),
      out_(std::move(out)),
      disk_patience_(disk_patience),
      preference_(loop, nodes),
      kept_(loop, nodes_, store_, disk_,
            {.found =
                 [this](const FoundFile& found) {
                     preference_.earlier(found.hash, found.height);
                     out_.found(found);
                 },
             .answer = out_.answer}),
      disk_(disk_queue_max, {})
{
    disk_.start();
}

Result<void> Submitter::resume(const std::vector<NodeAnswer>& heard)
{
    auto left = store_.load();
    if (!left) return fail(left.error());
    for (FoundFile& left_over : *left) {
        if (!taken_.take_again(left_over.hash)) continue;
        const auto found = std::make_shared<const FoundFile>(std::move(left_over));
        log::info("found_block_resumed", {{"hash", to_display_hex(found->hash)}});
        take_up(found, heard);
        static_cast<void>(keep(found, &CandidateStore::reopen));  // it may never have been synced
    }
    kept_.take_up(taken_);
    return {};
}

void Submitter::take_up(const Block& found, const std::vector<NodeAnswer>& heard)
{
    Pending& pending = expect(found);
    std::vector<std::pair<std::size_t, const NodeAnswer*>> said;
    for (const NodeAnswer& answer : heard) {
        const auto from = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node* node) {
            return node->name() == answer.node;
        });
        if (answer.hash != found->hash || from == nodes_.end()) continue;
        const auto node = static_cast<std::size_t>(from - nodes_.begin());
        pending.deliveries[node].state = Delivery::State::in_flight;  // so that it isn't sent
        said.emplace_back(node, &answer);
    }
    set_out(pending);
    for (const auto& [node, answer] : said) answered(node, *answer);
}

// Written before it leaves the thread that judged it: a kill -9 between two lines must neither lose
// a block that was handed on and not yet sent, nor leave one in the chain that the books never hear
// of. But nothing waits for the disk (charter, decision 5): it syncs beside, and where even the
// write hangs, neither this thread nor the core loop, which knows of the block already, waits long.
void Submitter::found(const BlockCandidate& candidate)
{
    if (!taken_.take(candidate)) return;
    const SteadyTime begun = read_clock().steady;
    const auto found = std::make_shared<const FoundFile>(file_of(candidate));
    loop_.post([this, found] { expect(found); });
    keep(found, &CandidateStore::write).wait_for(disk_patience_);
    const auto took = read_clock().steady - begun;
    log::notice("block_found",
                {{"height", candidate.job->height.value},
                 {"hash", to_display_hex(candidate.hash)},
                 {"account", candidate.account},
                 {"worker", candidate.worker},
                 {"declared", candidate.job->declared},
                 {"kept_us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}});
}

// Ready when the disk has it or has refused it.
std::future<void> Submitter::keep(const Block& found, ToDisk how)
{
    const auto done = std::make_shared<std::promise<void>>();
    auto kept = done->get_future();
    const bool taken = disk_.post([this, found, done, how] {
        const auto file = (store_.*how)(*found);
        loop_.post([this, found, file] { written(found, file); });
        done->set_value();
    });
    if (!taken) {
        const Error full{Error::Code::limit, "too many found blocks wait for the disk"};
        loop_.post([this, found, full] { written(found, fail(full)); });
        done->set_value();
    }
    return kept;
}

Submitter::Pending& Submitter::expect(const Block& found)
{
    Pending& pending = pending_[found->hash];
    if (pending.found != nullptr) return pending;  // forgotten as replayed, and not yet settled
    pending.found = found;
    pending.deliveries.resize(nodes_.size());
    pending.disk_patience = loop_.after(disk_patience_, [this, hash = found->hash] {
        const auto at = pending_.find(hash);
        if (at == pending_.end() || at->second.on_its_way) return;
        log::error("found_block_waits_for_disk", {{"hash", to_display_hex(hash)}});
        set_out(at->second);
    });
    return pending;
}

void Submitter::written(const Block& found, const Result<CandidateStore::Unsynced>& file)
{
    const auto at = pending_.find(found->hash);
    if (at == pending_.end()) {  // settled meanwhile
        if (kept_.has(found->hash))
            kept_.add(found->hash, found->height);
        else
            static_cast<void>(disk_.post([this, found] { store_.remove(found->hash); }));
        return;
    }
    Pending& pending = at->second;
    pending.written = true;
    pending.disk_patience.stop();
    set_out(pending);
    if (file) {
        sync(*file);
    } else {
        log::error("found_block_not_on_disk", {{"reason", file.error().detail}});
    }
    finish_if_done(found->hash);
}

void Submitter::set_out(Pending& pending)
{
    if (std::exchange(pending.on_its_way, true)) return;
    const Block found = pending.found;
    if (found->block.empty()) {
        for (Delivery& delivery : pending.deliveries) delivery.state = Delivery::State::answered;
    } else {
        pending.text = submit_text(found->block);
        pending.sent = read_clock().steady;
        send_waiting(pending);
    }
    out_.found(*found);
}

void Submitter::sync(const CandidateStore::Unsynced& file)
{
    for (const auto& part : {file.file, file.directory}) {
        loop_.sync_file(part->fd(), [part](Result<void> done) {
            if (!done) log::error("found_block_not_synced", {{"reason", done.error().detail}});
        });
    }
}

void Submitter::send(Pending& pending, std::size_t node)
{
    Delivery& delivery = pending.deliveries[node];
    delivery.state = Delivery::State::in_flight;
    if (delivery.lacks_parent)
        send_if_it_has_the_parent(pending, node);
    else
        give(pending, node);
}

// One that begins anew lacks it for hours: a short question each time instead of megabytes.
void Submitter::send_if_it_has_the_parent(const Pending& pending, std::size_t node)
{
    const Height below{pending.found->height.value - 1};
    nodes_[node]->sight(parse_header(pending.found->header).previous, below,
                        [this, hash = pending.found->hash, node](const Result<Sighting>& parent) {
                            const auto at = pending_.find(hash);
                            if (at == pending_.end()) return;
                            if (parent && parent->place != Sighting::Place::unknown)
                                return give(at->second, node);
                            at->second.deliveries[node].state = Delivery::State::waiting;
                            retry_later(at->second, node);
                        });
}

void Submitter::give(const Pending& pending, std::size_t node)
{
    nodes_[node]->submit(
        pending.text, [this, hash = pending.found->hash, node](const SubmitAnswer& answer) {
            answered(node, {hash, nodes_[node]->name(), read_clock().wall, answer});
        });
}

void Submitter::send_waiting(Pending& pending)
{
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        if (pending.deliveries[node].state == Delivery::State::waiting) send(pending, node);
    }
}

void Submitter::answered(std::size_t node, const NodeAnswer& said)
{
    const auto at = pending_.find(said.hash);
    if (at == pending_.end()) return;
    Pending& pending = at->second;
    const SubmitAnswer& answer = said.answer;
    const bool none = answer.outcome == SubmitOutcome::unanswered;
    const bool no = answer.outcome == SubmitOutcome::rejected;
    Delivery& delivery = pending.deliveries[node];
    const auto settled = no ? Delivery::State::refused : Delivery::State::answered;
    delivery.state = none ? Delivery::State::waiting : settled;
    delivery.lacks_parent = none && answer.reason == no_parent;
    // A node that is away for hours is not written about at each attempt.
    const bool told = none && std::exchange(delivery.no_answer, answer.reason) == answer.reason;
    if (!told) tell(pending, said);
    if (none) return retry_later(pending, node);
    if (!no) preference_.held(*nodes_[node], said.hash, pending.found->height, pending.sent);
    finish_if_done(said.hash);
}

void Submitter::tell(Pending& pending, const NodeAnswer& said)
{
    const SubmitAnswer& answer = said.answer;
    const bool no = answer.outcome == SubmitOutcome::rejected;
    log::write(no ? log::Level::error : log::Level::info, no ? "block_rejected" : "block_submitted",
               {{"hash", to_display_hex(said.hash)},
                {"node", said.node},
                {"answer", to_string(answer.outcome)},
                {"reason", answer.reason},
                {"ms", answer.took.count()}});
    const bool refused = refused_by_all(pending);
    if (refused) taken_.refused(said.hash);
    ++pending.unbooked_answers;
    out_.answer({said.hash, said.node, said.at, answer, refused});
}

bool Submitter::refused_by_all(const Pending& pending)
{
    return std::all_of(pending.deliveries.begin(), pending.deliveries.end(),
                       [](const Delivery& each) { return each.state == Delivery::State::refused; });
}

// Each node at its own pace: one that is away for hours does not have another wait.
void Submitter::retry_later(Pending& pending, std::size_t node)
{
    Delivery& delivery = pending.deliveries[node];
    const auto delay = retry_first * (1 << std::min(delivery.tries, retry_doublings_max));
    ++delivery.tries;
    delivery.retry = loop_.after(delay, [this, hash = pending.found->hash, node] {
        const auto at = pending_.find(hash);
        if (at == pending_.end()) return;
        if (at->second.deliveries[node].state == Delivery::State::waiting) send(at->second, node);
    });
}

void Submitter::booked(const BlockHash& hash)
{
    const auto at = pending_.find(hash);
    if (at == pending_.end()) return;
    at->second.booked = true;
    finish_if_done(hash);
}

void Submitter::answer_booked(const BlockHash& hash)
{
    const auto at = pending_.find(hash);
    if (at == pending_.end() || at->second.unbooked_answers == 0) return;
    --at->second.unbooked_answers;
    finish_if_done(hash);
}

void Submitter::tip_moved(Height tip)
{
    std::vector<BlockHash> buried;
    for (auto& [hash, pending] : pending_) {
        if (!pending.on_its_way || tip.value < pending.found->height.value + buried_below) continue;
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            Delivery& delivery = pending.deliveries[node];
            if (delivery.state != Delivery::State::waiting) continue;
            delivery.state = Delivery::State::answered;
            log::error("block_given_up",
                       {{"hash", to_display_hex(hash)}, {"node", nodes_[node]->name()}});
        }
        buried.push_back(hash);
    }
    for (const BlockHash& hash : buried) finish_if_done(hash);
    kept_.tip_moved(tip);
}

void Submitter::finish_if_done(const BlockHash& hash)
{
    const auto at = pending_.find(hash);
    if (at == pending_.end()) return;
    const Pending& pending = at->second;
    const bool judged =
        std::all_of(pending.deliveries.begin(), pending.deliveries.end(), [](const Delivery& each) {
            return each.state == Delivery::State::answered ||
                   each.state == Delivery::State::refused;
        });
    const bool on_paper = pending.written && pending.booked && pending.unbooked_answers == 0;
    if (!pending.on_its_way || !on_paper || !judged) return;
    if (refused_by_all(pending))
        static_cast<void>(disk_.post([this, hash] { store_.remove(hash); }));
    else
        kept_.add(hash, pending.found->height);
    pending_.erase(at);
}

bool Submitter::ask_again()
{
    bool open = false;
    for (auto& [hash, pending] : pending_) {
        if (pending.on_its_way) send_waiting(pending);
        open = open || !pending.on_its_way ||
               std::any_of(
                   pending.deliveries.begin(), pending.deliveries.end(),
                   [](const Delivery& each) { return each.state == Delivery::State::in_flight; });
    }
    return open;
}

}  // namespace pool
