#include "rpc/server_accounts.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "rpc/auth.h"
#include "rpc/server_answers.h"
#include "rpc/views.h"

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

constexpr std::size_t account_length_max = 128;  // the longest bech32m address is 90
constexpr std::uint32_t earnings_default = 50;
constexpr std::uint32_t earnings_max = 1000;
constexpr std::uint32_t workers_default = 100;
constexpr std::uint32_t workers_max = 1000;
constexpr std::string_view page_refusal = "limit is 1 to 1000, cursor is what next said";

/// Nothing but letters, digits and `others`?
bool is_made_of(std::string_view text, std::string_view others)
{
    return std::all_of(text.begin(), text.end(), [others](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != others.npos;
    });
}

/// Could it be an address or a registered name? What is neither is not asked for.
bool could_be_account(std::string_view text)
{
    return !text.empty() && text.size() <= account_length_max && is_made_of(text, "_-");
}

/// Could it be a worker's name, or none? Miners' names are made so when they authorise.
bool could_be_worker(std::string_view text)
{
    return text.size() <= worker_length_max && is_made_of(text, "._:+=@-");
}

/// One answer for a private account and for none: it depends on nothing but whether a token came.
HttpResponse token_needed(bool with_token)
{
    HttpResponse response = api_error(
        401, "token_needed",
        "this account is private, or there is none: its owner can give out a watcher link");
    std::string challenge = "Bearer realm=\"zubr\"";
    if (with_token) challenge += ", error=\"invalid_token\"";
    response.headers.emplace_back("WWW-Authenticate", challenge);
    return response;
}

HttpResponse scope_lacks(Need need)
{
    HttpResponse response = api_error(403, "scope_lacks", "this token does not show that");
    response.headers.emplace_back("WWW-Authenticate",
                                  "Bearer realm=\"zubr\", error=\"insufficient_scope\", scope=\"" +
                                      std::string{to_string(need)} + "\"");
    return response;
}

Shown shown_to(const Access& access)
{
    return access.ground == Access::Ground::everybody ? Shown::to_everybody : Shown::to_bearer;
}

AnswerCache::Take event_reply(std::string_view name, Respond respond)
{
    return [name, respond = std::move(respond)](const pool::Result<AnswerPtr>& answer) {
        if (!answer) return respond(api_error(answer.error()));
        respond(event_response(event_text(name, (*answer)->body)));
    };
}

}  // namespace

bool AccountEdge::guesses(const std::string& host)
{
    return !wrong_tokens_.allow(network_of(host), pool::read_clock().steady);
}

void AccountEdge::ask(const HttpRequest& request, std::string_view account, const std::string& host,
                      Question question, Respond respond)
{
    if (!could_be_account(account)) {
        return respond(api_error(404, "not_found", "this is no address and no account name"));
    }
    const std::string token{parse_bearer(request.header("authorization"))};
    view_.access(std::string{account}, token,
                 [this, alive = std::weak_ptr{life_}, with_token = !token.empty(),
                  asked = Asked{request, host}, question = std::move(question),
                  respond = std::move(respond)](const pool::Result<Access>& access) {
                     if (alive.expired()) return;
                     if (!access) return respond(api_error(access.error()));
                     const bool wrong = with_token && !access->token_good;
                     if (wrong && access->ground == Access::Ground::closed && guesses(asked.host)) {
                         return respond(too_many());
                     }
                     switch (judge(*access, question.need)) {
                         case Verdict::go:
                             return put(question, *access, asked, respond);
                         case Verdict::token_needed:
                             return respond(token_needed(with_token));
                         case Verdict::scope_lacks:
                             return respond(scope_lacks(question.need));
                     }
                 });
}

// Kept answers lie under all that they depend on, and are looked for only after the judgement.
void AccountEdge::put(const Question& question, const Access& access, const Asked& asked,
                      Respond respond)
{
    if (!question.refusal.empty()) {
        return respond(api_error(400, "bad_query", question.refusal));
    }
    std::string key{"account "};
    key.append(1, access.scopes.hashrate ? 'h' : '-');
    key.append(access.scopes.earnings ? "e " : "- ");
    key.append(access.account).append(question.key);  // a name of an account holds no space
    answers_.get(
        key, view_.generation(), asked.host,
        [&](AnswerCache::Take take) { question.put(access, std::move(take)); },
        question.event.empty() ? reply(asked, shown_to(access), std::move(respond))
                               : event_reply(question.event, std::move(respond)));
}

void AccountEdge::watch(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::string token{parse_bearer(request.header("authorization"))};
    if (token.empty()) return respond(token_needed(false));
    view_.pass(token, [this, alive = std::weak_ptr{life_}, host,
                       known_tag = std::string{request.header("if-none-match")},
                       respond = std::move(respond)](
                          const pool::Result<payouts::AccessSheet::Pass>& pass) {
        if (alive.expired()) return;
        if (pass) {
            return respond(api_ok(*name_answer(pass_json(*pass)), known_tag, Shown::to_bearer));
        }
        if (pass.error().code != pool::Error::Code::not_found) {
            return respond(api_error(pass.error()));
        }
        respond(guesses(host) ? too_many() : token_needed(true));
    });
}

void AccountEdge::user(const HttpRequest& request, const std::vector<std::string_view>& path,
                       const std::string& host, Respond respond)
{
    Question asked = question(request, path);
    if (asked.put == nullptr) {
        return respond(api_error(404, "not_found", "the API has no such path"));
    }
    ask(request, path[3], host, std::move(asked), std::move(respond));
}

void AccountEdge::rates(const HttpRequest& request, std::string_view account,
                        const std::string& host, const std::string& key, Put put, Respond respond)
{
    Question shown{Need::hashrate, " shim " + key};
    shown.put = std::move(put);
    ask(request, account, host, std::move(shown), std::move(respond));
}

