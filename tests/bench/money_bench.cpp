// ./dev bench money: the books at the sizes that docs/operations.md speaks of, with the real Redis
// and MariaDB that dev starts for it (innodb_flush_log_at_trx_commit=1).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "payouts/mysql_account_work.h"
#include "payouts/mysql_balance_watch.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_verify.h"
#include "payouts/mysql_window.h"
#include "pool/base/log.h"
#include "tests/support/books_fixture.h"
#include "tests/support/found_block.h"

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;
using tests::BooksFixture;
using tests::now_in;
using tests::StreamWriter;

constexpr std::uint64_t slot = 1000;

template <typename Work>
double seconds_of(Work work)
{
    const auto begun = steady_clock::now();
    work();
    return duration<double>(steady_clock::now() - begun).count();
}

unsigned& missed_bars()
{
    static unsigned count = 0;
    return count;
}

void say(const char* what, double amount, const char* unit, double bar, bool below)
{
    const bool good = below ? amount <= bar : amount >= bar;
    if (!good) ++missed_bars();
    std::printf("%-58s %12.2f %-9s (%s %.0f) %s\n", what, amount, unit,
                below ? "at most" : "at least", bar, good ? "" : "<-- missed");
    std::fflush(stdout);
}

/// Of this process, in MiB.
double peak_memory()
{
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
    }
    return 0;
}

std::uint64_t step_until(payouts::Service& service, std::uint64_t at, std::uint64_t records)
{
    std::uint64_t booked = 0;
    while (booked < records) {
        const auto report = service.step(now_in(at));
        if (!report) {
            std::fprintf(stderr, "%s\n", report.error().detail.c_str());
            std::exit(1);
        }
        booked += report->records;
    }
    return booked;
}

/// `shares` of 50 accounts with 20 workers each, in one slot.
std::uint64_t fill(StreamWriter& stream, std::uint64_t shares)
{
    constexpr unsigned accounts = 50;
    constexpr unsigned workers = 1000;
    stream.start(slot);
    for (unsigned account = 1; account <= accounts; ++account)
        stream.account(account, account, slot);
    for (unsigned worker = 1; worker <= workers; ++worker) {
        stream.worker(worker, worker % accounts + 1, "rig" + std::to_string(worker), slot);
    }
    for (std::uint64_t i = 0; i < shares; ++i) {
        const unsigned worker = static_cast<unsigned>(i * 7919 % workers) + 1;
        stream.share(worker % accounts + 1, slot, 1, pool::RecordKind::share, worker);
    }
    stream.ship_rest();
    return stream.last();
}

void shares_and_seal()
{
    constexpr std::uint64_t producers = 2;
    constexpr std::uint64_t shares = 1'500'000;
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "a-1"};
    auto service = payouts::Service::open(options);
    if (!service) std::exit(1);
    std::uint64_t records = 0;
    for (const std::string& name : options.own_producers) {
        auto stream = books.producer(name);
        records += fill(stream, shares / producers);
    }
    const double booked = seconds_of([&] { step_until(**service, slot, records); });
    say("accountant: shares from Redis into MariaDB", static_cast<double>(shares) / booked,
        "shares/s", 200'000, false);
    std::uint64_t sealed = 0;
    const double sealing =
        seconds_of([&] { sealed = (*service)->step(now_in(slot + 17)).value().sealed_through; });
    if (sealed < slot) std::exit(1);
    say("seal of a slot of 1,500,000 shares, tree and chain", sealing, "s", 5, true);
}

void run(BooksFixture& books, const std::string& sql) { books.scalar(sql); }

// Rows as sealing leaves them; their trees are not needed here.
void window_of(std::uint64_t slots, std::uint64_t accounts)
{
    BooksFixture books;
    auto service = books.open();
    const std::string last = std::to_string(slots);
    run(books,
        "insert into slot_account (slot_id, account_id, shares, stale, late, work, "
        "stale_work, score) select s.seq, a.seq, 1, 0, 0, 1, 0, "
        "1000000000000 + s.seq * a.seq from seq_1_to_" +
            last + " s join seq_1_to_" + std::to_string(accounts) + " a");
    run(books,
        "insert into slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, "
        "cum_score, root, chain, sealed_at_ms) select slot_id, count(*), 0, 1, sum(score), "
        "0, 0, 0, repeat('a', 32), repeat('b', 32), 0 from slot_account group by slot_id");
    payouts::MysqlConnection db{books.mysql()};
    if (!db.connect()) std::exit(1);
    const double took = seconds_of([&] {
        const pool::U128 whole = pool::U128{1'000'000'000'000'000'000} * 1'000'000'000'000;
        const auto window = payouts::read_window(db, slots + 1, whole);
        if (!window || window->weights.size() != accounts) std::exit(1);
        const auto credits =
            payouts::settle(pool::Sats{312'500'000}, window->weights, {100, 0}, {});
        if (credits.size() != accounts) std::exit(1);
    });
    const std::string what = "window and split over " + std::to_string(slots * accounts) + " rows";
    say(what.c_str(), took, "s", 10, true);
}

/// Of a block that pays everyone; its seconds.
double credit(payouts::Service& service, std::uint8_t number)
{
    const payouts::FoundBlock block = tests::found_block(number, slot, pool::Sats{312'500'000});
    const std::vector seen{
        payouts::BlockSighting{block.hash, {pool::Sighting::Place::in_chain, 1, 0}}};
    if (!service.record_found(block)) std::exit(1);
    service.sight(seen);
    return seconds_of([&] {
        const auto report = service.step(now_in(slot));
        if (!report || report->blocks_changed != 1) std::exit(1);
    });
}

