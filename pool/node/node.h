#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/work/template.h"

namespace pool {

/// Which chain a node is on and where.
struct ChainInfo {
    Chain chain = Chain::regtest;
    Height height;
    BlockHash tip;
    bool initial_download = false;
};

/// What a node said to a block (BIP 22). Only the chain tells whether it counts.
enum class SubmitOutcome : std::uint8_t {
    accepted,      ///< null: connected, or at least stored
    duplicate,     ///< the node had it and holds it valid
    inconclusive,  ///< stored beside another tip of its height
    rejected,      ///< `reason` says why
    unanswered,    ///< no answer: try again
};
struct SubmitAnswer {
    SubmitOutcome outcome = SubmitOutcome::unanswered;
    std::string reason;  ///< the node's own word, or what went wrong on the way
    std::chrono::milliseconds took{0};
};
std::string_view to_string(SubmitOutcome outcome);

/// Where one of our blocks stands, as one node sees it.
struct Sighting {
    enum class Place : std::uint8_t {
        unknown,   ///< the node does not know the header. Says nothing: it may be syncing
        in_chain,  ///< `confirmations` >= 1
        beside,    ///< known, but another block has its height, with `rival_confirmations`
    };
    Place place = Place::unknown;
    std::uint32_t confirmations = 0;
    std::uint32_t rival_confirmations = 0;
};

/// A Bitcoin node, as far as a pool needs one. All calls return at once and answer later, once,
/// on the loop that owns the node. An interface because the simulation needs a fake.
///
/// Errors of all calls: unavailable (not reachable, still warming up: retry), refused (wrong
/// password, method off), invalid (an answer that we do not understand).
class Node {
public:
    template <typename T>
    using Done = std::function<void(Result<T>)>;
    using TemplatePtr = std::shared_ptr<const BlockTemplate>;

    virtual ~Node() = default;
    virtual const std::string& name() const = 0;
    virtual void chain_info(Done<ChainInfo> done) = 0;
    /// longpoll_id: empty answers at once; else when the node has something better (BIP 22).
    virtual void get_template(const std::string& longpoll_id, Done<TemplatePtr> done) = 0;
    virtual void submit(const Bytes& block, std::function<void(SubmitAnswer)> done) = 0;
    virtual void sight(const BlockHash& hash, Height height, Done<Sighting> done) = 0;
};

}  // namespace pool