AccountEdge::Question AccountEdge::question(const HttpRequest& request,
                                            const std::vector<std::string_view>& path)
{
    const bool listens = path.size() == 5 && path[4] == "events";
    if (path.size() == 4 || listens) {
        Question whole{Need::anything, " user"};
        if (listens) whole.event = "user";
        whole.put = [this](const Access& access, AnswerCache::Take take) {
            view_.user(
                access.account,
                rendered<UserInfo>(std::move(take), [scopes = access.scopes](const auto& user) {
                    return user_json(user, scopes);
                }));
        };
        return whole;
    }
    const std::string_view what = path[4];
    if (path.size() == 5 && what == "workers") return workers(request);
    if (path.size() == 5 && what == "history") return history(request, {});
    if (path.size() == 5 && what == "sites") return sites();
    if (path.size() == 5 && what == "earnings") return earnings(request);
    if (path.size() == 5 && what == "window") {
        Question window{Need::earnings, " window"};
        window.put = [this](const Access& access, AnswerCache::Take take) {
            view_.window(access.account, rendered<WindowInfo>(std::move(take), window_json));
        };
        return window;
    }
    if (path.size() == 5 && what == "payouts") return payouts(request);
    if (path.size() == 7 && what == "sites" && path[6] == "history") {
        if (!could_be_account(path[5])) return {};  // a site's name has no other characters
        return history(request, {.account = "", .site = std::string{path[5]}});
    }
    if (path.size() < 6 || what != "workers" || path[5].empty() ||
        path[5].size() > worker_length_max) {
        return {};
    }
    const std::string name{path[5]};
    if (path.size() == 7 && path[6] == "history") {
        return history(request, {.account = "", .worker = name});
    }
    if (path.size() > 6) return {};
    Question one{Need::hashrate, " worker " + name};
    one.put = [this, name](const Access& access, AnswerCache::Take take) {
        view_.worker(access.account, name,
                     rendered<WorkerInfo>(std::move(take), worker_detail_json));
    };
    return one;
}

AccountEdge::Question AccountEdge::workers(const HttpRequest& request)
{
    const auto limit = query_number(request, "limit", 1, workers_max, workers_default);
    const std::string after{query_text(request, "cursor")};
    Question question{Need::hashrate,
                      " workers " + std::to_string(limit.value_or(0)) + " " + after};
    if (!limit || !could_be_worker(after)) question.refusal = page_refusal;
    question.put = [this, limit = limit.value_or(0), after](const Access& access,
                                                            AnswerCache::Take take) {
        view_.user(access.account,
                   rendered<UserInfo>(std::move(take), [limit, after](const UserInfo& user) {
                       return workers_json(user, limit, after);
                   }));
    };
    return question;
}

AccountEdge::Question AccountEdge::history(const HttpRequest& request, HistoryQuestion of)
{
    const auto span =
        span_of(request, of.worker.empty() ? HistoryOf::pool_or_account : HistoryOf::worker);
    of.span = span.value_or(HistorySpan{});
    // No name holds a space: what stands between two is one of them, or none.
    Question question{Need::hashrate, " history " + std::to_string(of.span.hours) + " " +
                                          std::to_string(of.span.step_s) + " " + of.site + " " +
                                          of.worker};
    if (!span) question.refusal = history_span_refusal;
    question.put = [this, of = std::move(of)](const Access& access, AnswerCache::Take take) {
        HistoryQuestion asked = of;
        asked.account = access.account;
        view_.history(asked, rendered<HistoryInfo>(std::move(take), history_json));
    };
    return question;
}

AccountEdge::Question AccountEdge::sites()
{
    Question question{Need::hashrate, " sites"};
    question.put = [this](const Access& access, AnswerCache::Take take) {
        view_.sites(access.account,
                    rendered<std::vector<SiteInfo>>(
                        std::move(take), [](const auto& sites) { return sites_json(sites); }));
    };
    return question;
}

AccountEdge::Question AccountEdge::payouts(const HttpRequest& request)
{
    const auto limit = query_number(request, "limit", 1, earnings_max, earnings_default);
    const std::string_view text = query_text(request, "cursor");
    const auto after = parse_paid_cursor(text);
    Question question{Need::earnings, " payouts " + std::to_string(limit.value_or(0)) + " " +
                                          (after ? to_text(*after) : "")};
    if (!limit || (!after && !text.empty())) question.refusal = page_refusal;
    question.put = [this, limit = limit.value_or(0), after](const Access& access,
                                                            AnswerCache::Take take) {
        view_.payouts_of(
            access.account, limit, after,
            rendered<std::vector<PaidInfo>>(
                std::move(take), [limit](const auto& rows) { return paid_json(rows, limit); }));
    };
    return question;
}

AccountEdge::Question AccountEdge::earnings(const HttpRequest& request)
{
    const auto limit = query_number(request, "limit", 1, earnings_max, earnings_default);
    const std::string_view text = query_text(request, "cursor");
    const auto after = parse_block_cursor(text);
    Question question{Need::earnings, " earnings " + std::to_string(limit.value_or(0)) + " " +
                                          (after ? to_text(*after) : "")};
    if (!limit || (!after && !text.empty())) question.refusal = page_refusal;
    question.put = [this, limit = limit.value_or(0), after](const Access& access,
                                                            AnswerCache::Take take) {
        view_.earnings(
            access.account, limit, after,
            rendered<std::vector<EarningInfo>>(
                std::move(take), [limit](const auto& rows) { return earnings_json(rows, limit); }));
    };
    return question;
}

}  // namespace rpc