/// What the payer does every five minutes, beside nothing and beside a credit.
void watch_of(BooksFixture& books, payouts::Service& service)
{
    payouts::MysqlConnection db{books.mysql()};
    payouts::BalanceWatch watch;
    double longest = 0;
    const auto look = [&] {
        const double took = seconds_of([&] {
            if (!watch.look(db, {}).value_or("lost").empty()) std::exit(1);
        });
        longest = std::max(longest, took);
        return took;
    };
    double all = 0;
    do {
        all += look();
    } while (watch.more());
    std::printf("%-58s %12.2f s\n", "watch over balances: all transfers read once", all);
    say("  its longest look", longest, "s", 1, true);
    say("  a look when nothing is new", look(), "s", 1, true);
    const double alone = credit(service, 2);
    std::atomic<bool> done{false};
    unsigned looks = 0;
    longest = 0;
    std::thread looking{[&] {
        for (; !done; ++looks) look();
    }};
    const double beside = credit(service, 3);
    done = true;
    looking.join();
    std::printf("%-58s %12.2f s\n", "another credit to these accounts", alone);
    std::printf("%-58s %12.2f s (%u looks, the longest %.2f s)\n",
                "  and beside looks without a pause", beside, looks, longest);
}

void credit_of(std::uint64_t accounts)
{
    BooksFixture books;
    auto service = books.open();
    const std::string count = std::to_string(accounts);
    run(books,
        "insert into account (name, payout_address, salt) select concat('farm-', seq), '', "
        "repeat('s', 32) from seq_1_to_" +
            count);
    run(books,
        "insert into slot_account (slot_id, account_id, shares, stale, late, work, "
        "stale_work, score) select 999, id, 1, 0, 0, 1, 0, 1000000000000 + id from account");
    run(books,
        "insert into slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, "
        "cum_score, root, chain, sealed_at_ms) select slot_id, count(*), 0, 1, sum(score), "
        "0, 0, 0, repeat('a', 32), repeat('b', 32), 0 from slot_account group by slot_id");
    run(books, "update books set sealed_through = 2000");
    const std::string what = "credit of one block to " + count + " accounts";
    say(what.c_str(), credit(*service, 1), "s", 5, true);
    const double verified = seconds_of([&] {
        payouts::MysqlConnection db{books.mysql()};
        static_cast<void>(payouts::verify_ledger(db));
    });
    std::printf("%-58s %12.2f s\n", "  and verifyledger over it", verified);
    watch_of(books, *service);
}

/// An hour of an account each, rolled up for charts.
void history_of(std::uint64_t accounts)
{
    BooksFixture books;
    const auto service = books.open();
    run(books,
        "insert into account (name, payout_address, salt) select concat('farm-', seq), '', "
        "repeat('s', 32) from seq_1_to_" +
            std::to_string(accounts));
    run(books,
        "insert into slot_account (slot_id, account_id, shares, stale, late, work, "
        "stale_work, score) select s.seq, id, 1, 0, 0, 1, 0, 1 from account join "
        "seq_960_to_1019 s");
    run(books,
        "insert into slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, "
        "cum_score, root, chain, sealed_at_ms) select slot_id, count(*), 0, 1, sum(score), "
        "0, 0, 0, repeat('a', 32), repeat('b', 32), 0 from slot_account group by slot_id");
    run(books, "update books set sealed_through = 1019");
    payouts::MysqlConnection db{books.mysql()};
    payouts::Lease lease{db, "accountant", "bench", std::chrono::hours{1}};
    if (!db.connect() || !lease.keep(pool::read_clock().steady)) std::exit(1);
    const auto longest = [&](pool::UnixMillis now) {
        double most = 0;
        for (bool more = true; more;) {
            most = std::max(
                most, seconds_of([&] { more = payouts::roll_up_work(db, lease, now).value(); }));
        }
        return most;
    };
    const double copied = longest(now_in(1100).wall);
    if (books.number("select count(*) from account_work") != 6 * (accounts + 1)) std::exit(1);
    run(books, "analyze table account_work");
    const std::string bytes = books.scalar(
        "select (data_length + index_length) / table_rows from information_schema.tables where "
        "table_schema = database() and table_name = 'account_work'");
    const std::string of = " of " + std::to_string(accounts) + " accounts, a step";
    say(("history: ten minutes" + of).c_str(), copied, "s", 1, true);
    const double merged = longest(now_in(1100 + 32 * 1440).wall);
    if (books.number("select count(*) from account_work") != accounts + 1) std::exit(1);
    say(("history: into an hour" + of).c_str(), merged, "s", 1, true);
    std::printf("%-58s %12s bytes\n", "  and one row of it on disk", bytes.c_str());
}

}  // namespace

int main(int argc, char** argv)
{
    pool::log::configure(pool::log::Level::error, pool::log::Format::text);
    const std::uint64_t slots = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    const std::string only = argc > 2 ? argv[2] : "";
    if (only.empty() || only == "shares") {
        shares_and_seal();
        std::printf("%-58s %12.2f MiB\n",
                    "  peak memory of this process, the streams' source in it", peak_memory());
    }
    if (only.empty() || only == "credit") credit_of(100'000);
    if (only.empty() || only == "history") history_of(10'000);
    if (only.empty() || only == "window") window_of(slots, 1000);
    if (missed_bars() == 0) return 0;
    std::printf("%u of its bars missed: is the machine doing something else?\n", missed_bars());
    return 1;
}
