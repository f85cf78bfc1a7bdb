#include "pool/app/view.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "payouts/mysql_account_books.h"
#include "pool/app/readiness.h"
#include "pool/app/view_metrics.h"
#include "pool/app/work_control.h"
#include "pool/base/bytes.h"
#include "pool/bitcoin/chain_rules.h"
#include "pool/bitcoin/target.h"

namespace pool {
namespace {

constexpr std::size_t questions_max = 1024;
constexpr std::size_t audits_max = 1;
constexpr RememberedTimes totals_times{.fresh_for = std::chrono::milliseconds{500},
                                       .patience = std::chrono::milliseconds{1500},
                                       .kept_for = std::chrono::seconds{60}};
constexpr std::chrono::seconds look_every{30};  // for blocks that are missing
constexpr std::chrono::minutes earlier_every{2};

rpc::UserInfo user_info(const payouts::AccountBooks& books, const Live::StatePtr& state)
{
    rpc::UserInfo info;
    info.account = books.name;
    info.payout_address = books.payout_address;
    info.immature = books.immature;
    info.available = books.available;
    info.in_payout = books.in_payout;
    info.credited = books.credited;
    info.paid = books.paid;
    info.shares = books.shares;
    const auto live = state->by_account.find(books.name);
    if (live == state->by_account.end()) return info;
    info.rates = live->second.rates;
    info.accepted = live->second.accepted;
    info.stale = live->second.stale;
    info.rejected = live->second.rejected;
    info.best_share = live->second.best_share;
    info.workers = {state, &live->second.workers};  // holds the state, copies nothing
    return info;
}

/// Of a score: how many blocks it was expected to find.
double blocks_in(U128 score) { return static_cast<double>(score) / 1e18; }

rpc::BlockInfo block_info(const payouts::BlockRow& row, Chain chain)
{
    return {.height = row.height,
            .hash = to_display_hex(row.hash),
            .state = std::string{payouts::to_string(row.state)},
            .found_at = row.found_at,
            .finder = row.finder,
            .worker = row.worker,
            .coinbase = row.coinbase ? to_display_hex(*row.coinbase) : std::string{},
            .reward = row.reward,
            .subsidy = std::min(subsidy_of(chain, row.height), row.reward),
            .confirmations = row.confirmations,
            .epoch = row.epoch,
            .effort = row.effort ? std::optional{blocks_in(*row.effort)} : std::nullopt};
}

std::vector<rpc::LoopInfo> loop_infos(const LoopLag& lag, const LiveState& state)
{
    std::vector<rpc::LoopInfo> out;
    for (const LoopLag::Reading& reading : lag.readings()) {
        rpc::LoopInfo info;
        info.name = reading.name;
        info.lag_s = reading.last_s;
        info.lag_worst_s = reading.worst_s;
        for (const LoopStatus& loop : state.loops) {
            if (loop.producer != reading.name) continue;
            info.stratum = true;
            info.connections = loop.connections;
            info.backlog = loop.backlog;
            info.redis_ok = loop.redis_ok;
            info.journal_ok = loop.journal_ok;
        }
        out.push_back(std::move(info));
    }
    return out;
}

void put_bans(std::vector<stratum::Gate::Ban> bans, rpc::OperatorInfo& to)
{
    to.bans = bans.size();
    const std::size_t shown = std::min(bans.size(), rpc::OperatorInfo::banned_shown);
    std::partial_sort(bans.begin(), bans.begin() + static_cast<std::ptrdiff_t>(shown), bans.end(),
                      [](const auto& a, const auto& b) { return a.left > b.left; });
    for (std::size_t i = 0; i < shown; ++i) {
        to.banned.push_back({std::move(bans[i].network), bans[i].left});
    }
}

TimesSum redis_times(const std::vector<StratumLoop*>& loops)
{
    TimesSum sum;
    for (const StratumLoop* loop : loops) sum.add(TimesSum::of(loop->redis_times()));
    return sum;
}

rpc::LedgerLine ledger_line(const payouts::LedgerRow& row)
{
    return {.id = row.id,
            .event = row.key,
            .at = row.at,
            .debit = row.debit,
            .credit = row.credit,
            .account = row.account,
            .amount = row.amount};
}

}  // namespace

View::View(Parts parts, Identity identity)
    : parts_(std::move(parts)),
      past_(parts_.rpc_loop, std::move(parts_.history)),
      identity_(std::move(identity)),
      access_(identity_.chain,
              [this](std::optional<std::uint64_t> known,
                     Done<std::optional<payouts::AccessSheet>> done) {
                  ask<std::optional<payouts::AccessSheet>>(
                      [known](payouts::Queries& queries) {
                          return queries.access(known, read_clock().wall);
                      },
                      std::move(done));
              }),
      lookup_(payouts::accounts_together,
              [this](std::vector<std::string> names, Done<AccountLookup::Books> done) {
                  ask<AccountLookup::Books>(
                      [names = std::move(names)](payouts::Queries& queries) {
                          return queries.accounts(names);
                      },
                      std::move(done));
              }),
      totals_(parts_.rpc_loop, totals_times,
              [this](Done<payouts::Totals> done) {
                  ask<payouts::Totals>([](payouts::Queries& queries) { return queries.totals(); },
                                       std::move(done));
              }),
      withholding_(parts_.withheld_blocks),
      looking_(parts_.rpc_loop.every(look_every, [this] { look_for_missing_blocks(); })),
      remembering_(parts_.rpc_loop.every(earlier_every, [this] { remember_workers(); })),
      questions_(questions_max, {}),
      audits_(audits_max, {})
{
    questions_.start();
    audits_.start();
    remember_workers();
}

View::~View()
{
    questions_.stop();
    audits_.stop();
}

void View::set_books(const BooksStatus& status)
{
    // What a new minute changes waits for each answer's life to end: dropped all at once, the
    // answers of ten thousand accounts would be made anew in one moment.
    books_status_ = status;
}

template <typename T>
void View::ask(std::function<Result<T>(payouts::Queries&)> question, Done<T> done)
{
    const auto reply = std::make_shared<Done<T>>(std::move(done));
    const bool posted = questions_.post([this, question = std::move(question), reply] {
        auto answer = std::make_shared<Result<T>>(question(*parts_.queries));
        parts_.rpc_loop.post([reply, answer] { (*reply)(std::move(*answer)); });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "too many questions at once; try again"));
}

void View::remember_workers()
{
    past_.workers([this](Result<std::vector<payouts::PastWorker>> workers) {
        if (workers) parts_.live.set_earlier(std::move(*workers));
    });
}

void View::look_for_missing_blocks()
{
    redis_times_.turn(redis_times(parts_.loops));
    mysql_times_.turn(TimesSum::of(parts_.books.step_times()));
    using Lucks = std::vector<payouts::AccountLuck>;
    using Blocks = std::vector<payouts::UnpublishedBlock>;
    ask<Blocks>([](payouts::Queries& queries) { return queries.unpublished(read_clock().wall); },
                [this](const Result<Blocks>& rows) {
                    if (rows) unpublished_.look(*rows);
                });
    ask<Lucks>([](payouts::Queries& queries) { return queries.lucks(); },
               [this](const Result<Lucks>& rows) {
                   if (rows) withholding_.look(*rows);
               });
}

rpc::Readiness View::readiness_now(const LiveState& state) const
{
    return readiness_of(state, books_status_, read_clock());
}

rpc::PoolInfo View::info_of(const LiveState& state, const payouts::Totals& totals) const
{
    rpc::PoolInfo info;
    info.version = identity_.version;
    info.chain = std::string{to_string(identity_.chain)};
    info.uptime_s = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(read_clock().steady - identity_.started)
            .count());
    info.height = state.work.height;
    if (state.work.template_age_ms >= 0) {
        info.tip = to_display_hex(state.work.tip);
        info.network_difficulty = difficulty_number(state.work.network_target);
        info.retarget = parts_.retarget.after(state.work.height);
        info.template_age_ms = static_cast<std::uint64_t>(state.work.template_age_ms);
    }
    info.connections = state.connections;
    info.workers = state.workers;
    info.users = state.users;
    info.rates = state.rates;
    add_share_counts(parts_.loops, info);
    info.shares_accepted = totals.shares;
    info.share_backlog = state.backlog;
    info.books_lag_ms = books_lag_ms(state, books_status_, read_clock());
    info.blocks_found = totals.blocks_found;
    info.blocks_immature = totals.blocks_immature;
    info.blocks_mature = totals.blocks_mature;
    info.blocks_orphaned = totals.blocks_orphaned;
    info.blocks_rejected = totals.blocks_rejected;
    info.round_effort = blocks_in(totals.round_score);
    info.credited = totals.credited;
    info.books_known = totals_.known();
    info.stratum_port = identity_.stratum_port;
    info.tls = identity_.tls;
    info.v2_authority = identity_.v2_authority;
    info.web_port = identity_.web_port;
    info.readiness = readiness_now(state);
    return info;
}

