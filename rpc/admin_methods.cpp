#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/log.h"
#include "rpc/answers.h"
#include "rpc/methods.h"
#include "rpc/views.h"

namespace rpc {
namespace {

constexpr std::int64_t list_max = 1000;

Method help_method(const Router& router)
{
    Method method;
    method.group = "control";
    method.name = "help";
    method.reads_only = true;
    method.params = {{.name = "method",
                      .required = false,
                      .length_max = 64,
                      .doc = "the method to explain; all are listed without it"}};
    method.doc = "Lists the methods, or explains one.";
    method.result = "a text";
    method.handler = [&router](const Caller&, const Arguments& arguments, const Reply& reply) {
        const std::optional<std::string> name = arguments.optional_text(0);
        if (!name) return reply(json_string(router.help()));
        const std::optional<std::string> text = router.help(*name);
        if (text) return reply(json_string(*text));
        reply(tl::unexpected{RpcError{ErrorCode::invalid_value, router.unknown(*name)}});
    };
    return method;
}

Method uptime_method(PoolView& view)
{
    Method method;
    method.group = "control";
    method.name = "uptime";
    method.reads_only = true;
    method.doc = "Tells for how long the server has been running.";
    method.result = "seconds";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.pool_info(answer<PoolInfo>(
            std::move(reply), [](const PoolInfo& info) { return std::to_string(info.uptime_s); }));
    };
    return method;
}

Method getpoolinfo_method(PoolView& view)
{
    Method method;
    method.group = "control";
    method.name = "getpoolinfo";
    method.reads_only = true;
    method.doc =
        "Tells how the pool is doing. shares_accepted and credited_sat are what MySQL has "
        "booked; the other share counts are of this process.";
    method.result =
        "a flat object: chain, height, shares_accepted, blocks_found, blocks_mature, "
        "credited_sat, stratum_port, web_port, ready, state_* of each dependency, …";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.pool_info(answer<PoolInfo>(std::move(reply), admin_pool_json));
    };
    return method;
}

Method getrpcinfo_method(const Router& router)
{
    Method method;
    method.group = "control";
    method.name = "getrpcinfo";
    method.reads_only = true;
    method.doc = "Tells who you are to the server and what it has been asked since its start.";
    method.result =
        "an object: user, role, calls, errors, active (this call included), methods "
        "(those you may call)";
    method.handler = [&router](const Caller& caller, const Arguments&, const Reply& reply) {
        std::string out;
        pool::JsonWriter json{out};
        json.begin_object();
        json.key("user").string(caller.name).key("role").string(to_string(caller.role));
        json.key("calls").unsigned_integer(router.counts().calls);
        json.key("errors").unsigned_integer(router.counts().errors);
        json.key("active").unsigned_integer(router.counts().active);
        json.key("methods").begin_array();
        for (const auto& [name, entry] : router.methods()) {
            if (entry.roles.holds(caller.role)) json.string(name);
        }
        json.end_array().end_object();
        reply(std::move(out));
    };
    return method;
}

Method stop_method(PoolView& view)
{
    Method method;
    method.group = "control";
    method.name = "stop";
    method.roles = {Role::operating};
    method.doc =
        "Stops the server: no new connections, every share at hand is written, then the "
        "end.";
    method.result = "a text";
    method.handler = [&view](const Caller& caller, const Arguments&, const Reply& reply) {
        pool::log::info("stop_asked", {{"user", caller.name}});
        reply(json_string("Zubr stopping"));
        view.stop();
    };
    return method;
}

