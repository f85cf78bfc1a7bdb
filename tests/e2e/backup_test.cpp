// docs/operations.md, "Backup and restore", on a pool that is mined on meanwhile.
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/share_counts.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/stores_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

const std::string programs = ZUBR_TESTS_DIR "/../docker/";

/// What the ledger's first transfers, up to number `last`, come to in each of its accounts.
std::string sums_until(const Database& books, const std::string& last)
{
    return books.scalar(
        "select group_concat(concat(a.code, ' ', s.credits, ' ', s.debits) order by a.code) from "
        "ledger_account a join (select id, sum(credit) credits, sum(debit) debits from (select "
        "credit_id id, amount_sat credit, 0 debit from ledger_transfer where id <= " +
        last + " union all select debit_id, 0, amount_sat from ledger_transfer where id <= " +
        last + ") t group by id) s on s.id = a.id");
}

/// The balances as the books keep them.
std::string balances(const Database& books)
{
    return books.scalar(
        "select group_concat(concat(a.code, ' ', b.credits_sat, ' ', b.debits_sat) order by "
        "a.code) from ledger_account a join ledger_balance b on b.account_id = a.id where "
        "b.credits_sat + b.debits_sat > 0");
}

struct Ran {
    int code = -1;
    std::string said;
};

Ran run(std::vector<std::string> argv)
{
    const TempDir directory;
    argv.insert(argv.begin(), "/bin/sh");
    Process process{std::move(argv), directory.path() / "said"};
    const int code = process.wait(seconds{60}).value_or(-1);
    return {code, process.output()};
}