void View::pool_info(Done<rpc::PoolInfo> done)
{
    parts_.live.get([this, done = std::move(done)](const Live::StatePtr& state) {
        totals_.get(
            [this, state, done](const payouts::Totals& totals) { done(info_of(*state, totals)); });
    });
}

void View::readiness(Done<rpc::Readiness> done)
{
    parts_.live.get([this, done = std::move(done)](const Live::StatePtr& state) {
        done(readiness_now(*state));
    });
}

void View::user(const std::string& name, Done<rpc::UserInfo> done)
{
    lookup_.get(name, [this, done = std::move(done)](const Result<payouts::AccountBooks>& books) {
        if (!books) return done(fail(books.error()));
        parts_.live.get(
            [books = *books, done](const Live::StatePtr& state) { done(user_info(books, state)); });
    });
}

void View::workers(std::size_t limit, const std::string& account,
                   Done<std::vector<rpc::WorkerLine>> done)
{
    parts_.live.get([limit, account, done = std::move(done)](const Live::StatePtr& state) {
        done(strongest_workers(*state, account, limit));
    });
}

void View::workers_summary(Done<rpc::WorkersSummary> done)
{
    parts_.live.get(
        [done = std::move(done)](const Live::StatePtr& state) { done(state->summary); });
}

void View::worker(const std::string& account, const std::string& name, Done<rpc::WorkerInfo> done)
{
    parts_.live.get([account, name, done = std::move(done)](const Live::StatePtr& state) {
        const auto own = state->by_account.find(account);
        const rpc::WorkerInfo* const found =
            own == state->by_account.end() ? nullptr : own->second.worker(name);
        if (found != nullptr) return done(*found);
        done(fail(Error::Code::not_found, "no such worker in a week"));
    });
}