Method getuser_method(PoolView& view)
{
    Method method;
    method.group = "people";
    method.name = "getuser";
    method.reads_only = true;
    method.params = {{.name = "account",
                      .length_max = 128,
                      .doc = "a payout address or a registered account name"}};
    method.doc = "Tells an account's balances and how fast it is; listworkers tells its workers.";
    method.result =
        "an object: account, payout_address, immature_sat, available_sat, "
        "in_payout_sat, credited_sat, paid_sat (these six null for a viewer), shares, hashrate_1m "
        "to hashrate_7d, accepted, stale, rejected, best_share, worker_count";
    method.handler = [&view](const Caller& caller, const Arguments& arguments, Reply reply) {
        const std::string& name = arguments.text(0);
        // Where an account is paid and what it has is getaccount's and getledger's.
        const payouts::TokenScopes shown{.hashrate = true,
                                         .earnings = books_roles.holds(caller.role)};
        view.user(
            name, [name, shown, reply = std::move(reply)](const pool::Result<UserInfo>& user) {
                if (user) return reply(user_json(*user, shown));
                RpcError error = to_rpc_error(user.error());
                const std::size_t dot = name.find('.');
                if (error.code == ErrorCode::not_found && dot != std::string::npos) {
                    error.message +=
                        "; an account is named without the worker: getuser " + name.substr(0, dot);
                }
                reply(tl::unexpected{std::move(error)});
            });
    };
    return method;
}

Method createaccount_method(PoolView& view)
{
    Method method;
    method.group = "people";
    method.name = "createaccount";
    method.roles = {Role::operating, Role::accountant};
    method.params = {{.name = "name",
                      .length_max = 64,
                      .doc = "3 to 32 of a-z 0-9 _ -, and no address of this chain"},
                     {.name = "address",
                      .length_max = 128,
                      .doc = "where the account is paid to: an address of this chain"}};
    method.doc = "Registers an account by name. Miners then log in as name.worker.";
    method.result = "an object: account, payout_address";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.create_account(arguments.text(0), arguments.text(1),
                            answer<AccountInfo>(std::move(reply), account_json));
    };
    return method;
}

Param limit_param()
{
    return {.name = "limit",
            .type = ParamType::integer,
            .required = false,
            .default_value = std::int64_t{50},
            .min = 1,
            .max = list_max,
            .doc = "at most so many"};
}

Method listblocks_method(PoolView& view)
{
    Method method;
    method.group = "blocks";
    method.name = "listblocks";
    method.reads_only = true;
    method.params = {limit_param(),
                     {.name = "before_height",
                      .type = ParamType::integer,
                      .required = false,
                      .min = 0,
                      .max = UINT32_MAX,
                      .doc = "only blocks below this height"}};
    method.doc = "Lists the blocks that the pool has found, newest first.";
    method.result =
        "a list of objects: height, hash, state, found_at, finder, worker, coinbase_txid, "
        "reward_sat, "
        "subsidy_sat, fees_sat, confirmations, effort";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        std::optional<BlockCursor> before;
        if (const std::optional<std::int64_t> height = arguments.optional_integer(1)) {
            before = BlockCursor{pool::Height{static_cast<std::uint32_t>(*height)}, ""};
        }
        view.blocks(static_cast<std::uint32_t>(arguments.integer(0)), before,
                    answer<std::vector<BlockInfo>>(std::move(reply), blocks_json));
    };
    return method;
}

Method getblock_method(PoolView& view)
{
    Method method;
    method.group = "blocks";
    method.name = "getblock";
    method.reads_only = true;
    method.params = {{.name = "hash", .length_max = 64, .doc = "as listblocks has it"}};
    method.doc = "Tells what each node said to a block of ours, and after how many milliseconds.";
    method.result = "a list of objects: node, at_ms, outcome, reason, took_ms";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.block_answers(arguments.text(0), answer<std::vector<BlockAnswerInfo>>(
                                                  std::move(reply), block_answers_json));
    };
    return method;
}

Method getluck_method(PoolView& view)
{
    Method method;
    method.group = "blocks";
    method.name = "getluck";
    method.reads_only = true;
    method.doc =
        "Tells the luck of the last 10, 50 and 250 blocks: blocks found for blocks expected, by "
        "the work between them. Orphaned blocks count as found.";
    method.result = "an object: luck_10, luck_50, luck_250, blocks (how many there were)";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.blocks(250, std::nullopt, answer<std::vector<BlockInfo>>(std::move(reply), luck_json));
    };
    return method;
}

Method getroundinfo_method(PoolView& view)
{
    Method method;
    method.group = "shares";
    method.name = "getroundinfo";
    method.reads_only = true;
    method.doc = "Tells the work since our last block, in blocks that were to be expected of it.";
    method.result = "an object: effort (1: a block is due)";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.pool_info(answer<PoolInfo>(std::move(reply), [](const PoolInfo& info) {
            return "{\"effort\":" + number_json(info.round_effort) + "}";
        }));
    };
    return method;
}

