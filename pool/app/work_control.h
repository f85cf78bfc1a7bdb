#pragma once

#include <string>
#include <vector>

#include "pool/app/work_desk.h"
#include "pool/runtime/loop.h"
#include "rpc/work_control.h"

namespace pool {

/// The nodes as admins are shown them. ours: the tip that we work on.
std::vector<rpc::BitcoindInfo> node_infos(const std::vector<NodeStatus>& nodes,
                                          const BlockHash& ours);

/// rpc::WorkControl over the desk. Lives on the rpc loop; the desk is asked on its own.
class WorkControl final : public rpc::WorkControl {
public:
    WorkControl(Loop& rpc_loop, Loop& core_loop, WorkDesk& desk)
        : rpc_loop_(rpc_loop), core_loop_(core_loop), desk_(desk)
    {
    }

    void current(Done<rpc::TemplateInfo> done) override;
    void nodes(Done<std::vector<rpc::BitcoindInfo>> done) override;
    void jobs(std::size_t limit, Done<std::vector<rpc::JobInfo>> done) override;
    void set_node(const std::string& name, bool on, Done<bool> done) override;
    void refresh() override;

private:
    template <typename T, typename Ask>
    void ask(Ask question, Done<T> done);

    Loop& rpc_loop_;
    Loop& core_loop_;
    WorkDesk& desk_;
};

}  // namespace pool
