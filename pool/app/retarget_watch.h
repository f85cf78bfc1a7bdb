#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pool/base/json.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/node/node_rpc.h"
#include "pool/runtime/http_client.h"
#include "pool/runtime/loop.h"
#include "rpc/pool_view.h"

namespace pool {

/// When the network's difficulty changes next and by how much, for people. Asks a node, once a
/// period, when the present period began; miners' work knows nothing of it. Lives on the rpc loop.
class RetargetWatch {
public:
    RetargetWatch(Loop& loop, Chain chain, NodeOptions node);

    /// Nothing on a chain that never changes it (regtest). Its change is unknown until the node has
    /// answered, and in the period's first block.
    std::optional<rpc::Retarget> after(Height tip);

private:
    void ask_for(Height first);
    void call(std::string body, std::function<void(const JsonValue&)> done);

    Chain chain_;
    NodeOptions node_;
    HttpClient client_;
    JsonDocument json_;
    std::optional<Height> first_;  // of the period that began_ is of
    std::optional<UnixTime> began_;
    bool asking_ = false;
    SteadyTime asked_{};
};

}  // namespace pool