Method getledger_method(PoolView& view)
{
    Method method;
    method.group = "money";
    method.name = "getledger";
    method.reads_only = true;
    method.roles = books_roles;
    method.params = {{.name = "account",
                      .required = false,
                      .length_max = 128,
                      .doc = "only transfers that touch this account"},
                     limit_param()};
    method.doc = "Lists the transfers in the books, newest first.";
    method.result = "a list of objects: id, at, event, debit, credit, account, amount_sat";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.ledger(static_cast<std::uint32_t>(arguments.integer(1)),
                    arguments.optional_text(0).value_or(""),
                    answer<std::vector<LedgerLine>>(std::move(reply), ledger_json));
    };
    return method;
}

Method retireproducer_method(PoolView& view)
{
    Method method;
    method.group = "money";
    method.name = "retireproducer";
    method.roles = {Role::operating};
    method.params = {{.name = "producer",
                      .length_max = 64,
                      .doc = "as getsharelog and the logs name it, e.g. b-0"}};
    method.doc =
        "Tells the books not to wait for a share producer that is gone for good, so that minutes "
        "are sealed at once again. Its next record brings it back.";
    method.result = "its name";
    method.handler = [&view](const Caller& caller, const Arguments& arguments, Reply reply) {
        pool::log::info("retire_asked", {{"user", caller.name}, {"producer", arguments.text(0)}});
        view.retire_producer(arguments.text(0), answer<std::string>(std::move(reply), json_string));
    };
    return method;
}

Method acceptgap_method(PoolView& view)
{
    Method method;
    method.group = "money";
    method.name = "acceptgap";
    method.roles = {Role::accountant};
    method.params = {
        {.name = "producer", .length_max = 64, .doc = "as the log names it, e.g. a-0"}};
    method.doc =
        "Gives up share records that are neither in Redis nor in a journal, so that the books of "
        "this producer go on: after a restore, for what was booked between the dump and the oldest "
        "record in the journal. Written down in share_gap.";
    method.result = "how many records were given up";
    method.handler = [&view](const Caller& caller, const Arguments& arguments, Reply reply) {
        view.accept_gap(arguments.text(0), caller.name,
                        answer<std::uint64_t>(std::move(reply), [](const std::uint64_t& records) {
                            return std::to_string(records);
                        }));
    };
    return method;
}

Method verifyledger_method(PoolView& view)
{
    Method method;
    method.group = "money";
    method.name = "verifyledger";
    method.reads_only = true;
    method.roles = books_roles;
    method.doc =
        "Makes the books again from shares, blocks and events, and compares. Takes minutes on a "
        "large pool.";
    method.result =
        "an object: good, difference (the first one, or empty), difference_sat (0 when it is good; "
        "of a difference that is no sum null), events, transfers, accounts, blocks, "
        "blocks_unproven (found before it was kept what proves that their coinbase is in them), "
        "heads_unknown (blocks that say the head of slots which a failover or a restore has lost), "
        "head_unknown_in (the first of them, or empty), "
        "slots, records_given_up (by acceptgap), adjustments (events that people made), paid_to "
        "(what coinbases of credited blocks pay, by address: these have to be the pool's own), "
        "head (of the chain of events)";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.verify_ledger(answer<LedgerVerdict>(std::move(reply), verdict_json));
    };
    return method;
}

}  // namespace

void register_admin_methods(Router& router, PoolView& view)
{
    router.add(help_method(router));
    router.add(uptime_method(view));
    router.add(getpoolinfo_method(view));
    router.add(getrpcinfo_method(router));
    router.add(stop_method(view));
    router.add(getuser_method(view));
    router.add(createaccount_method(view));
    router.add(listblocks_method(view));
    router.add(getblock_method(view));
    router.add(getluck_method(view));
    router.add(getroundinfo_method(view));
    router.add(getledger_method(view));
    router.add(verifyledger_method(view));
    router.add(retireproducer_method(view));
    router.add(acceptgap_method(view));
}

}  // namespace rpc
