#include "pool/app/proposals.h"

#include <algorithm>
#include <utility>

#include "pool/base/log.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::size_t entries_max = 128;

// The tip moved meanwhile: nothing is wrong with the block, and nothing is known of it.
bool says_nothing(const std::string& reason)
{
    return reason == "inconclusive-not-best-prevblk" || reason.starts_with("duplicate");
}

}  // namespace

Bytes unsolved_block(const Job& job)
{
    ByteWriter coinbase;
    coinbase.raw(job.coinbase_prefix);
    coinbase.raw(Bytes(job.extranonce_bytes, 0));
    coinbase.raw(job.coinbase_suffix);
    const Header header{.version = job.version,
                        .previous = job.previous,
                        .merkle_root = merkle_root(TxId{sha256d(coinbase.bytes())}, job.branch),
                        .time = job.time_start,
                        .bits = job.bits,
                        .nonce = 0};
    return block_of(job, serialise(header), coinbase.bytes());
}

Digest shape_of(const BlockTemplate& source)
{
    ByteWriter shape;
    shape.u32(source.version);
    shape.u32(source.version_required);
    shape.u64(source.weight_limit);
    shape.u64(source.sigop_limit);
    shape.u8(static_cast<std::uint8_t>(source.witness_commitment.size()));
    shape.u8(static_cast<std::uint8_t>(bip34_height(source.height).size()));
    shape.raw(as_bytes(source.rules));
    return sha256(shape.bytes());
}

Proposals::State Proposals::state(const Node& node, const BlockTemplate& source, Form form) const
{
    const Digest shape = shape_of(source);
    bool taken_elsewhere = false;
    for (const Entry& entry : entries_) {
        if (entry.shape != shape || entry.form != form) continue;
        if (entry.node == node.name()) return entry.state;
        if (entry.state == State::accepted) taken_elsewhere = true;
    }
    return taken_elsewhere ? State::accepted : State::unknown;
}

void Proposals::note(const Node& node, const Digest& shape, Form form, State state)
{
    std::erase_if(entries_, [&](const Entry& entry) {
        return entry.node == node.name() && entry.shape == shape && entry.form == form;
    });
    if (entries_.size() == entries_max) entries_.erase(entries_.begin());
    if (state != State::unknown) entries_.push_back({node.name(), shape, form, state});
}

void Proposals::forget_rejected()
{
    std::erase_if(entries_, [](const Entry& entry) { return entry.state == State::rejected; });
}

void Proposals::propose(Node& node, const Node::TemplatePtr& source, Form form,
                        const CoinbasePlan& plan, std::function<void(Result<void>)> done)
{
    const auto proposed =
        form == Form::full ? source
                           : std::make_shared<const BlockTemplate>(without_transactions(*source));
    const auto job = make_job(JobId{0}, proposed, plan, false);
    if (!job) {
        log::error("job_failed", {{"reason", job.error().detail}});
        return done(fail(job.error()));
    }
    const Digest shape = shape_of(*source);
    note(node, shape, form, State::asked);
    node.propose(unsolved_block(**job), [this, &node, shape, form, height = source->height,
                                         done = std::move(done)](const Result<std::string>& said) {
        if (!said) {
            note(node, shape, form, State::unknown);
            return done(fail(said.error()));
        }
        if (said->empty() || says_nothing(*said)) {
            note(node, shape, form, said->empty() ? State::accepted : State::unknown);
            log::info("proposal_accepted", {{"node", node.name()},
                                            {"form", to_string(form)},
                                            {"height", height.value},
                                            {"reason", *said}});
            return done({});
        }
        note(node, shape, form, State::rejected);
        const std::string sentence = "node " + node.name() +
                                     " would not take a block with our coinbase (" +
                                     std::string{to_string(form)} + "): " + *said;
        log::error("proposal_rejected", {{"node", node.name()},
                                         {"form", to_string(form)},
                                         {"height", height.value},
                                         {"reason", *said}});
        done(fail(Error::Code::refused, sentence));
    });
}

std::string_view to_string(Proposals::Form form)
{
    return form == Proposals::Form::full ? "full" : "empty";
}

}  // namespace pool
