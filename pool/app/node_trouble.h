#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "pool/base/result.h"

namespace pool {

/// What was wrong with a node the last time. Plain values; pure.
struct NodeTrouble {
    std::string said = "no answer yet";  ///< a sentence, the node's or ours; "" when all is well
    /// Of that, stable, for programs and other languages: "node_unheard" (nobody was asked yet),
    /// "node_away", "node_refuses", "node_other_chain", "node_no_template", "node_refuses_blocks",
    /// "node_trouble" (anything else: the sentence alone tells).
    std::string_view kind = "node_unheard";
    std::string node{};  ///< whose; "" before the first

    static NodeTrouble of(std::string node, std::string_view kind, const Error& error)
    {
        return {error.detail, kind, std::move(node)};
    }
    /// One that did not answer a question, by what came instead.
    static NodeTrouble unanswered(std::string node, const Error& error)
    {
        const bool away = error.code == Error::Code::unavailable;
        const bool no = error.code == Error::Code::refused;
        return of(std::move(node),
                  away ? "node_away"
                  : no ? "node_refuses"
                       : "node_trouble",
                  error);
    }
    /// One that gave no template, or none that can be used.
    static NodeTrouble no_template(std::string node, const Error& error)
    {
        // Of a template itself it would be another: see Node::get_template.
        const bool lets_nobody_in =
            error.code == Error::Code::unavailable || error.code == Error::Code::refused;
        if (lets_nobody_in) return unanswered(std::move(node), error);
        return of(std::move(node), "node_no_template", error);
    }
    static NodeTrouble none() { return {"", "", ""}; }
};

}  // namespace pool
