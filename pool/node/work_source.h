#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "pool/base/time.h"
#include "pool/work/template.h"

namespace pool {

/// Decides when a template becomes a job and when to ask for another. Pure: it is told what came
/// and when, and asks nobody. Owned by the core loop.
class WorkSource {
public:
    struct Options {
        std::chrono::seconds refresh{25};  ///< a job at least this often (miners give up at 60 s)
        std::chrono::seconds lost_after{120};  ///< the node is gone: tell the miners
    };
    using TemplatePtr = std::shared_ptr<const BlockTemplate>;
    struct Publication {
        TemplatePtr source;
        bool clean = false;  ///< the previous block is another one: older work is stale
    };

    explicit WorkSource(Options options) : options_(options) {}

    /// A template that a node gave to a question asked at `asked`.
    /// Returns what to publish, or nothing when it is no better than what miners have. An answer
    /// to a question older than the current work never leads back to an older or rival tip.
    std::optional<Publication> on_template(TemplatePtr given, SteadyTime asked, SteadyTime now);

    /// Time to ask for a template without waiting for the long poll.
    bool refresh_due(SteadyTime now) const;
    /// No node has answered for so long that the work may be worthless.
    bool lost(SteadyTime now) const;
    /// Age of the newest answer; nothing before the first.
    std::optional<std::chrono::milliseconds> age(SteadyTime now) const;
    const TemplatePtr& current() const { return current_; }

private:
    Options options_;
    TemplatePtr current_;
    SteadyTime heard_{};      // when a node last gave a usable template
    SteadyTime published_{};  // when one last became a job
};

}  // namespace pool
