#include "payouts/accountant.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "payouts/mysql_accounts.h"
#include "payouts/mysql_handles.h"
#include "payouts/mysql_sites.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::size_t entries_max = 100;  // of one transaction: up to 25 000 records
constexpr unsigned batches_max = 8;       // of one producer in one step

/// "a" of "a-3": the server that a producer belongs to.
std::string_view server_of(std::string_view producer)
{
    return producer.substr(0, producer.rfind('-'));
}

tl::unexpected<Error> without_streams(const Error& error, StepReport& step)
{
    step.streams_trouble = error.detail;
    return fail(error);
}

}  // namespace

Accountant::Accountant(MysqlConnection& db, StreamReader& streams, Lease& lease, Options options)
    : db_(db),
      streams_(streams),
      lease_(lease),
      options_(std::move(options)),
      sealing_(options_.seal)
{
}

Result<void> Accountant::step(pool::Now now, StepReport& report)
{
    const auto producers = read_producers(db_);
    if (!producers) return fail(producers.error());
    Waiting waiting;
    for (const KnownProducer& producer : *producers) {
        const bool others = !options_.owner.empty() && producer.owner != options_.owner;
        if (own(producer) && others) report.taken_over = producer.name;
        ProducerReport one;
        one.name = producer.name;
        // Asked before its stream is read: what is shipped meanwhile counts as not shipped.
        const JournalState journal =
            (journals_ ? journals_(producer.name) : std::nullopt).value_or(JournalState{});
        if (auto counted = count(producer, journal.shipped, one, report); !counted) return counted;
        const bool whole = !one.gap && one.trouble.empty();
        const bool empty = one.behind == 0 && whole;
        // Who is gone for good fills no hole: nobody's minutes wait for that.
        const bool stuck = producer.retired && !whole;
        waiting.drained = waiting.drained && (whole || stuck);
        if (one.behind > 0 && !stuck) {
            const auto since = one.pending_since.value_or(pool::UnixMillis{});
            waiting.pending_since = std::min(waiting.pending_since.value_or(since), since);
        }
        const pool::UnixMillis held = producer.unbooked_since;
        if (!producer.retired && held.value > 0) {
            waiting.unbooked_since = std::min(waiting.unbooked_since.value_or(held), held);
        }
        const bool booked = empty && journal.newest <= one.mark;
        if (booked && lease_.held() && outlived(producer)) {
            const auto retired = fenced([&] { return retire_producer(db_, producer.name); });
            if (!retired && !lease_.held()) break;  // somebody else goes on
            if (!retired) return retired;
            pool::log::info("producer_retired", {{"producer", producer.name}, {"mark", one.mark}});
            states_.erase(producer.name);
            told_.erase(producer.name);
            report.producers.push_back(std::move(one));  // its journal may go now
            continue;
        }
        report.backlog += one.behind;
        if (!producer.retired) report.producers.push_back(std::move(one));
    }
    report.handles = handles();
    return seal(now, waiting, report);
}

std::size_t Accountant::handles() const
{
    std::size_t sum = 0;
    for (const auto& [name, state] : states_) sum += state.members.size() + state.workers.size();
    return sum;
}

// Miners who come back under other names again and again are given ever new handles. MySQL has
// them all; whoever goes on is read again with his next share.
void Accountant::forget_handles()
{
    if (handles() <= options_.handles_max) return;
    for (auto& [name, state] : states_) {
        // Not clear(), which keeps the tables.
        state.members = {};
        state.workers = {};
    }
}

Result<void> Accountant::fenced(const std::function<Result<void>()>& work)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease_.fence(); !ours) return ours;
    if (auto done = work(); !done) return done;
    return transaction->commit();
}

bool Accountant::own(const KnownProducer& producer) const
{
    const auto& names = options_.own_producers;
    return std::find(names.begin(), names.end(), producer.name) != names.end();
}

// An earlier life of this server had more loops: nobody will write there again.
bool Accountant::outlived(const KnownProducer& producer) const
{
    if (producer.retired || own(producer)) return false;
    const auto& names = options_.own_producers;
    return std::any_of(names.begin(), names.end(), [&producer](const std::string& name) {
        return server_of(name) == server_of(producer.name);
    });
}

Result<void> Accountant::count(const KnownProducer& producer, std::uint64_t shipped,
                               ProducerReport& report, StepReport& step)
{
    report.mark = producer.mark;
    report.gap = producer.gap;
    std::uint64_t booked = 0;
    std::optional<std::uint64_t> print = producer.print;
    for (unsigned turn = 0; lease_.held() && turn < batches_max; ++turn) {
        const auto batch = streams_.read(producer.name, report.mark, entries_max, print);
        if (!batch && batch.error().code == Error::Code::unavailable) {
            return without_streams(batch.error(), step);
        }
        if (!batch) {
            report.trouble = batch.error().detail;
            break;
        }
        report.gap = batch->gap;
        if (batch->records.empty()) break;
        const auto mark = book(producer.name, *batch);
        if (!mark && mark.error().code == Error::Code::conflict) {
            step.more = true;  // someone else was faster: the next step begins at their mark
            break;
        }
        if (!mark && mark.error().code == Error::Code::unavailable) return fail(mark.error());
        if (!mark) {
            report.trouble = mark.error().detail;
            break;
        }
        booked += batch->records.size();
        report.mark = *mark;
        print = batch->print;
        if (turn + 1 == batches_max) step.more = true;
    }
    step.records += booked;
    if (auto looked = look_behind(report, shipped, step); !looked) return looked;
    if (report.gap != producer.gap && lease_.held()) {
        const auto noted = fenced([&] { return note_gap(db_, producer.name, report.gap); });
        if (!noted && lease_.held()) return fail(noted.error());
    }
    if (std::string& told = told_[producer.name]; told != report.trouble) {
        told = report.trouble;
        if (!told.empty()) {
            pool::log::error(
                "shares_not_booked",
                {{"producer", producer.name}, {"after_seq", report.mark}, {"reason", told}});
        }
    }
    if (booked > 0) {
        if (auto trimmed = streams_.trim(producer.name, report.mark); !trimmed) {
            return without_streams(trimmed.error(), step);
        }
    }
    return {};
}

