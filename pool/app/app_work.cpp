#include <chrono>
#include <filesystem>
#include <future>
#include <utility>

#include "pool/app/app_parts.h"
#include "pool/app/work_options.h"
#include "pool/runtime/this_thread.h"

// The core loop: from the nodes to the miners' loops, and found blocks back.
namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds node_patience{30};
constexpr std::uint64_t block_reserve_bytes = std::uint64_t{16} << 20;  // four full blocks

payouts::FoundBlock to_books(const FoundFile& found)
{
    return {.hash = found.hash,
            .height = found.height,
            .found_at = found.found_at,
            .reward = found.reward,
            .finder = found.account,
            .worker = found.worker,
            .header = found.header,
            .coinbase = found.coinbase,
            .branch = found.branch};
}

payouts::BlockAnswer to_books(const NodeAnswer& answer)
{
    return {.hash = answer.hash,
            .node = answer.node,
            .at = answer.at,
            .outcome = std::string{to_string(answer.answer.outcome)},
            .reason = answer.answer.reason,
            .took = answer.answer.took,
            .last_of_refusals = answer.last_of_refusals};
}

bool ends_the_start(int signal)
{
    return signal > 0 && signal != SIGHUP && signal != SIGUSR1 && signal != SIGUSR2;
}

/// Waits for an answer from another thread, but not past a signal.
Result<void> wait_or_signal(std::future<Result<void>>& answer, const sigset_t& signals)
{
    while (answer.wait_for(milliseconds{50}) != std::future_status::ready) {
        const timespec at_once{};
        if (const int got = ::sigtimedwait(&signals, nullptr, &at_once); ends_the_start(got)) {
            return fail(Error::Code::unavailable, "stopped before the node gave work");
        }
    }
    return answer.get();
}

}  // namespace

Result<void> App::Parts::open_core()
{
    std::vector<WorkNode> all;
    std::vector<Node*> known;
    std::vector<Node*> takers;
    for (const NodeOptions& options : config.nodes) {
        nodes.push_back(make_node_rpc(core, options));
        Node* const node = nodes.back().get();
        all.push_back({node, options.zmq_hashblock});
        known.push_back(node);
        if (takes_blocks(node->role())) takers.push_back(node);
    }
    auto store = CandidateStore::open(std::filesystem::path{config.data_dir} / "blocks",
                                      block_reserve_bytes);
    if (!store) return fail(store.error());
    submitter = std::make_unique<Submitter>(
        core, known, std::move(*store),
        Submitter::Out{
            .found = [this](const FoundFile& found) { books->record_found(to_books(found)); },
            .answer = [this](const NodeAnswer& answer) { books->record_answer(to_books(answer)); },
        });
    watch = std::make_unique<BlockWatch>(
        core, takers, config.nodes_agree,
        BlockWatch::Out{.seen =
                            [this](const std::vector<BlockWatch::Seen>& seen) {
                                std::vector<payouts::BlockSighting> sightings;
                                for (const auto& [hash, sighting] : seen)
                                    sightings.push_back({hash, sighting});
                                books->sight(std::move(sightings));
                            },
                        .missing =
                            [this](std::size_t node, const std::vector<BlockHash>& hashes) {
                                submitter->missing(node, hashes);
                            }});
    WorkDeskOptions options = work_options(config, read_clock().wall);
    options.chain_head = chain_head;
    broadcast = std::make_unique<Broadcast>(
        core, [this](const std::shared_ptr<const Job>& job, const std::function<void()>& written) {
            for (const auto& loop : loops) {
                loop->publish(job, [this, written] { core.post(written); });
            }
            return loops.size();
        });
    desk = std::make_unique<WorkDesk>(core, options, all, desk_out());
    return {};
}

WorkDesk::Out App::Parts::desk_out()
{
    return {
        .publish = [this](const std::shared_ptr<const Job>& job) { broadcast->publish(job); },
        .prepare =
            [this](const std::shared_ptr<const Job>& job) {
                for (const auto& loop : loops) loop->prepare(job);
            },
        .tip_moved =
            [this](Height tip) {
                submitter->tip_moved(tip);
                watch->look();
                rpc_loop.post([this] { view->changed(); });
            },
        .announce =
            [this](const std::string& text) {
                for (const auto& loop : loops) loop->announce(text);
            },
    };
}

Result<void> App::Parts::start_work(const sigset_t& signals)
{
    std::promise<Result<void>> first_work;
    auto answer = first_work.get_future();
    core.post([&] {
        // Blocks of an earlier life wait for nothing, not even for a node that gives work.
        if (auto resumed = submitter->resume(heard); !resumed) {
            return first_work.set_value(std::move(resumed));
        }
        desk->start(node_patience,
                    [&](Result<void> outcome) { first_work.set_value(std::move(outcome)); });
    });
    core_thread = std::thread{[this] {
        this_thread::name("core");
        core.run();
    }};
    auto started = wait_or_signal(answer, signals);
    if (started) return started;
    core.stop();  // before the promise goes
    core_thread.join();
    return started;
}

}  // namespace pool
