#include "pool/node/node_rpc.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "pool/base/json.h"
#include "pool/node/gbt.h"
#include "pool/node/rpc_forms.h"
#include "pool/runtime/http_client.h"
#include "pool/runtime/task_thread.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds question_deadline{30'000};
// Of the look that is taken every second: a path that swallows everything is found out soon.
constexpr milliseconds look_deadline{10'000};
constexpr milliseconds wait_at_the_node{55'000};
constexpr milliseconds longpoll_deadline{75'000};
constexpr milliseconds submit_deadline{60'000};
constexpr JsonLimits answer_limits{
    .bytes_max = std::size_t{64} << 20, .depth_max = 16, .values_max = 4'000'000};
constexpr std::size_t parses_waiting_max = 8;

// The world failed (error), the node said no (rpc), or there is a result.
struct RpcAnswer {
    Result<JsonValue> result;
    RpcError rpc;
};

template <typename T>
std::function<void(RpcAnswer)> reads_as(Result<T> (*read)(const JsonValue&), Node::Done<T> done)
{
    return [read, done = std::move(done)](const RpcAnswer& answer) {
        if (!answer.result) return done(fail(answer.result.error()));
        done(read(*answer.result));
    };
}

class NodeRpc final : public Node {
public:
    NodeRpc(Loop& loop, NodeOptions options)
        : loop_(loop),
          options_(std::move(options)),
          role_(parse_node_role(options_.role).value_or(NodeRole::both)),
          questions_(loop),
          templates_(loop),
          longpoll_(loop),
          blocks_(loop),
          parser_(parses_waiting_max, {})
    {
        parser_.start();
    }
    ~NodeRpc() override { parser_.stop(); }
    NodeRpc(const NodeRpc&) = delete;
    NodeRpc& operator=(const NodeRpc&) = delete;

    const std::string& name() const override { return options_.name; }
    NodeRole role() const override { return role_; }
    const RpcTimes* times() const override { return &times_; }

    void chain_info(Done<ChainInfo> done) override
    {
        ask(questions_, RpcCall::getblockchaininfo, "[]", look_deadline,
            reads_as(read_chain_info, std::move(done)));
    }

    void wait_for_height(Height height, Done<Tip> done) override
    {
        const std::string params = "[" + std::to_string(height.value) + "," +
                                   std::to_string(wait_at_the_node.count()) + "]";
        ask(longpoll_, RpcCall::waitforblockheight, params, longpoll_deadline,
            reads_as(read_tip, std::move(done)));
    }

    void header(const BlockHash& hash, Done<TipHeader> done) override
    {
        ask(questions_, RpcCall::getblockheader, quoted(hash), question_deadline,
            [done = std::move(done)](const RpcAnswer& answer) {
                if (answer.rpc.code == rpc_code::block_not_found) {
                    return done(fail(Error::Code::not_found, "the node has no such block"));
                }
                if (!answer.result) return done(fail(answer.result.error()));
                done(read_tip_header(*answer.result));
            });
    }

    void get_template(Done<TemplatePtr> done) override
    {
        HttpCall call = call_of(rpc_request("getblocktemplate", template_params()));
        call.deadline = question_deadline;
        send(templates_, RpcCall::getblocktemplate, std::move(call),
             [this, done = std::move(done)](Result<HttpAnswer> answer) {
                 parse_elsewhere(std::move(answer), done);
             });
    }

    void propose(const Bytes& block, Done<std::string> done) override
    {
        ask(questions_, RpcCall::proposal, proposal_params(block), question_deadline,
            reads_as(read_proposal, std::move(done)));
    }

    void submit(const SubmitText& block, std::function<void(SubmitAnswer)> done) override
    {
        const auto begun = std::chrono::steady_clock::now();
        HttpCall call = call_of("");
        call.shared_body = block;
        call.deadline = submit_deadline;
        send(blocks_, RpcCall::submitblock, std::move(call),
             [this, begun, done = std::move(done)](Result<HttpAnswer> answer) {
                 SubmitAnswer out = judge(read_answer(json_, std::move(answer)));
                 out.took = std::chrono::duration_cast<milliseconds>(
                     std::chrono::steady_clock::now() - begun);
                 done(std::move(out));
             });
    }

    void prefer(const BlockHash& hash, Done<void> done) override
    {
        ask(blocks_, RpcCall::preciousblock, quoted(hash), question_deadline,
            [done = std::move(done)](const RpcAnswer& answer) {
                if (!answer.result) return done(fail(answer.result.error()));
                done({});
            });
    }

    // The node closes a connection that is silent for half a minute; this one must be open when a
    // block is found. "uptime" takes no lock in the node.
    void keep_warm() override
    {
        if (warming_) return;
        warming_ = true;
        ask(blocks_, RpcCall::uptime, "[]", question_deadline,
            [this](const RpcAnswer&) { warming_ = false; });
    }

    void sight(const BlockHash& hash, Height height, Done<Sighting> done) override
    {
        confirmations_of(hash, [this, height,
                                done = std::move(done)](Result<std::int64_t> confirmations) {
            if (!confirmations) {
                if (confirmations.error().code != Error::Code::not_found) {
                    return done(fail(confirmations.error()));
                }
                return done(Sighting{});
            }
            if (*confirmations >= 1) {
                return done(Sighting{.place = Sighting::Place::in_chain,
                                     .confirmations = static_cast<std::uint32_t>(*confirmations)});
            }
            sight_rival(height, done);
        });
    }

private:
    // Confirmations of a known header (-1: not in the chain), or not_found.
    void confirmations_of(const BlockHash& hash, Done<std::int64_t> done)
    {
        ask(questions_, RpcCall::getblockheader, quoted(hash), question_deadline,
            [done = std::move(done)](const RpcAnswer& answer) {
                if (!answer.result) {
                    if (answer.rpc.code == rpc_code::block_not_found) {
                        return done(fail(Error::Code::not_found, "the node has no such block"));
                    }
                    return done(fail(answer.result.error()));
                }
                const auto confirmations = answer.result->find("confirmations").int64();
                if (!confirmations) {
                    return done(fail(Error::Code::invalid, "getblockheader: no confirmations"));
                }
                done(*confirmations);
            });
    }

    // Our block is beside the chain: how deep is the one at its height?
    void sight_rival(Height height, const Done<Sighting>& done)
    {
        ask(questions_, RpcCall::getblockhash, "[" + std::to_string(height.value) + "]",
            question_deadline, [this, done](const RpcAnswer& answer) {
                const auto none = Sighting{.place = Sighting::Place::beside};
                if (!answer.result) {
                    if (answer.rpc.code == rpc_code::height_out_of_range) return done(none);
                    return done(fail(answer.result.error()));
                }
                const auto text = answer.result->string();
                const auto digest = text ? digest_from_display_hex(*text) : std::nullopt;
                if (!digest) return done(fail(Error::Code::invalid, "getblockhash: no hash"));
                confirmations_of(BlockHash{*digest}, [done,
                                                      none](Result<std::int64_t> confirmations) {
                    if (!confirmations) return done(fail(confirmations.error()));
                    Sighting sighting = none;
                    if (*confirmations > 0) {
                        sighting.rival_confirmations = static_cast<std::uint32_t>(*confirmations);
                    }
                    done(sighting);
                });
            });
    }

    static std::string quoted(const BlockHash& hash)
    {
        return "[\"" + to_display_hex(hash) + "\"]";
    }

    static SubmitAnswer judge(const RpcAnswer& answer)
    {
        if (answer.result) return read_submit_answer(*answer.result);
        return {outcome_of_error(answer.rpc.code), answer.result.error().detail, {}};
    }

    // Megabytes of JSON, thousands of transactions: milliseconds that a found block, or the next
    // tip, must not wait for.
    void parse_elsewhere(Result<HttpAnswer> answer, const Done<TemplatePtr>& done)
    {
        auto shared = std::make_shared<Result<HttpAnswer>>(std::move(answer));
        const bool taken = parser_.post([this, shared, done, arrived = read_clock().steady] {
            loop_.post([done, given = parse(std::move(*shared), arrived)] { done(given); });
        });
        if (!taken) done(fail(Error::Code::unavailable, "too many templates wait to be read"));
    }

    // On the parser's thread.
    Result<TemplatePtr> parse(Result<HttpAnswer> answer, SteadyTime arrived)
    {
        const RpcAnswer read = read_answer(template_json_, std::move(answer));
        if (!read.result) return fail(why_no_template(read));
        auto parsed = parse_template(*read.result);
        if (!parsed) return fail(parsed.error());
        parsed->arrived = arrived;
        return std::make_shared<const BlockTemplate>(std::move(*parsed));
    }

    // While it starts it answers nothing else either.
    static Error why_no_template(const RpcAnswer& answer)
    {
        Error error = answer.result.error();
        const bool answered = answer.rpc.code != 0 && answer.rpc.code != rpc_code::warming_up;
        if (answered) error.code = Error::Code::not_found;
        return error;
    }

    HttpCall call_of(std::string body)
    {
        HttpCall call;
        call.url = options_.url;
        call.body = std::move(body);
        return call;
    }

    void ask(HttpClient& client, RpcCall what, std::string_view params, milliseconds deadline,
             std::function<void(RpcAnswer)> done)
    {
        const RpcCall method = what == RpcCall::proposal ? RpcCall::getblocktemplate : what;
        HttpCall call = call_of(rpc_request(to_string(method), params));
        call.deadline = deadline;
        send(client, what, std::move(call),
             [this, done = std::move(done)](Result<HttpAnswer> answer) {
                 done(read_answer(json_, std::move(answer)));
             });
    }

    void send(HttpClient& client, RpcCall what, HttpCall call,
              std::function<void(Result<HttpAnswer>)> done)
    {
        const auto begun = std::chrono::steady_clock::now();
        send(client, std::move(call), true,
             [this, what, begun, done = std::move(done)](Result<HttpAnswer> answer) {
                 times_.of(what).add(std::chrono::steady_clock::now() - begun);
                 done(std::move(answer));
             });
    }

    void send(HttpClient& client, HttpCall call, bool may_reread,
              std::function<void(Result<HttpAnswer>)> done)
    {
        const bool by_cookie = !options_.cookie_file.empty();
        if (by_cookie && options_.user.empty()) read_cookie();
        call.user = options_.user;
        call.password = options_.password;
        HttpCall again = may_reread && by_cookie ? call : HttpCall{};
        client.call(std::move(call), [this, &client, again = std::move(again),
                                      done = std::move(done)](Result<HttpAnswer> answer) mutable {
            // A node that was restarted has written a new cookie.
            if (answer && answer->status == 401 && !again.url.empty()) {
                read_cookie();
                return send(client, std::move(again), false, std::move(done));
            }
            done(std::move(answer));
        });
    }

    RpcAnswer read_answer(JsonDocument& json, Result<HttpAnswer> answer) const
    {
        if (!answer) return {fail(answer.error()), {}};
        if (answer->status == 401 || answer->status == 403) {
            return {fail(Error::Code::refused,
                         "node " + options_.name + " refused our user and password; check " +
                             (options_.cookie_file.empty() ? "user and password" : "cookie_file") +
                             " of [[node]]"),
                    {}};
        }
        auto parsed = json.parse(answer->body, answer_limits);
        if (!parsed) {
            return {fail(Error::Code::unavailable, "node " + options_.name + " answered HTTP " +
                                                       std::to_string(answer->status) +
                                                       " without JSON"),
                    {}};
        }
        const JsonValue error = parsed->find("error");
        if (error.exists() && !error.is_null()) {
            RpcError rpc{static_cast<int>(error.find("code").int64().value_or(-1)),
                         std::string{error.find("message").string().value_or("no message")}};
            return {fail(error_of(options_.name, rpc)), rpc};
        }
        const JsonValue result = parsed->find("result");
        if (!result.exists()) {
            return {fail(Error::Code::unavailable, "node " + options_.name + " answered HTTP " +
                                                       std::to_string(answer->status) +
                                                       " without a result"),
                    {}};
        }
        return {result, {}};
    }
    void read_cookie()
    {
        std::ifstream file{options_.cookie_file};
        std::string line;
        std::getline(file, line);
        const auto colon = line.find(':');
        if (colon == std::string::npos) return;  // no cookie yet: the node will say 401
        options_.user = line.substr(0, colon);
        options_.password = line.substr(colon + 1);
    }

    Loop& loop_;
    NodeOptions options_;
    NodeRole role_;
    RpcTimes times_;
    HttpClient questions_;
    HttpClient templates_;
    HttpClient longpoll_;
    HttpClient blocks_;
    JsonDocument json_;
    JsonDocument template_json_;  // the parser's
    bool warming_ = false;
    TaskThread parser_;
};

}  // namespace

std::unique_ptr<Node> make_node_rpc(Loop& loop, NodeOptions options)
{
    return std::make_unique<NodeRpc>(loop, std::move(options));
}

}  // namespace pool
