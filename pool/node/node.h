#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/node/rpc_times.h"
#include "pool/work/template.h"

namespace pool {

/// Which chain a node is on and where.
struct ChainInfo {
    Chain chain = Chain::regtest;
    Height height;
    BlockHash tip;
    bool initial_download = false;
};

/// The block that a node holds as the best one. It has validated and connected it.
struct Tip {
    BlockHash hash;
    Height height;
};

/// What of a connected block's header the next job is made of.
struct TipHeader {
    BlockHash hash;
    BlockHash previous;
    Height height;
    CompactBits bits;
    UnixTime median_time;  ///< of it and the ten before: the next block's time is greater
    bool newest = true;    ///< false: others follow it, or the node has left it
};

/// What a node may be used for ([[node]] role).
enum class NodeRole : std::uint8_t {
    both,
    templates,  ///< gives work, gets no blocks
    submits,    ///< gets blocks (and says where the tip is); never asked for a template
};
std::optional<NodeRole> parse_node_role(std::string_view text);
inline bool gives_templates(NodeRole role) { return role != NodeRole::submits; }
inline bool takes_blocks(NodeRole role) { return role != NodeRole::templates; }

/// What a node said to a block (BIP 22). Only the chain tells whether it counts.
enum class SubmitOutcome : std::uint8_t {
    accepted,      ///< null: connected, or at least stored
    duplicate,     ///< the node had it and holds it valid
    inconclusive,  ///< stored beside another tip of its height
    rejected,      ///< `reason` says why
    unanswered,    ///< no answer, or "not yet" (it lacks the parent): try again
};
struct SubmitAnswer {
    SubmitOutcome outcome = SubmitOutcome::unanswered;
    std::string reason;  ///< the node's own word, or what went wrong on the way
    std::chrono::milliseconds took{0};
};
std::string_view to_string(SubmitOutcome outcome);

/// A block as all nodes are told of it: some megabytes of hex, written out once and shared.
using SubmitText = std::shared_ptr<const std::string>;
SubmitText submit_text(ByteSpan block);

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
    virtual NodeRole role() const = 0;
    virtual void chain_info(Done<ChainInfo> done) = 0;
    /// Answers with the tip once it is at `height` or above, or after about a minute.
    virtual void wait_for_height(Height height, Done<Tip> done) = 0;
    /// Of a block that the node has connected. Errors besides: not_found.
    virtual void header(const BlockHash& hash, Done<TipHeader> done) = 0;
    /// Errors besides: not_found, the node answers and gives none, with its reason. What is wrong
    /// with a template itself is invalid.
    virtual void get_template(Done<TemplatePtr> done) = 0;
    /// Would this block be valid, but for its proof of work (BIP 23)? "" or the node's reason.
    virtual void propose(const Bytes& block, Done<std::string> done) = 0;
    virtual void submit(const SubmitText& block, std::function<void(SubmitAnswer)> done) = 0;
    /// preciousblock: of two tips of one height, this one.
    virtual void prefer(const BlockHash& hash, Done<void> done) = 0;
    virtual void sight(const BlockHash& hash, Height height, Done<Sighting> done) = 0;
    /// Keeps the connection that blocks travel on open and known to work.
    virtual void keep_warm() = 0;
    /// Null for a node that is not asked by RPC. Any thread; lives as long as the node.
    virtual const RpcTimes* times() const { return nullptr; }
};

}  // namespace pool