void View::window(const std::string& account, Done<rpc::WindowInfo> done)
{
    parts_.live.get([this, account, done = std::move(done)](const Live::StatePtr& state) {
        if (state->work.reward.value == 0) {
            return done(fail(Error::Code::unavailable, "no template yet"));
        }
        past_.window(account, state->work.reward, done);
    });
}

void View::block(const std::string& hash, Done<rpc::BlockInfo> done)
{
    const auto digest = digest_from_display_hex(hash);
    if (!digest) return done(fail(Error::Code::invalid, "a block is named by 64 hex digits"));
    ask<payouts::BlockRow>(
        [block = BlockHash{*digest}](payouts::Queries& queries) { return queries.block(block); },
        [this, done = std::move(done)](Result<payouts::BlockRow> row) {
            if (!row) return done(fail(row.error()));
            access_.fresh([this, done, row = std::move(*row)] {
                rpc::BlockInfo info = block_info(row, identity_.chain);
                info.finder_public = access_.is_public(row.finder);
                done(std::move(info));
            });
        });
}

void View::blocks(std::uint32_t limit, const std::optional<rpc::BlockCursor>& after,
                  Done<std::vector<rpc::BlockInfo>> done)
{
    using Rows = std::vector<payouts::BlockRow>;
    std::optional<payouts::BlockPlace> place;
    if (after) {
        const auto hash = digest_from_display_hex(after->hash);
        place = payouts::BlockPlace{after->height, hash ? BlockHash{*hash} : BlockHash{}};
    }
    ask<Rows>([limit, place](payouts::Queries& queries) { return queries.blocks(limit, place); },
              [this, done = std::move(done)](Result<Rows> rows) {
                  if (!rows) return done(fail(rows.error()));
                  access_.fresh([this, done, rows = std::move(*rows)] {
                      std::vector<rpc::BlockInfo> out;
                      for (const payouts::BlockRow& row : rows) {
                          out.push_back(block_info(row, identity_.chain));
                          out.back().finder_public = access_.is_public(row.finder);
                      }
                      done(std::move(out));
                  });
              });
}

void View::ledger(std::uint32_t limit, const std::string& account,
                  Done<std::vector<rpc::LedgerLine>> done)
{
    using Rows = std::vector<payouts::LedgerRow>;
    ask<Rows>(
        [limit, account](payouts::Queries& queries) { return queries.ledger(limit, account); },
        [done = std::move(done)](Result<Rows> rows) {
            if (!rows) return done(fail(rows.error()));
            std::vector<rpc::LedgerLine> out;
            for (const payouts::LedgerRow& row : *rows) out.push_back(ledger_line(row));
            done(std::move(out));
        });
}

