// Fees, donations and N: terms that are announced.
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

constexpr std::int64_t bps_whole = 10'000;
constexpr std::int64_t usual_again = -1;

Method getterms_method(AccountControl& accounts)
{
    Method method;
    method.group = "money";
    method.name = "getterms";
    method.reads_only = true;
    method.doc = "Tells the pool's fee and window, now, before and as announced.";
    method.result =
        "an object: fee_bps, fee_begun_bps, fee_changes (from_slot, from, bps, set_by), window, "
        "window_begun, window_changes (from_slot, from, n, set_by)";
    method.handler = [&accounts](const Caller& caller, const Arguments&, Reply reply) {
        accounts.run(
            caller.name,
            [](AccountBook& book, const Occasion& on) { return shown(book.terms(on), terms_json); },
            answer(std::move(reply)));
    };
    return method;
}

Method setfee_method(AccountControl& accounts)
{
    Method method;
    method.group = "money";
    method.name = "setfee";
    method.roles = {Role::accountant};
    method.params = {{.name = "bps",
                      .type = ParamType::integer,
                      .min = usual_again,
                      .max = bps_whole,
                      .doc = "hundredths of a per cent; -1: the usual one again"},
                     {.name = "account",
                      .required = false,
                      .length_max = 128,
                      .doc = "of this one only; without it of all that have none of their own"},
                     from_param()};
    method.doc =
        "Announces a fee, of blocks found from a time on. A higher one is announced "
        "accounts.notice_hours ahead, a lower one may hold from the next minute on.";
    method.result = "an object: from_slot, from";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        const std::int64_t given = arguments.integer(0);
        const auto account = arguments.optional_text(1);
        if (given == usual_again && !account) {
            return reply(tl::unexpected{RpcError{ErrorCode::invalid_params,
                                                 "-1 is for one account: there must be a usual "
                                                 "fee"}});
        }
        std::optional<unsigned> bps;
        if (given != usual_again) bps = static_cast<unsigned>(given);
        accounts.run(
            caller.name,
            [account, bps, from = from_of(arguments.optional_integer(2))](AccountBook& book,
                                                                          const Occasion& on) {
                return shown(account ? book.set_fee(*account, bps, from, on)
                                     : book.set_usual_fee(bps.value_or(0), from, on),
                             slot_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method setdonation_method(AccountControl& accounts)
{
    Method method;
    method.group = "money";
    method.name = "setdonation";
    // It takes from an account: no single person may, nor whoever can read the cookie.
    method.roles = RoleSet::only({Role::accountant, Role::approver});
    method.params = {
        account_param(),
        {.name = "bps",
         .type = ParamType::integer,
         .min = 0,
         .max = bps_whole,
         .doc = "hundredths of a per cent of what it earns; with the fee at most the whole"},
        from_param()};
    method.doc =
        "Sets what part of its income an account gives away, of blocks found from then on. More "
        "than before is announced as a higher fee is, once two people have asked for the same "
        "within a day.";
    method.result = "an object: from_slot, from; or waits_for_another_person: true";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [account = arguments.text(0), bps = static_cast<unsigned>(arguments.integer(1)),
             from = from_of(arguments.optional_integer(2))](AccountBook& book, const Occasion& on) {
                const auto slot = book.set_donation(account, bps, from, on);
                if (!slot) return Result<std::string>{fail(slot.error())};
                const std::optional<std::uint64_t>& booked = *slot;
                return Result<std::string>{booked ? slot_json(*booked) : waiting_json()};
            },
            answer(std::move(reply)));
    };
    return method;
}

Method setwindow_method(AccountControl& accounts)
{
    Method method;
    method.group = "money";
    method.name = "setwindow";
    method.roles = {Role::accountant};
    method.params = {
        {.name = "n", .length_max = 16, .doc = "0.001 to 1000, at most three decimals"},
        from_param()};
    method.doc =
        "Announces another N, the window in network difficulties. A smaller one holds at once from "
        "then on, a larger one is grown into; docs/money.md tells who gains and who loses.";
    method.result = "an object: from_slot, from";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        const auto size = payouts::parse_window(arguments.text(0));
        if (!size) return reply(tl::unexpected{to_rpc_error(size.error())});
        accounts.run(
            caller.name,
            [size = *size, from = from_of(arguments.optional_integer(1))](AccountBook& book,
                                                                          const Occasion& on) {
                return shown(book.set_window(size, from, on), slot_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

}  // namespace

void register_terms_methods(Router& router, AccountControl& accounts)
{
    router.add(getterms_method(accounts));
    router.add(setfee_method(accounts));
    router.add(setdonation_method(accounts));
    router.add(setwindow_method(accounts));
}

}  // namespace rpc
