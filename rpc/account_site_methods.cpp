// Farms' sites.
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
using pool::Result;

constexpr std::int64_t hours_max = 9'600;  // 400 days

Method setsite_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "setsite";
    method.roles = {Role::operating, Role::accountant};
    method.params = {
        account_param(),
        {.name = "prefix", .length_max = 64, .doc = "how the names of its workers begin"},
        {.name = "site", .length_max = 32, .doc = "1 to 32 of a-z 0-9 _ -; main: no site"},
        from_param()};
    method.doc =
        "Says at which site of a farm workers are, by how their names begin. The longest prefix "
        "wins; workers that none fits are at main. Sums are by site, money is by account.";
    method.result = "an object: from_slot, from";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0), prefix = arguments.text(1), site = arguments.text(2),
             from = from_of(arguments.optional_integer(3))](AccountBook& book, const Occasion& on) {
                return shown(book.set_site(account, prefix, site, from, on), slot_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method getsites_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "getsites";
    method.reads_only = true;
    method.params = {account_param(),
                     {.name = "hours",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{24},
                      .min = 1,
                      .max = hours_max,
                      .doc = "sums over the last so many"}};
    method.doc = "Tells what each site of a farm did, and which workers are where.";
    method.result =
        "an object: sites (site, shares, stale, work in hashes, score in 10^-18 blocks), rules "
        "(prefix, site, from_slot, from)";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0), hours = std::chrono::hours{arguments.integer(1)}](
                AccountBook& book, const Occasion& on) {
                return shown(book.sites(account, hours, on), sites_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

}  // namespace

void register_site_methods(Router& router, AccountControl& accounts)
{
    router.add(setsite_method(accounts));
    router.add(getsites_method(accounts));
}

}  // namespace rpc