void View::schema(Done<rpc::SchemaInfo> done)
{
    ask<payouts::SchemaStatus>(
        [](payouts::Queries& queries) { return queries.schema(); },
        [done = std::move(done)](const Result<payouts::SchemaStatus>& status) {
            if (!status) return done(fail(status.error()));
            rpc::SchemaInfo info{status->known, {}};
            for (const auto& each : status->applied) {
                info.applied.push_back({each.version, each.applied_at});
            }
            done(std::move(info));
        });
}

void View::share_log(std::size_t limit, Done<std::vector<rpc::ShareLogLine>> done)
{
    struct Round {
        std::size_t open = 0;
        std::vector<JournalTail> tails;
        Done<std::vector<rpc::ShareLogLine>> done;
    };
    const auto round = std::make_shared<Round>(Round{parts_.loops.size(), {}, std::move(done)});
    for (StratumLoop* loop : parts_.loops) {
        loop->newest_records(limit, [this, limit, round, producer = loop->producer()](
                                        std::vector<RecordBytes> records) {
            auto tail = std::make_shared<JournalTail>(JournalTail{producer, std::move(records)});
            parts_.rpc_loop.post([this, limit, round, tail] {
                round->tails.push_back(std::move(*tail));
                if (--round->open > 0) return;
                name_shares(std::move(round->tails), limit, std::move(round->done));
            });
        });
    }
}

void View::name_shares(std::vector<JournalTail> tails, std::size_t limit,
                       Done<std::vector<rpc::ShareLogLine>> done)
{
    using Lines = std::vector<rpc::ShareLogLine>;
    ask<Lines>(
        [tails = std::move(tails), limit](payouts::Queries& queries) {
            Lines lines;
            for (const JournalTail& tail : tails) {
                // Without MySQL the shares are shown all the same, without their names.
                const auto names = queries.names(handles_of(tail));
                const Lines more = share_lines(tail, names.value_or(payouts::HandleNames{}));
                lines.insert(lines.end(), more.begin(), more.end());
            }
            return Result<Lines>{newest_lines(std::move(lines), limit)};
        },
        std::move(done));
}

void View::operator_info(Done<rpc::OperatorInfo> done)
{
    parts_.live.get([this, done = std::move(done)](const Live::StatePtr& state) {
        totals_.get([this, state, done](const payouts::Totals& totals) {
            rpc::OperatorInfo info;
            info.readiness = readiness_now(*state);
            if (payouts_part_) info.readiness.dependencies.push_back(payouts_part_());
            info.loops = loop_infos(parts_.lag, *state);
            info.nodes = node_infos(state->nodes, state->work.tip);
            if (state->work.template_age_ms >= 0) {
                info.template_age_ms = static_cast<std::uint64_t>(state->work.template_age_ms);
            }
            info.share_backlog = state->backlog;
            info.books_lag_ms = books_lag_ms(*state, books_status_, read_clock());
            info.ledger_difference = totals.imbalance;
            info.ledger_known = totals_.known();
            info.redis = redis_times_.lately(redis_times(parts_.loops));
            info.mysql = mysql_times_.lately(TimesSum::of(parts_.books.step_times()));
            put_bans(parts_.gate.bans(read_clock().steady), info);
            done(std::move(info));
        });
    });
}

void View::metrics(Done<std::vector<rpc::Metric>> done)
{
    pool_info([this, done = std::move(done)](Result<rpc::PoolInfo> info) {
        if (!info) return done(fail(info.error()));
        parts_.live.get([this, info = std::move(*info), done](const Live::StatePtr& state) {
            auto metrics = metrics_of(
                info, *state, {parts_.loops, parts_.gate, parts_.lag, parts_.books, parts_.nodes});
            add_book_metrics(totals_.known() ? &totals_.last() : nullptr, books_status_, metrics);
            add_verdict_metrics(heads_unknown_, metrics);
            rpc::Metric& suspects = metrics.emplace_back();
            suspects.name = "zubr_withholding_suspects";
            suspects.help = "Accounts whose shares call for more blocks than they have found";
            suspects.value = static_cast<double>(withholding_.suspects());
            rpc::Metric& unpublished = metrics.emplace_back();
            unpublished.name = "zubr_blocks_unpublished";
            unpublished.help = "Blocks of the last day that nobody has seen for ten minutes";
            unpublished.value = static_cast<double>(unpublished_.blocks());
            if (more_metrics_) more_metrics_(metrics);
            done(std::move(metrics));
        });
    });
}

}  // namespace pool
