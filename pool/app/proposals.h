#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/node/node.h"
#include "pool/work/job.h"

namespace pool {

/// The block that `job` makes, but for its nonce: what proposal mode judges (BIP 23).
Bytes unsolved_block(const Job& job);

/// What of a template, beside its transactions, decides whether a block of ours is valid: rules in
/// force and signalled, version bits, limits, the forms of commitment and height.
Digest shape_of(const BlockTemplate& source);

/// Has nodes judge blocks with our coinbase, once for each shape of template and for both forms
/// that miners get: full, and without transactions. Lives on the core loop.
class Proposals {
public:
    enum class Form : std::uint8_t { full, empty };
    enum class State : std::uint8_t { unknown, asked, accepted, rejected };

    /// What `node` says of such a block; accepted, when it was not asked and another would take it.
    State state(const Node& node, const BlockTemplate& source, Form form) const;

    /// Proposes a block of that form on `source` to the node it came from. `done` once, with
    /// nothing when the node would take it. Errors: refused (with the node's reason; remembered),
    /// limit (no room for our coinbase), those of Node. A node whose tip has moved meanwhile says
    /// nothing about the block: done, but the next template is proposed again.
    void propose(Node& node, const Node::TemplatePtr& source, Form form, const CoinbasePlan& plan,
                 std::function<void(Result<void>)> done);

    /// Rejected shapes may be proposed again: a node may have been mended.
    void forget_rejected();

private:
    struct Entry {
        std::string node;
        Digest shape;
        Form form;
        State state;
    };
    void note(const Node& node, const Digest& shape, Form form, State state);
    std::vector<Entry> entries_;
};

std::string_view to_string(Proposals::Form form);

}  // namespace pool
