#include "pool/app/block_agreement.h"

#include <algorithm>
#include <functional>

#include "pool/base/result.h"

namespace pool {
namespace {

constexpr std::chrono::seconds word_lasts{60};

}  // namespace

Sighting agreed(std::span<const Sighting> sightings, std::size_t needed)
{
    std::vector<std::uint32_t> in_chain;
    std::vector<std::uint32_t> beside;
    for (const Sighting& each : sightings) {
        if (each.place == Sighting::Place::in_chain) in_chain.push_back(each.confirmations);
        if (each.place == Sighting::Place::beside) beside.push_back(each.rival_confirmations);
    }
    const auto shared = [needed](std::vector<std::uint32_t>& counts) {
        std::sort(counts.begin(), counts.end(), std::greater{});
        return counts[needed - 1];
    };
    if (in_chain.size() >= needed) return {Sighting::Place::in_chain, shared(in_chain), 0};
    if (beside.size() >= needed && in_chain.empty()) {
        return {Sighting::Place::beside, 0, shared(beside)};
    }
    return {};
}

BlockAgreement::BlockAgreement(std::size_t nodes, std::size_t needed)
    : nodes_(nodes), needed_(needed)
{
    check(needed >= 1 && needed <= nodes, "so many nodes can agree");
}

Sighting BlockAgreement::add(std::size_t node, const BlockHash& hash, const Sighting& sighting,
                             SteadyTime now)
{
    if (words_.size() >= blocks_max && !words_.contains(hash)) words_.clear();  // all ask again
    auto& words = words_[hash];
    words.resize(nodes_);
    words.at(node) = Word{sighting, now};
    std::vector<Sighting> fresh;
    for (const std::optional<Word>& word : words) {
        if (word && now - word->at < word_lasts) fresh.push_back(word->sighting);
    }
    return agreed(fresh, needed_);
}

}  // namespace pool
