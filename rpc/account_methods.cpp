#include "rpc/account_methods.h"

#include <string>
#include <utility>

#include "rpc/account_answers.h"
#include "rpc/account_views.h"
#include "rpc/auth.h"

namespace rpc {
namespace {

using payouts::AccountBook;
using payouts::Occasion;
using pool::Result;

constexpr std::size_t addresses_bytes_max = 4000;

Param addresses_param()
{
    return {.name = "addresses",
            .length_max = addresses_bytes_max,
            .doc = "ADDRESS, or ADDRESS:70,ADDRESS:30: per cent that sum to 100"};
}

Method getaccount_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "getaccount";
    method.roles = books_roles;
    method.reads_only = true;
    method.params = {account_param()};
    method.doc = "Tells where an account is paid and on what terms, and the change under way.";
    method.result =
        "an object: account, addresses (address, parts of 10000), change (or null: change, state, "
        "proof, addresses, asked_by, asked_at, approvers, holds_from), minimum_payout_sat, "
        "fee_bps, "
        "fee_changes, donation_bps, donation_changes, held, hold_reason, held_by";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [name = arguments.text(0)](AccountBook& book, const Occasion& on) {
                return shown(book.sheet(name, on), sheet_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method getaddressmessage_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "getaddressmessage";
    method.roles = books_roles;
    method.reads_only = true;
    method.params = {account_param(), addresses_param()};
    method.doc =
        "Gives the message that an account's owner signs to be paid elsewhere. It is good for 144 "
        "blocks, once. P2PKH signs in the old format, segwit and taproot keys as BIP 322 simple.";
    method.result =
        "an object: message, signer (the address whose key signs), checkable (false: approvals "
        "only), height";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [name = arguments.text(0), addresses = arguments.text(1)](AccountBook& book,
                                                                      const Occasion& on) {
                return shown(book.question(name, addresses, on), question_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method setpayoutaddress_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "setpayoutaddress";
    method.roles = {Role::operating, Role::accountant};
    method.params = {account_param(),
                     addresses_param(),
                     {.name = "height",
                      .type = ParamType::integer,
                      .required = false,
                      .min = 0,
                      .max = UINT32_MAX,
                      .doc = "that stands in the signed message"},
                     {.name = "signature",
                      .required = false,
                      .length_max = 256,
                      .doc = "of the message that getaddressmessage gave, base64"}};
    method.doc =
        "Asks that an account be paid elsewhere. With a signature the lock begins at once, without "
        "one when two approvers have said yes. Nothing is paid to the account until the change "
        "holds or is cancelled.";
    method.result = "the change, as getaccount shows it";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        payouts::AddressWish wish;
        wish.account = arguments.text(0);
        wish.addresses = arguments.text(1);
        const auto height = arguments.optional_integer(2);
        wish.signature = arguments.optional_text(3).value_or("");
        if (height.has_value() == wish.signature.empty()) {
            return reply(tl::unexpected{RpcError{
                ErrorCode::invalid_params, "height and signature come together or not at all"}});
        }
        wish.height = pool::Height{static_cast<std::uint32_t>(height.value_or(0))};
        accounts.run(
            caller.name,
            [wish = std::move(wish)](AccountBook& book, const Occasion& on) {
                return shown(book.ask(wish, on), change_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method approvepayoutaddress_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "approvepayoutaddress";
    method.roles = {Role::approver};
    method.params = {account_param(),
                     {.name = "change",
                      .type = ParamType::integer,
                      .min = 1,
                      .doc = "the number that getaccount shows: you approve those addresses"}};
    method.doc =
        "Says yes to a change of addresses that came without a signature. The second approver "
        "begins its lock; whoever asked for it may not, nor may admins or the cookie.";
    method.result = "the change, as getaccount shows it";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        if (!may_approve(caller)) {
            return reply(tl::unexpected{
                RpcError{ErrorCode::forbidden, "only the role approver may approve"}});
        }
        accounts.run(
            caller.name,
            [name = arguments.text(0), id = static_cast<std::uint64_t>(arguments.integer(1))](
                AccountBook& book, const Occasion& on) {
                return shown(book.approve(name, id, on), change_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method cancelpayoutaddress_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "cancelpayoutaddress";
    method.roles = {Role::operating, Role::accountant, Role::approver};
    method.params = {account_param()};
    method.doc = "Gives a change of addresses up that does not hold yet.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [name = arguments.text(0)](AccountBook& book, const Occasion& on) {
                return shown(book.cancel(name, on));
            },
            answer(std::move(reply)));
    };
    return method;
}

Method setminimumpayout_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "setminimumpayout";
    method.roles = {Role::operating, Role::accountant};
    method.params = {account_param(),
                     {.name = "satoshi",
                      .type = ParamType::integer,
                      .required = false,
                      .min = 1,
                      .doc = "at least 10000; without it the pool's minimum holds again"}};
    method.doc = "Sets from which balance on an account is paid.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        std::optional<pool::Sats> minimum;
        if (const auto given = arguments.optional_integer(1)) minimum = pool::Sats{*given};
        accounts.run(
            caller.name,
            [name = arguments.text(0), minimum](AccountBook& book, const Occasion&) {
                return shown(book.set_minimum(name, minimum));
            },
            answer(std::move(reply)));
    };
    return method;
}

Method holdaccount_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "holdaccount";
    method.roles = {Role::operating, Role::accountant, Role::approver};
    method.params = {
        account_param(),
        {.name = "reason", .length_max = 190, .prose = true, .doc = "why, for other people"}};
    method.doc = "Keeps payouts from an account. It goes on mining and being credited.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [name = arguments.text(0), reason = arguments.text(1)](AccountBook& book,
                                                                   const Occasion& on) {
                return shown(book.hold(name, reason, on));
            },
            answer(std::move(reply)));
    };
    return method;
}

Method releaseaccount_method(AccountControl& accounts)
{
    Method method;
    method.group = "people";
    method.name = "releaseaccount";
    method.roles = {Role::accountant, Role::approver};
    method.params = {account_param()};
    method.doc = "Lifts the hold of an account.";
    method.result = "null";
    method.handler = [&accounts](const Caller& caller, const Arguments& arguments, Reply reply) {
        accounts.run(
            caller.name,
            [name = arguments.text(0)](AccountBook& book, const Occasion&) {
                return shown(book.release(name));
            },
            answer(std::move(reply)));
    };
    return method;
}

}  // namespace

bool may_approve(const Caller& caller)
{
    return caller.role == Role::approver && caller.name != cookie_user;
}

void register_account_methods(Router& router, AccountControl& accounts)
{
    router.add(getaccount_method(accounts));
    router.add(getaddressmessage_method(accounts));
    router.add(setpayoutaddress_method(accounts));
    router.add(approvepayoutaddress_method(accounts));
    router.add(cancelpayoutaddress_method(accounts));
    router.add(setminimumpayout_method(accounts));
    router.add(holdaccount_method(accounts));
    router.add(releaseaccount_method(accounts));
}

}  // namespace rpc
