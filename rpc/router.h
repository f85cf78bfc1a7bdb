#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "rpc/audit.h"
#include "rpc/method.h"
#include "rpc/roles.h"

namespace rpc {

/// JSON-RPC 2.0 over one table of methods: the request's text in, the reply's text out. `help`
/// comes from the table. Pure but for what the methods do; one thread.
class Router {
public:
    static constexpr std::size_t batch_max = 50;
    /// Of a batch: where its replies are so long together, its other calls are not begun; each is
    /// answered with an error.
    static constexpr std::size_t replies_bytes_max = std::size_t{32} << 20;
    static constexpr std::size_t request_bytes_max = std::size_t{256} << 10;
    static constexpr std::size_t depth_max = 16;
    static constexpr std::size_t values_max = 4096;  ///< of a whole request, nested ones included

    struct Counts {
        std::uint64_t calls = 0;
        std::uint64_t errors = 0;
        std::uint64_t active = 0;  ///< begun and not answered yet
    };

    Router() = default;
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    /// A second method of the same name is a bug.
    void add(Method method);
    /// Calls go by `auditor` from now on; it outlives the router.
    void audit_by(Auditor& auditor) { auditor_ = &auditor; }

    /// Between two calls of a batch all else has its turn: `later` runs what it is given once that
    /// is done, on this thread, and not after the router's end. Without it a batch runs through.
    void take_turns_by(std::function<void(std::function<void()>)> later)
    {
        later_ = std::move(later);
    }

    /// Runs one request or a batch; the calls of a batch one after the other, in order.
    /// `done` gets the reply exactly once, during the call or later; nothing when all calls were
    /// notifications. The router must outlive the call, the request's text need not.
    void call(std::string_view request, const Caller& caller,
              std::function<void(std::optional<std::string>)> done);

    /// All methods by group, or everything about one; nothing for an unknown name.
    std::string help() const;
    std::optional<std::string> help(std::string_view name) const;
    /// Of a method that is not there: says so, and which one may be meant.
    std::string unknown(std::string_view name) const;

    const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }
    const Counts& counts() const { return counts_; }

private:
    struct Call;
    struct Batch;
    Call read_call(const pool::JsonValue& value) const;
    void start(Call& call, const Caller& caller, Reply reply);
    void pump(const std::shared_ptr<Batch>& batch);

    std::map<std::string, Method, std::less<>> methods_;
    Counts counts_;
    Auditor* auditor_ = nullptr;
    std::function<void(std::function<void()>)> later_;
    pool::JsonDocument document_;
};

}  // namespace rpc
