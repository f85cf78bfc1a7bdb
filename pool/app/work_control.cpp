#include "pool/app/work_control.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "pool/bitcoin/target.h"

namespace pool {
namespace {

std::string word_for(NodeRole role)
{
    switch (role) {
        case NodeRole::both:
            return "both";
        case NodeRole::templates:
            return "template";
        case NodeRole::submits:
            return "submit";
    }
    return "";
}

std::string hex_of(CompactBits bits)
{
    std::array<char, 12> text{};
    std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(bits.value));
    return text.data();
}

Result<rpc::TemplateInfo> info_of(const WorkDesk& desk)
{
    const auto& current = desk.current();
    if (current == nullptr) return fail(Error::Code::unavailable, "no template yet");
    const WorkStatus status = desk.status();
    return rpc::TemplateInfo{
        .height = current->height,
        .previous = to_display_hex(current->previous),
        .transactions = current->txids.size(),
        .reward = current->reward,
        .fees = current->fees,
        .weight = current->weight,
        .bits = hex_of(current->bits),
        .difficulty = difficulty_number(current->network_target),
        .age_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, status.template_age_ms)),
        .jobs = status.jobs,
        .empty_jobs = status.empty_jobs,
        .empty_ms = status.empty_ms};
}

}  // namespace

std::vector<rpc::BitcoindInfo> node_infos(const std::vector<NodeStatus>& nodes,
                                          const BlockHash& ours)
{
    std::vector<rpc::BitcoindInfo> out;
    for (const NodeStatus& node : nodes) {
        rpc::BitcoindInfo info;
        info.name = node.name;
        info.role = word_for(node.role);
        info.enabled = node.enabled;
        info.up = node.up;
        if (node.tip) {
            info.height = node.tip->height;
            info.tip = to_display_hex(node.tip->hash);
            info.on_our_tip = node.tip->hash == ours;
        }
        if (node.template_age) {
            info.template_age_ms = static_cast<std::uint64_t>(node.template_age->count());
        }
        out.push_back(std::move(info));
    }
    return out;
}

template <typename T, typename Ask>
void WorkControl::ask(Ask question, Done<T> done)
{
    core_loop_.post([this, question = std::move(question), done = std::move(done)] {
        rpc_loop_.post([done, answer = Result<T>{question()}] { done(answer); });
    });
}

void WorkControl::current(Done<rpc::TemplateInfo> done)
{
    ask<rpc::TemplateInfo>([this] { return info_of(desk_); }, std::move(done));
}

void WorkControl::nodes(Done<std::vector<rpc::BitcoindInfo>> done)
{
    ask<std::vector<rpc::BitcoindInfo>>(
        [this] { return node_infos(desk_.nodes(), desk_.status().tip); }, std::move(done));
}

void WorkControl::jobs(std::size_t limit, Done<std::vector<rpc::JobInfo>> done)
{
    ask<std::vector<rpc::JobInfo>>(
        [this, limit] {
            std::vector<rpc::JobInfo> out;
            for (const PublishedJob& job : desk_.published()) {
                if (out.size() == limit) break;
                out.push_back({job.id.value, job.at, job.height, to_display_hex(job.previous),
                               job.empty, job.clean, job.transactions, job.reward});
            }
            return out;
        },
        std::move(done));
}

void WorkControl::set_node(const std::string& name, bool on, Done<bool> done)
{
    ask<bool>(
        [this, name, on]() -> Result<bool> {
            const auto set = desk_.set_enabled(name, on);
            if (!set) return fail(set.error());
            return on;
        },
        std::move(done));
}

void WorkControl::refresh()
{
    core_loop_.post([this] { desk_.refresh(); });
}

}  // namespace pool
