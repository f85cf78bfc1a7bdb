#include "pool/node/node_rpc.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "pool/base/json.h"
#include "pool/bitcoin/address.h"
#include "pool/node/gbt.h"
#include "pool/runtime/http_client.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds question_deadline{30'000};
constexpr milliseconds longpoll_deadline{300'000};  // the node answers after a minute or so
constexpr milliseconds submit_deadline{60'000};
constexpr JsonLimits answer_limits{
    .bytes_max = std::size_t{64} << 20, .depth_max = 16, .values_max = 4'000'000};
constexpr int block_not_found = -5;
constexpr int height_out_of_range = -8;
constexpr int warming_up = -28;
constexpr int downloading = -10;
constexpr int not_connected = -9;

struct RpcError {
    int code = 0;
    std::string message;
};

// The world failed (error), the node said no (rpc), or there is a result.
struct RpcAnswer {
    Result<JsonValue> result;
    RpcError rpc;
};

Error error_of(const std::string& node, const RpcError& rpc)
{
    const bool later =
        rpc.code == warming_up || rpc.code == downloading || rpc.code == not_connected;
    return {later ? Error::Code::unavailable : Error::Code::refused,
            "node " + node + " says: " + rpc.message};
}

std::string request_of(std::string_view method, std::string_view params_json)
{
    std::string body;
    JsonWriter writer{body};
    writer.begin_object().key("jsonrpc").string("1.0").key("id").string("zubr");
    writer.key("method").string(method).key("params").raw(params_json).end_object();
    return body;
}

SubmitAnswer submit_answer(const JsonValue& result)
{
    if (result.is_null()) return {SubmitOutcome::accepted, "", {}};
    const std::string reason{result.string().value_or("an answer that is no text")};
    if (reason == "duplicate") return {SubmitOutcome::duplicate, reason, {}};
    // Known and not yet judged: the chain will tell.
    if (reason == "inconclusive" || reason == "duplicate-inconclusive") {
        return {SubmitOutcome::inconclusive, reason, {}};
    }
    return {SubmitOutcome::rejected, reason, {}};
}

class NodeRpc final : public Node {
public:
    NodeRpc(Loop& loop, NodeOptions options)
        : options_(std::move(options)), questions_(loop), longpoll_(loop), blocks_(loop)
    {
    }

    const std::string& name() const override { return options_.name; }

    void chain_info(Done<ChainInfo> done) override
    {
        ask(questions_, "getblockchaininfo", "[]", question_deadline,
            [this, done = std::move(done)](RpcAnswer answer) {
                if (!answer.result) return done(fail(answer.result.error()));
                done(read_chain_info(*answer.result));
            });
    }

    void get_template(const std::string& longpoll_id, Done<TemplatePtr> done) override
    {
        std::string params;
        JsonWriter writer{params};
        writer.begin_array().begin_object();
        writer.key("rules").begin_array().string("segwit").string("signet").end_array();
        if (!longpoll_id.empty()) writer.key("longpollid").string(longpoll_id);
        writer.end_object().end_array();
        const bool waits = !longpoll_id.empty();
        ask(waits ? longpoll_ : questions_, "getblocktemplate", params,
            waits ? longpoll_deadline : question_deadline,
            [done = std::move(done)](RpcAnswer answer) {
                if (!answer.result) return done(fail(answer.result.error()));
                auto parsed = parse_template(*answer.result);
                if (!parsed) return done(fail(parsed.error()));
                done(std::make_shared<const BlockTemplate>(std::move(*parsed)));
            });
    }

    void submit(const Bytes& block, std::function<void(SubmitAnswer)> done) override
    {
        std::string params = "[\"";
        append_hex(params, block);
        params += "\"]";
        const auto begun = std::chrono::steady_clock::now();
        ask(blocks_, "submitblock", params, submit_deadline,
            [begun, done = std::move(done)](RpcAnswer answer) {
                SubmitAnswer out;
                if (answer.result) {
                    out = submit_answer(*answer.result);
                } else {
                    const bool said_no = answer.rpc.code != 0 && answer.rpc.code != warming_up;
                    out = {said_no ? SubmitOutcome::rejected : SubmitOutcome::unanswered,
                           answer.result.error().detail,
                           {}};
                }
                out.took = std::chrono::duration_cast<milliseconds>(
                    std::chrono::steady_clock::now() - begun);
                done(std::move(out));
            });
    }

    void sight(const BlockHash& hash, Height height, Done<Sighting> done) override
    {
        header(hash, [this, height, done = std::move(done)](Result<std::int64_t> confirmations) {
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
    using Answered = std::function<void(RpcAnswer)>;

    static Result<ChainInfo> read_chain_info(const JsonValue& result)
    {
        ChainInfo info;
        const auto chain = result.find("chain").string();
        const auto height = result.find("blocks").uint64();
        const auto tip = result.find("bestblockhash").string();
        const auto digest = tip ? digest_from_display_hex(*tip) : std::nullopt;
        if (!chain || !height || !digest) {
            return fail(Error::Code::invalid, "getblockchaininfo: an answer without chain or tip");
        }
        auto parsed = parse_chain(*chain);
        if (!parsed) return fail(parsed.error());
        info.chain = *parsed;
        info.height = {static_cast<std::uint32_t>(*height)};
        info.tip = BlockHash{*digest};
        info.initial_download = result.find("initialblockdownload").boolean().value_or(false);
        return info;
    }

    // Confirmations of a known header (-1: not in the chain), or not_found.
    void header(const BlockHash& hash, Done<std::int64_t> done)
    {
        ask(questions_, "getblockheader", "[\"" + to_display_hex(hash) + "\"]", question_deadline,
            [done = std::move(done)](RpcAnswer answer) {
                if (!answer.result) {
                    if (answer.rpc.code == block_not_found) {
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
        ask(questions_, "getblockhash", "[" + std::to_string(height.value) + "]", question_deadline,
            [this, done](RpcAnswer answer) {
                const auto none = Sighting{.place = Sighting::Place::beside};
                if (!answer.result) {
                    if (answer.rpc.code == height_out_of_range) return done(none);
                    return done(fail(answer.result.error()));
                }
                const auto text = answer.result->string();
                const auto digest = text ? digest_from_display_hex(*text) : std::nullopt;
                if (!digest) return done(fail(Error::Code::invalid, "getblockhash: no hash"));
                header(BlockHash{*digest}, [done, none](Result<std::int64_t> confirmations) {
                    if (!confirmations) return done(fail(confirmations.error()));
                    Sighting sighting = none;
                    if (*confirmations > 0) {
                        sighting.rival_confirmations = static_cast<std::uint32_t>(*confirmations);
                    }
                    done(sighting);
                });
            });
    }

    void ask(HttpClient& client, std::string_view method, std::string_view params,
             milliseconds deadline, Answered done)
    {
        send(client, request_of(method, params), deadline, true, std::move(done));
    }

    void send(HttpClient& client, std::string body, milliseconds deadline, bool may_reread,
              Answered done)
    {
        if (!options_.cookie_file.empty() && options_.user.empty()) read_cookie();
        HttpCall call{.url = options_.url,
                      .body = body,
                      .user = options_.user,
                      .password = options_.password,
                      .deadline = deadline};
        client.call(std::move(call), [this, &client, body = std::move(body), deadline, may_reread,
                                      done = std::move(done)](Result<HttpAnswer> answer) mutable {
            // A node that was restarted has written a new cookie.
            if (answer && answer->status == 401 && may_reread && !options_.cookie_file.empty()) {
                read_cookie();
                return send(client, std::move(body), deadline, false, std::move(done));
            }
            read_answer(std::move(answer), done);
        });
    }

    void read_answer(Result<HttpAnswer> answer, const Answered& done)
    {
        if (!answer) return done({fail(answer.error()), {}});
        if (answer->status == 401 || answer->status == 403) {
            return done(
                {fail(Error::Code::refused,
                      "node " + options_.name + " refused our user and password; check " +
                          (options_.cookie_file.empty() ? "user and password" : "cookie_file") +
                          " of [[node]]"),
                 {}});
        }
        auto parsed = json_.parse(answer->body, answer_limits);
        if (!parsed) {
            return done({fail(Error::Code::unavailable,
                              "node " + options_.name + " answered HTTP " +
                                  std::to_string(answer->status) + " without JSON"),
                         {}});
        }
        const JsonValue error = parsed->find("error");
        if (error.exists() && !error.is_null()) {
            RpcError rpc{static_cast<int>(error.find("code").int64().value_or(-1)),
                         std::string{error.find("message").string().value_or("no message")}};
            return done({fail(error_of(options_.name, rpc)), rpc});
        }
        done({parsed->find("result"), {}});
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

    NodeOptions options_;
    HttpClient questions_;
    HttpClient longpoll_;
    HttpClient blocks_;
    JsonDocument json_;
};

}  // namespace

std::unique_ptr<Node> make_node_rpc(Loop& loop, NodeOptions options)
{
    return std::make_unique<NodeRpc>(loop, std::move(options));
}

std::string_view to_string(SubmitOutcome outcome)
{
    switch (outcome) {
        case SubmitOutcome::accepted:
            return "accepted";
        case SubmitOutcome::duplicate:
            return "duplicate";
        case SubmitOutcome::inconclusive:
            return "inconclusive";
        case SubmitOutcome::rejected:
            return "rejected";
        case SubmitOutcome::unanswered:
            return "unanswered";
    }
    return "unanswered";
}

}  // namespace pool
