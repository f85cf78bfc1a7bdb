// Who may see an account that is a name.
#include <chrono>
#include <string>
#include <utility>

#include "rpc/account_answers.h"
#include "rpc/account_methods.h"
#include "rpc/account_views.h"

namespace rpc {
namespace {

using payouts::AccountBook;
using payouts::Occasion;
using pool::fail;
using pool::Result;

constexpr std::int64_t days_max = 3650;

Method createtoken_method(AccountControl& accounts, const std::string& web_url)
{
    Method method;
    method.group = "people";
    method.name = "createtoken";
    method.roles = {Role::operating, Role::accountant};
    method.params = {account_param(),
                     {.name = "label",
                      .length_max = payouts::token_label_max,
                      .prose = true,
                      .doc = "for whom it is, for other people"},
                     {.name = "scopes",
                      .required = false,
                      .default_value = std::string{"hashrate"},
                      .length_max = 32,
                      .doc = "what it shows: hashrate, earnings or hashrate,earnings"},
                     {.name = "days",
                      .type = ParamType::integer,
                      .required = false,
                      .min = 1,
                      .max = days_max,
                      .doc = "until it expires; without it when it is revoked"}};
    method.doc =
        "Makes a token to read an account that is a name. The secret is shown this once: as a "
        "bearer token of the API, and in the watcher link `watch`, which begins with web.url; "
        "without one it begins with the address that zubrd listens at, as this machine sees it.";
    method.result = "an object: token, account, label, scopes, expires_at (or null), secret, watch";
    method.handler = [&accounts, web_url](const Caller& caller, const Arguments& arguments,
                                          Reply reply) {
        payouts::TokenWish wish;
        wish.label = arguments.text(1);
        const auto scopes = payouts::parse_scopes(arguments.text(2));
        if (!scopes) return reply(tl::unexpected{to_rpc_error(scopes.error())});
        wish.scopes = *scopes;
        if (const auto days = arguments.optional_integer(3)) {
            wish.good_for = std::chrono::hours{*days * 24};
        }
        accounts.run(
            caller.name,
            [account = arguments.text(0), wish = std::move(wish), web_url](
                AccountBook& book, const Occasion& on) -> Result<std::string> {
                const auto made = book.make_token(account, wish, on);
                if (!made) return fail(made.error());
                return new_token_json(account, *made, web_url);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method listtokens_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "listtokens";
    method.roles = books_roles;
    method.reads_only = true;
    method.params = {account_param()};
    method.doc = "Lists an account's tokens, the newest first, without their secrets.";
    method.result =
        "an array of objects: token, label, scopes, made_by, made_at, expires_at (or null), "
        "revoked_by, revoked_at (or null)";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0)](AccountBook& book, const Occasion&) {
                return shown(book.tokens(account), tokens_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method revoketoken_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "revoketoken";
    method.roles = {Role::operating, Role::accountant};
    method.params = {account_param(),
                     {.name = "token",
                      .type = ParamType::integer,
                      .min = 1,
                      .doc = "the number that listtokens shows"}};
    method.doc = "Ends a token. It shows nothing any more within two seconds, on all servers.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0), token = static_cast<std::uint64_t>(arguments.integer(1))](
                AccountBook& book, const Occasion& on) {
                return shown(book.revoke_token(account, token, on));
            },
            answer(std::move(reply)));
    };
    return method;
}

Method setvisibility_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "setvisibility";
    method.roles = {Role::operating, Role::accountant};
    method.params = {account_param(),
                     {.name = "public",
                      .type = ParamType::boolean,
                      .doc = "true: everybody may see it; false: bearers of its tokens"}};
    method.doc =
        "Says whether everybody may see an account that is a name, its balances and its blocks. "
        "Such accounts begin private.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0), is_public = arguments.boolean(1)](AccountBook& book,
                                                                            const Occasion&) {
                return shown(book.set_public(account, is_public));
            },
            answer(std::move(reply)));
    };
    return method;
}

}  // namespace

void register_token_methods(Router& router, AccountControl& accounts, const std::string& web_url)
{
    router.add(createtoken_method(accounts, web_url));
    router.add(listtokens_method(accounts));
    router.add(revoketoken_method(accounts));
    router.add(setvisibility_method(accounts));
}

}  // namespace rpc