// Also whether the stream has lost its end, which no later record shows: of a journal that nobody
// writes any more none comes. shipped: what it has said before that it had.
Result<void> Accountant::look_behind(ProducerReport& report, std::uint64_t shipped,
                                     StepReport& step)
{
    const auto last = streams_.last(report.name);
    if (!last && last.error().code == Error::Code::unavailable) {
        return without_streams(last.error(), step);
    }
    if (!last) {
        report.trouble = last.error().detail;
        return {};
    }
    report.behind = *last > report.mark ? *last - report.mark : 0;
    report.gap = report.gap || shipped > std::max(*last, report.mark);
    if (report.behind == 0 || report.gap) return {};
    const auto next = streams_.read(report.name, report.mark, 1);
    if (!next) return {};
    if (next->records.empty()) {
        // Numbers up to `last` were there, and nobody else trims while we count.
        report.gap = lease_.held();
        return {};
    }
    const pool::UnixMillis at =
        std::visit([](const auto& each) { return each.at; }, next->records.front());
    report.pending_since = at;
    if (!step.oldest_pending || at < *step.oldest_pending) step.oldest_pending = at;
    return {};
}

Result<std::uint64_t> Accountant::book(const std::string& producer, const StreamBatch& batch)
{
    if (!states_.contains(producer)) {
        auto read = read_state(db_, producer);
        if (!read) return fail(read.error());
        states_[producer] = std::move(*read);
    }
    ProducerState& state = states_[producer];
    if (pool::seq_of(batch.records.front()) != state.mark + 1) {
        states_.erase(producer);
        return fail(Error::Code::conflict, "the mark has moved since it was read");
    }
    auto done = book_inside(producer, state, batch);
    if (!done) {
        // Perhaps it was committed and only the answer lost: MySQL will tell.
        states_.erase(producer);
        return fail(done.error());
    }
    forget_handles();
    return state.mark;
}

Result<void> Accountant::book_inside(const std::string& producer, ProducerState& state,
                                     const StreamBatch& batch)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease_.fence(); !ours) return ours;
    // Locked: nobody seals a slot that this batch adds to.
    const auto sealed = read_sealed_through(db_, true);
    if (!sealed) return fail(sealed.error());
    if (auto known = refresh_sites(); !known) return known;
    if (auto loaded = load_handles(db_, producer, batch.records, state); !loaded) return loaded;
    const std::uint64_t before = state.mark;
    const auto folded = fold(
        batch.records, state, *sealed,
        [this](const pool::AccountRecord& record) { return account_of(record); }, sites_);
    if (!folded) return fail(folded.error());
    state.print = batch.print;
    if (auto moved = move_mark(db_, producer, before, state); !moved) return moved;
    if (auto added = add_folded(db_, producer, *folded); !added) return added;
    return transaction->commit();
}

// Rules change rarely, batches come many a second.
Result<void> Accountant::refresh_sites()
{
    const auto version = read_site_version(db_);
    if (!version) return fail(version.error());
    if (sites_version_ == *version) return {};
    auto rules = read_site_rules(db_);
    if (!rules) return fail(rules.error());
    sites_ = std::move(*rules);
    sites_version_ = *version;
    return {};
}

Result<pool::AccountId> Accountant::account_of(const pool::AccountRecord& record)
{
    if (!record.script.empty()) return ensure_address_account(db_, record.script, options_.chain);
    if (auto there = check_account(db_, record.registered); !there) return fail(there.error());
    return record.registered;
}

Result<void> Accountant::seal(pool::Now now, const Waiting& waiting, StepReport& report)
{
    // Read anew: batches have moved the watermarks.
    const auto producers = read_producers(db_);
    if (!producers) return fail(producers.error());
    std::vector<pool::UnixMillis> watermarks;
    for (const KnownProducer& producer : *producers) {
        if (!producer.retired) watermarks.push_back(producer.watermark);
    }
    const auto now_sealed = read_sealed_through(db_, false);
    if (!now_sealed) return fail(now_sealed.error());
    report.sealed_through = *now_sealed;
    if (!lease_.held()) {
        sealing_.follow(now);
        return {};
    }
    const auto due =
        sealing_.due(watermarks, now, waiting, *now_sealed, [this] { return server_clock(db_); });
    if (!due) return fail(due.error());
    const std::optional<std::uint64_t>& through = *due;
    if (!through) return {};

    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease_.fence(); !ours) return lease_.held() ? ours : Result<void>{};
    const auto sealed = read_sealed_through(db_, true);
    if (!sealed) return fail(sealed.error());
    if (*through <= *sealed) return {};
    const auto reached = seal_slots(db_, *sealed, *through, now.wall);
    if (!reached) return fail(reached.error());
    if (auto done = transaction->commit(); !done) return done;
    report.sealed_through = *reached;
    if (*reached < *through) report.more = true;
    return {};
}

}  // namespace payouts
