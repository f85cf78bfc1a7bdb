#include "rpc/payout_methods.h"

#include <string>
#include <utility>

#include "pool/base/time.h"
#include "rpc/answers.h"
#include "rpc/payout_views.h"

namespace rpc {
namespace {

using payouts::Payouts;
using pool::fail;
using pool::Result;

constexpr std::size_t psbt_bytes_max = 250'000;

// Admins are left out of what makes or approves payments: who runs the server, and whoever can
// read the cookie on its disk, can do neither.
const RoleSet creators = RoleSet::only({Role::accountant});
const RoleSet approvers = RoleSet::only({Role::approver});
const RoleSet both = RoleSet::only({Role::accountant, Role::approver});

const std::string batch_result =
    "an object: payout, state, total_sat, digest, created_by, created_at, request_id, fee_payer, "
    "fee_max_sat, signs, trouble, anchor, items (account, address, script, amount_sat, "
    "fee_share_sat, recently_changed), approvals (admin, at), approvals_needed, transactions "
    "(attempt, purpose, txid, fee_sat, signed, place, depth), writeoffs (spent_by, asked_by, "
    "approved_by, place, depth), passed_over (account, "
    "available_sat, code, reason: why not, limit_sat and about: of the code)";

Param limit_param()
{
    return {.name = "limit",
            .type = ParamType::integer,
            .required = false,
            .default_value = std::int64_t{20},
            .min = 1,
            .max = 1000,
            .doc = "at most so many"};
}

Param payout_param()
{
    return {.name = "payout",
            .type = ParamType::integer,
            .min = 1,
            .doc = "its number, as listpayouts shows it"};
}

std::uint64_t number_in(const Arguments& arguments)
{
    return static_cast<std::uint64_t>(arguments.integer(0));
}

Method method_of(const char* name, RoleSet roles)
{
    Method method;
    method.group = "payouts";
    method.name = name;
    method.roles = roles;
    method.result = batch_result;
    return method;
}

Method createpayout_method(PayoutControl& control)
{
    Method method = method_of("createpayout", creators);
    method.params = {{.name = "dry_run",
                      .type = ParamType::boolean,
                      .required = false,
                      .default_value = false,
                      .doc = "only tell whom it would pay, and whom not and why"},
                     {.name = "request_id",
                      .required = false,
                      .length_max = 64,
                      .doc = "a name of your own, that does not begin with anew- or schedule-: "
                             "asked twice with it, there is one payout"}};
    method.doc =
        "Makes a draft that pays everybody who can be paid now, and reserves their money. It "
        "waits for an approval of somebody else.";
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        const pool::Now now = pool::read_clock();
        const std::string request = arguments.optional_text(1).value_or(
            std::to_string(now.wall.value) + "-" + caller.name.substr(0, 40));
        control.run(
            [who = caller.name, dry = arguments.boolean(0), request](Payouts& payouts) {
                return shown(payouts.create(request, who, dry, pool::read_clock()), batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method previewpayout_method(PayoutControl& control)
{
    Method method = method_of("previewpayout", books_roles);
    method.reads_only = true;
    method.doc = "Tells whom createpayout would pay now, and whom not and why. Makes nothing.";
    method.handler = [&control](const Caller& caller, const Arguments&, Reply reply) {
        control.run(
            [who = caller.name](Payouts& payouts) {
                const pool::Now now = pool::read_clock();
                const std::string request = "preview-" + std::to_string(now.wall.value);
                return shown(payouts.create(request, who, true, now), batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

constexpr std::uint32_t payouts_summed = 100;

Method getpayoutinfo_method(PayoutControl& control)
{
    Method method = method_of("getpayoutinfo", books_roles);
    method.reads_only = true;
    method.doc = "Sums up paying: whether it is stopped, what is under way, books and wallet.";
    method.result =
        "an object: hold (as stoppayouts gives), open and open_sat (of the newest hundred payouts, "
        "those that are neither confirmed nor cancelled), newest (as listpayouts gives; null: "
        "none), funds (as comparebooks gives)";
    method.handler = [&control](const Caller&, const Arguments&, Reply reply) {
        control.run(
            [](Payouts& payouts) -> Result<std::string> {
                const auto hold = payouts.hold();
                if (!hold) return fail(hold.error());
                const auto newest = payouts.list(payouts_summed);
                if (!newest) return fail(newest.error());
                const auto funds = payouts.compare();
                if (!funds) return fail(funds.error());
                return overview_json(*hold, *newest, *funds);
            },
            answer(std::move(reply)));
    };
    return method;
}

/// The same method under a name that admins of other pools look for.
Method renamed(Method method, const char* name)
{
    method.doc = "Another name of " + method.name + ". " + method.doc;
    method.name = name;
    return method;
}

Method listpayouts_method(PayoutControl& control)
{
    Method method = method_of("listpayouts", books_roles);
    method.reads_only = true;
    method.params = {limit_param()};
    method.doc = "Lists payouts, newest first.";
    method.result =
        "a list of objects: payout, state, total_sat, digest, created_by, created_at, request_id, "
        "fee_payer, fee_max_sat, signs, trouble";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run([limit = static_cast<std::uint32_t>(arguments.integer(0))](
                        Payouts& payouts) { return shown(payouts.list(limit), batches_json); },
                    answer(std::move(reply)));
    };
    return method;
}

Method getpayout_method(PayoutControl& control)
{
    Method method = method_of("getpayout", books_roles);
    method.reads_only = true;
    method.params = {payout_param()};
    method.doc =
        "Tells all about a payout. Items whose address was changed lately come first: look at them "
        "before you approve.";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run([id = number_in(arguments)](
                        Payouts& payouts) { return shown(payouts.get(id), batch_json); },
                    answer(std::move(reply)));
    };
    return method;
}

Method approvepayout_method(PayoutControl& control)
{
    Method method = method_of("approvepayout", approvers);
    method.params = {payout_param(),
                     {.name = "digest", .length_max = 64, .doc = "as getpayout shows it"}};
    method.doc =
        "Approves a payout with exactly these items. Whoever made it may not; a scheduled one "
        "needs two people.";
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name, id = number_in(arguments),
             digest = arguments.text(1)](Payouts& payouts) {
                return shown(payouts.approve(id, digest, who, pool::read_clock()), batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method exportpsbt_method(PayoutControl& control)
{
    Method method = method_of("exportpsbt", both);
    method.reads_only = true;
    method.params = {payout_param()};
    method.doc = "Gives the PSBT of a payout that waits for signatures from elsewhere.";
    method.result = "base64";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run([id = number_in(arguments)](
                        Payouts& payouts) { return shown(payouts.export_psbt(id), json_string); },
                    answer(std::move(reply)));
    };
    return method;
}

Method importpsbt_method(PayoutControl& control)
{
    Method method = method_of("importpsbt", both);
    method.params = {payout_param(),
                     {.name = "psbt",
                      .length_max = psbt_bytes_max,
                      .secret = true,
                      .doc = "the exported one, signed, as base64"}};
    method.doc =
        "Takes a signed PSBT. It must be the exported one but for its signatures: inputs, outputs "
        "and amounts are compared byte for byte.";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run(
            [id = number_in(arguments), psbt = arguments.text(1)](Payouts& payouts) {
                return shown(payouts.import_psbt(id, psbt), batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method bumppayout_method(PayoutControl& control)
{
    Method method = method_of("bumppayout", both);
    method.params = {payout_param(),
                     {.name = "fee_rate",
                      .type = ParamType::integer,
                      .min = 1,
                      .max = 100'000,
                      .doc = "satoshi a virtual byte, at most payouts.fee_rate_max"}};
    method.doc =
        "Replaces a payout's transaction that is not mined yet by one with a higher fee. It spends "
        "the same anchor, so that one of them is mined at most.";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run(
            [id = number_in(arguments), rate = static_cast<std::uint32_t>(arguments.integer(1))](
                Payouts& payouts) { return shown(payouts.bump(id, rate), batch_json); },
            answer(std::move(reply)));
    };
    return method;
}

Method cancelpayout_method(PayoutControl& control)
{
    Method method = method_of("cancelpayout", both);
    method.params = {payout_param()};
    method.doc =
        "Takes a payout back: at once before it has a transaction; later by spending its anchor "
        "to the pool, and the money returns when that is 6 blocks deep. If a payment is mined "
        "first, it is paid.";
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name, id = number_in(arguments)](Payouts& payouts) {
                return shown(payouts.cancel(id, who, pool::read_clock()), batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method writeoffpayout_method(PayoutControl& control)
{
    Method method = method_of("writeoffpayout", both);
    method.params = {payout_param(),
                     {.name = "txid",
                      .length_max = 64,
                      .doc = "of what has spent its anchor, six blocks deep or more"}};
    method.doc =
        "Ends a payout whose anchor was spent by none of its own transactions, when a second "
        "person says the same: what was reserved is available again, and payouts are held. Before "
        "they are released, book what that transaction has paid (bookcoins). Is it the payout's "
        "own "
        "with another signature (signed elsewhere from P2PKH coins, and sent by its signer), the "
        "same two words make it an attempt of the payout, which is settled by it.";
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name, id = number_in(arguments),
             txid = pool::digest_from_display_hex(arguments.text(1))](
                Payouts& payouts) -> Result<std::string> {
                if (!txid) {
                    return fail(pool::Error::Code::invalid, "txid has 64 hexadecimal digits");
                }
                return shown(payouts.write_off(id, pool::TxId{*txid}, who, pool::read_clock()),
                             batch_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

const std::string hold_result = "an object: stopped, by, reason, release_asked_by";

Method stoppayouts_method(PayoutControl& control)
{
    Method method = method_of("stoppayouts",
                              {Role::operating, Role::accountant, Role::approver, Role::auditor});
    method.params = {{.name = "reason",
                      .required = false,
                      .length_max = 64,
                      .prose = true,
                      .doc = "for those who must release them"}};
    method.doc =
        "Stops payouts: no draft is made and no payment made or sent until two people release "
        "them. "
        "Cancels go on, and a confirmed payment that leaves the chain is sent again. "
        "What is in the chain is still settled.";
    method.result = hold_result;
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name,
             reason = arguments.optional_text(0).value_or("")](Payouts& payouts) {
                return shown(payouts.stop(who, reason, pool::read_clock()), hold_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method releasepayouts_method(PayoutControl& control)
{
    Method method = method_of("releasepayouts", both);
    method.params = {{.name = "adopt_books",
                      .type = ParamType::boolean,
                      .required = false,
                      .default_value = false,
                      .doc = "true after a backup was restored: the books were compared with the "
                             "wallet, what had been paid since is booked, and they are right now"}};
    method.doc =
        "Asks to let payouts go on. They do when a second person asks the same; not while the "
        "wallet lacks what the books say (comparebooks: lacking_sat).";
    method.result = hold_result;
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name, adopt = arguments.boolean(0)](Payouts& payouts) {
                return shown(payouts.release(who, adopt, pool::read_clock()), hold_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method comparebooks_method(PayoutControl& control)
{
    Method method = method_of("comparebooks", books_roles);
    method.reads_only = true;
    method.doc =
        "Compares the books with the node's wallet. difference_sat is what the books say beyond "
        "what the wallet has: 0 when all coins come from the pool's blocks, or are booked "
        "(bookcoins). lacking_sat is what of it nothing on its way explains: payouts are stopped "
        "for it, unless the wallet has yet to see a block that the books count (block_not_seen).";
    method.result =
        "an object: difference_sat, lacking_sat, block_not_seen (empty: none), books_wallet_sat, "
        "books_immature_sat, blocks_not_booked_sat, blocks_orphaned_sat, in_flight_sat, "
        "own_change_sat (outputs of payments under way), wallet_sat, wallet_immature_sat, "
        "wallet_above_max";
    method.handler = [&control](const Caller&, const Arguments&, Reply reply) {
        control.run([](Payouts& payouts) { return shown(payouts.compare(), funds_json); },
                    answer(std::move(reply)));
    };
    return method;
}

const std::string coin_result =
    "an object: number, direction, whose, sat, reason, asked_by, asked_at, booked_by (empty: it "
    "waits for another person), request_id";

Method bookcoins_method(PayoutControl& control)
{
    Method method = method_of("bookcoins", creators);
    method.params = {
        {.name = "direction", .length_max = 3, .doc = "in (to the wallet), or out (of it)"},
        {.name = "sat",
         .type = ParamType::integer,
         .min = 1,
         .max = 2'100'000'000'000'000,
         .doc = "how much"},
        {.name = "whose",
         .length_max = 100,
         .doc = "the account that is owed it, or was paid; or pool:reserve, pool:fee, "
                "pool:donation, pool:network (out only: fees of the network)"},
        {.name = "reason",
         .length_max = 150,
         .prose = true,
         .doc = "for the approver: the transaction's id"},
        {.name = "request_id",
         .required = false,
         .length_max = 64,
         .doc = "a name of your own: asked twice with it, there is one entry"}};
    method.doc =
        "Asks to book coins that came into the wallet, or left it, without a block or a payout: a "
        "deposit, a withdrawal, a payment that a restored backup has forgotten. Nothing moves "
        "before an approver agrees (approvecoins).";
    method.result = coin_result;
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        const std::string& direction = arguments.text(0);
        const payouts::CoinWish wish{direction == "in", arguments.text(2),
                                     pool::Sats{arguments.integer(1)}, arguments.text(3),
                                     arguments.optional_text(4).value_or("")};
        control.run(
            [wish, good = direction == "in" || direction == "out",
             who = caller.name](Payouts& payouts) -> Result<std::string> {
                if (!good) return fail(pool::Error::Code::invalid, "direction is in or out");
                return shown(payouts.ask_coins(wish, who, pool::read_clock()), coin_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method approvecoins_method(PayoutControl& control)
{
    Method method = method_of("approvecoins", approvers);
    method.params = {
        {.name = "number", .type = ParamType::integer, .min = 1, .doc = "as listcoins shows it"}};
    method.doc = "Books what bookcoins asks for. Whoever asked may not.";
    method.result = coin_result;
    method.handler = [&control](const Caller& caller, const Arguments& arguments, Reply reply) {
        control.run(
            [who = caller.name, id = number_in(arguments)](Payouts& payouts) {
                return shown(payouts.approve_coins(id, who, pool::read_clock()), coin_json);
            },
            answer(std::move(reply)));
    };
    return method;
}

Method listcoins_method(PayoutControl& control)
{
    Method method = method_of("listcoins", books_roles);
    method.reads_only = true;
    method.params = {limit_param()};
    method.doc = "Lists what bookcoins has asked for, newest first.";
    method.result = "a list of objects as bookcoins gives";
    method.handler = [&control](const Caller&, const Arguments& arguments, Reply reply) {
        control.run([limit = static_cast<std::uint32_t>(arguments.integer(0))](
                        Payouts& payouts) { return shown(payouts.list_coins(limit), coins_json); },
                    answer(std::move(reply)));
    };
    return method;
}

}  // namespace

void register_payout_methods(Router& router, PayoutControl& payouts)
{
    router.add(createpayout_method(payouts));
    router.add(previewpayout_method(payouts));
    router.add(getpayoutinfo_method(payouts));
    router.add(listpayouts_method(payouts));
    router.add(getpayout_method(payouts));
    router.add(approvepayout_method(payouts));
    router.add(renamed(approvepayout_method(payouts), "runpayout"));
    router.add(exportpsbt_method(payouts));
    router.add(importpsbt_method(payouts));
    router.add(bumppayout_method(payouts));
    router.add(cancelpayout_method(payouts));
    router.add(writeoffpayout_method(payouts));
    router.add(stoppayouts_method(payouts));
    router.add(renamed(stoppayouts_method(payouts), "holdpayouts"));
    router.add(releasepayouts_method(payouts));
    router.add(comparebooks_method(payouts));
    router.add(bookcoins_method(payouts));
    router.add(approvecoins_method(payouts));
    router.add(listcoins_method(payouts));
}

}  // namespace rpc
