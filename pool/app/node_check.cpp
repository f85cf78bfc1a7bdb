#include "pool/app/node_check.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "pool/app/proposals.h"
#include "pool/app/work_options.h"
#include "pool/node/node_rpc.h"

namespace pool {
namespace {

constexpr std::chrono::seconds patience{60};

/// One node's questions, one after the other, on a loop that ends with the last answer.
class NodeCheck {
public:
    using Line = std::function<void(bool, std::string_view)>;

    NodeCheck(const NodeOptions& node, const WorkDeskOptions& work, const Line& line)
        : node_(make_node_rpc(loop_, node)), work_(work), line_(line)
    {
    }

    bool run()
    {
        const Watch deadline = loop_.after(patience, [this] { end(false, "does not answer"); });
        node_->chain_info([this](const Result<ChainInfo>& info) { on_chain(info); });
        loop_.run();
        return good_;
    }

private:
    void say(bool good, const std::string& what)
    {
        good_ = good_ && good;
        line_(good, "node " + node_->name() + ": " + what);
    }
    void end(bool good, const std::string& what)
    {
        say(good, what);
        loop_.stop();
    }

    void on_chain(const Result<ChainInfo>& info)
    {
        if (!info) return end(false, info.error().detail);
        if (info->chain != work_.chain) {
            return end(false, "is on " + std::string{to_string(info->chain)} +
                                  ", network.chain says " + std::string{to_string(work_.chain)});
        }
        const std::string place =
            std::string{to_string(info->chain)} + ", height " + std::to_string(info->height.value);
        if (!gives_templates(node_->role())) return end(true, place + ", takes blocks only");
        say(!info->initial_download, place + (info->initial_download ? ", still syncing" : ""));
        node_->get_template([this](const Result<Node::TemplatePtr>& given) { on_template(given); });
    }

    void on_template(const Result<Node::TemplatePtr>& given)
    {
        if (!given) return end(false, given.error().detail);
        propose(*given, Proposals::Form::full, [this, given = *given] {
            propose(given, Proposals::Form::empty, [this] { loop_.stop(); });
        });
    }

    void propose(const Node::TemplatePtr& given, Proposals::Form form, std::function<void()> next)
    {
        const CoinbasePlan plan{.pay_to = work_.pay_to,
                                .tag = work_.coinbase_tag,
                                .extranonce_bytes = work_.extranonce_bytes,
                                .chain_head = work_.chain_head};
        proposals_.propose(
            *node_, given, form, plan,
            [this, given, form, next = std::move(next)](const Result<void>& taken) {
                const std::string what =
                    "a block of ours at height " + std::to_string(given->height.value) + " (" +
                    std::string{to_string(form)} + ", " +
                    std::to_string(form == Proposals::Form::full ? given->txids.size() : 0) +
                    " transactions)";
                say(taken.has_value(),
                    taken ? "would take " + what : what + ": " + taken.error().detail);
                next();
            });
    }

    Loop loop_;
    std::unique_ptr<Node> node_;
    const WorkDeskOptions& work_;
    const Line& line_;
    Proposals proposals_;
    bool good_ = true;
};

}  // namespace

bool check_nodes(const Config& config,
                 const std::function<void(bool good, std::string_view sentence)>& line)
{
    const WorkDeskOptions work = work_options(config, read_clock().wall);
    bool good = true;
    for (const NodeOptions& node : config.nodes) {
        const bool well = NodeCheck{node, work, line}.run();
        good = good && well;
    }
    return good;
}

}  // namespace pool