unsigned mode_of(const std::filesystem::path& path)
{
    struct ::stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

/// Shares acknowledged by the next report that the miner writes.
std::uint64_t next_report(const Process& miner)
{
    const auto reports = [&] {
        const std::string text = miner.output();
        std::size_t count = 0;
        for (auto at = text.find("\"accepted\":"); at != std::string::npos;
             at = text.find("\"accepted\":", at + 1)) {
            ++count;
        }
        return count;
    };
    const std::size_t had = reports();
    EXPECT_TRUE(eventually(seconds{30}, [&] { return reports() > had; })) << miner.output();
    return acknowledged(miner);
}

TEST(Backup, OfARunningPoolComesBackWithTheSameBalancesAndNoShareLessInAnEmptyDatabase)
{
    NodeFixture node{"regtest"};
    RedisFixture redis;
    const TempDir directory;
    const std::string script = directory.path() / "backup";
    PoolFixture pool{
        node,
        {.start_difficulty = 0,
         .sets = {"redis.socket=" + redis.socket(), "admin.backup_command=" + script}}};
    std::ofstream{script} << "#!/bin/sh\nexec " << programs << "zubr-backup -k 3 -c "
                          << pool.config_file() << " " << (directory.path() / "copies").string()
                          << "\n";
    ::chmod(script.c_str(), 0700);
    pool.start();
    const std::string account = test_address("regtest", 1);
    const auto miner = pool.miner(account + ".rig", {"--json", "--max-shares-per-second", "5"});
    ASSERT_TRUE(eventually(seconds{150}, [&] {
        return pool.database().scalar("select count(*) > 0 from block_credit") == "1";
    })) << pool.log();

    // From here on shares are in the journals alone: nobody has them but the backup.
    redis.kill();
    // A report is up to ten seconds old: only one that is written after the kill counts all that
    // Redis was given, and the one behind it what it was not.
    const std::uint64_t shipped = next_report(*miner);
    const std::uint64_t before = next_report(*miner);
    ASSERT_GT(before, shipped) << miner->output();
    const auto made = pool.rpc("backupnow");
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    const std::string backup = nlohmann::json::parse(*made).value("said", "");
    ASSERT_TRUE(std::filesystem::exists(backup + "/books.sql.gz")) << *made;
    EXPECT_EQ(mode_of(backup), 0700U);
    EXPECT_EQ(mode_of(backup + "/config.tar"), 0600U) << "there are passwords in it";
    EXPECT_TRUE(eventually(seconds{20}, [&] { return acknowledged(*miner) > before + 10; }))
        << "miners go on";
    // The machine is lost, too.
    pool.kill();
    miner->signal(SIGKILL);

    RedisFixture empty;
    PoolFixture restored{
        node,
        {.start_difficulty = 0,
         .sets = {"redis.socket=" + empty.socket(), "pool.server_id=" + pool.server_id()}}};
    const std::string program = programs + "zubr-restore";
    const Ran loaded = run({program, "-c", restored.config_file(), backup});
    ASSERT_EQ(loaded.code, 0) << loaded.said;
    const std::string last = restored.database().scalar("select max(id) from ledger_transfer");
    EXPECT_LT(booked(restored.database()), before) << "the journals have the rest";
    EXPECT_NE(balances(restored.database()), "");
    EXPECT_EQ(balances(restored.database()), sums_until(pool.database(), last));
    const std::string triggers =
        "select count(*) from information_schema.triggers where trigger_schema = database()";
    EXPECT_EQ(restored.database().scalar(triggers), pool.database().scalar(triggers));
    EXPECT_TRUE(std::filesystem::exists(restored.data_dir() + "/payouts.stop"));
    EXPECT_FALSE(std::filesystem::exists(restored.data_dir() + "/.cookie"));
    EXPECT_EQ(mode_of(restored.data_dir() + "/v2-authority.key"),
              mode_of(pool.data_dir() + "/v2-authority.key"));

    const Ran again = run({program, "-c", restored.config_file(), "--books-only", backup});
    EXPECT_EQ(again.code, 1);
    EXPECT_NE(again.said.find("is not empty"), std::string::npos) << again.said;

    restored.start();
    EXPECT_TRUE(eventually(seconds{60}, [&] { return booked(restored.database()) >= before; }))
        << "acknowledged before the backup: " << before
        << ", booked: " << booked(restored.database()) << "\n"
        << restored.log();
    const auto after = restored.miner(account + ".rig", {"--max-shares-per-second", "5"});
    const std::uint64_t stands = booked(restored.database());
    EXPECT_TRUE(eventually(seconds{60}, [&] { return booked(restored.database()) > stands + 5; }))
        << "mining goes on\n"
        << restored.log();
    const auto verdict = restored.rpc("verifyledger");
    ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
    EXPECT_NE(verdict->find("\"good\":true"), std::string::npos) << *verdict;
    EXPECT_EQ(number_in(*verdict, "records_given_up").value_or(-1), 0) << *verdict;
    const auto audit = restored.rpc("verifyaudit");
    ASSERT_TRUE(audit.has_value()) << audit.error().detail;
    EXPECT_NE(audit->find("\"good\":true"), std::string::npos) << *audit;

    const Ran beside = run({program, "-c", restored.config_file(), backup});
    EXPECT_EQ(beside.code, 1) << "over books that are in use";
    EXPECT_EQ(restored.stop(), 0) << restored.log();
}

TEST(Restore, RefusesADamagedBackupAndADataDirectoryInUse)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{node, {.start_difficulty = 0, .sets = {}}};
    pool.start();
    const TempDir directory;
    const Ran made =
        run({programs + "zubr-backup", "-c", pool.config_file(), directory.path().string()});
    ASSERT_EQ(made.code, 0) << made.said;
    const std::string backup = made.said.substr(0, made.said.size() - 1);
    const std::string program = programs + "zubr-restore";
    const Database empty;
    ::setenv("ZUBR_MYSQL__DATABASE", empty.name().c_str(), 1);
    const Ran in_use = run({program, "-c", pool.config_file(), "--books-only", backup});
    const Ran not_empty = run({program, "-c", pool.config_file(), backup});
    std::ofstream{backup + "/data.tar", std::ios::app} << "x";
    const Ran damaged = run({program, "-c", pool.config_file(), "--books-only", backup});
    ::unsetenv("ZUBR_MYSQL__DATABASE");
    EXPECT_EQ(in_use.code, 1);
    EXPECT_NE(in_use.said.find("stop it first"), std::string::npos) << in_use.said;
    EXPECT_EQ(not_empty.code, 1);
    EXPECT_NE(not_empty.said.find("is not empty"), std::string::npos) << not_empty.said;
    EXPECT_EQ(damaged.code, 1);
    EXPECT_NE(damaged.said.find("damaged"), std::string::npos) << damaged.said;
    EXPECT_EQ(empty.scalar("select count(*) from information_schema.tables where table_schema = "
                           "database()"),
              "0");
    EXPECT_EQ(pool.stop(), 0);
}

}  // namespace
}  // namespace tests
