#include "pool/app/retarget_watch.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "pool/bitcoin/chain_rules.h"
#include "pool/node/rpc_forms.h"

namespace pool {
namespace {

constexpr std::chrono::seconds pause{30};
constexpr std::chrono::milliseconds patience{10'000};
constexpr JsonLimits answer_limits{
    .bytes_max = std::size_t{1} << 16, .depth_max = 8, .values_max = 200};

void take_cookie(NodeOptions& node)
{
    if (node.cookie_file.empty()) return;
    std::ifstream file{node.cookie_file};
    std::string line;
    std::getline(file, line);
    const auto colon = line.find(':');
    if (colon == std::string::npos) return;
    node.user = line.substr(0, colon);
    node.password = line.substr(colon + 1);
}

}  // namespace

RetargetWatch::RetargetWatch(Loop& loop, Chain chain, NodeOptions node)
    : chain_(chain), node_(std::move(node)), client_(loop)
{
}

std::optional<rpc::Retarget> RetargetWatch::after(Height tip)
{
    const auto period = period_of(chain_, tip);
    if (!period) return std::nullopt;
    rpc::Retarget out{period->next, std::nullopt};
    if (first_ != period->first) {
        ask_for(period->first);
    } else if (began_) {
        out.change = difficulty_change(*period, tip, *began_, read_clock().wall);
    }
    return out;
}

void RetargetWatch::ask_for(Height first)
{
    const SteadyTime now = read_clock().steady;
    if (asking_ || (asked_ != SteadyTime{} && now - asked_ < pause)) return;
    asking_ = true;
    asked_ = now;
    take_cookie(node_);  // a node that was restarted has another one
    call(rpc_request("getblockhash", "[" + std::to_string(first.value) + "]"),
         [this, first](const JsonValue& hash) {
             const auto text = hash.string();
             if (!text) return;
             asking_ = true;
             std::string params;
             JsonWriter{params}.begin_array().string(*text).end_array();
             call(rpc_request("getblockheader", params), [this, first](const JsonValue& header) {
                 const auto seconds = header.find("time").uint64();
                 if (!seconds) return;
                 first_ = first;
                 began_ = UnixTime{static_cast<std::uint32_t>(*seconds)};
             });
         });
}

// An answer that is none is asked for again: nothing but a figure on a page waits for it.
void RetargetWatch::call(std::string body, std::function<void(const JsonValue&)> done)
{
    HttpCall call;
    call.url = node_.url;
    call.user = node_.user;
    call.password = node_.password;
    call.body = std::move(body);
    call.deadline = patience;
    call.answer_max = answer_limits.bytes_max;
    client_.call(std::move(call), [this, done = std::move(done)](const Result<HttpAnswer>& answer) {
        asking_ = false;
        if (!answer || answer->status != 200) return;
        const auto parsed = json_.parse(answer->body, answer_limits);
        if (parsed) done(parsed->find("result"));
    });
}

}  // namespace pool
