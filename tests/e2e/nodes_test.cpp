#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/found_blocks.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

/// The numbers behind `field` in the lines that hold all of `words`.
std::vector<long> numbers(const std::string& log, const std::vector<std::string>& words,
                          const std::string& field)
{
    std::vector<long> out;
    std::size_t begin = 0;
    while (begin < log.size()) {
        const std::size_t end = std::min(log.find('\n', begin), log.size());
        const std::string line = log.substr(begin, end - begin);
        begin = end + 1;
        const bool all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
            return line.find(word) != std::string::npos;
        });
        const auto at = line.find(field);
        if (all && at != std::string::npos) {
            out.push_back(std::strtol(line.c_str() + at + field.size(), nullptr, 10));
        }
    }
    return out;
}

/// When, in milliseconds of its hour, the first line was written that holds all of `words`.
std::optional<long> moment(const std::string& log, const std::vector<std::string>& words)
{
    std::size_t begin = 0;
    while (begin < log.size()) {
        const std::size_t end = std::min(log.find('\n', begin), log.size());
        const std::string line = log.substr(begin, end - begin);
        begin = end + 1;
        const bool all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
            return line.find(word) != std::string::npos;
        });
        // 2026-11-25T03:01:54.708Z
        constexpr std::size_t minutes_at = 14;
        if (!all || line.size() < 24) continue;
        const long minutes = std::strtol(line.c_str() + minutes_at, nullptr, 10);
        const long whole = std::strtol(line.c_str() + minutes_at + 3, nullptr, 10);
        const long millis = std::strtol(line.c_str() + minutes_at + 6, nullptr, 10);
        return (minutes * 60 + whole) * 1000 + millis;
    }
    return std::nullopt;
}

// Whichever was written first: two threads write, and neither waits for the other's line.
long between(long one, long other)
{
    constexpr long hour = 3'600'000;
    const long after = (other - one + hour) % hour;
    return std::min(after, hour - after);
}

long median(std::vector<long> values)
{
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

// Two nodes of one chain; the first is frozen (its connections stay open, it answers nothing) for
// ten seconds, in which the other one's jobs and our own blocks go on as if nothing were.
TEST(TwoNodes, OneThatIsFrozenHoldsUpNeitherJobsNorFoundBlocks)
{
    const std::string p2p = "127.0.0.1:" + std::to_string(free_port());
    const std::string zmq_a = "tcp://127.0.0.1:" + std::to_string(free_port());
    const std::string zmq_b = "tcp://127.0.0.1:" + std::to_string(free_port());
    NodeFixture a{"regtest", {"-listen=1", "-bind=" + p2p, "-zmqpubhashblock=" + zmq_a}};
    NodeFixture b{"regtest", {"-zmqpubhashblock=" + zmq_b}};
    ASSERT_TRUE(b.call("addnode", "[\"" + p2p + "\",\"add\"]").has_value());
    a.generate(1);
    ASSERT_TRUE(eventually(seconds{60}, [&] { return b.height() == 1; }));

    PoolFixture pool{a, {.start_difficulty = 0, .sets = {}}};
    std::ofstream{pool.config_file(), std::ios::app}
        << "\n[[node]]\nname = \"second\"\nurl = \"" << b.url() << "\"\ncookie_file = \""
        << b.cookie_file() << "\"\nzmq_hashblock = \"" << zmq_b << "\"\n";
    pool.start();
    ASSERT_TRUE(eventually(seconds{20}, [&] {
        return pool.log().find("node_up node=second") != std::string::npos;
    })) << pool.log();

    a.process().signal(SIGSTOP);
    const std::uint32_t before = b.height();
    const auto miner =
        pool.miner(test_address("regtest", 1) + ".rig", {"--max-shares-per-second", "4"});
    EXPECT_FALSE(eventually(seconds{10}, [&] { return b.height() > before + 100; }));
    miner->signal(SIGTERM);
    ASSERT_TRUE(miner->wait(seconds{20}).has_value());
    const std::string frozen = pool.log();
    a.process().signal(SIGCONT);

    EXPECT_GT(b.height(), before + 3) << frozen;
    // From the moment a block is known to the living node's word on it, and from its word on a tip
    // to the job on it: within 50 ms (the median, on a machine that has other things to do), and
    // none held up by a time-out.
    std::vector<long> blocks;
    std::vector<long> jobs;
    int unanswered = 0;
    for (const std::string& hash : blocks_in_log(frozen)) {
        const auto found = moment(frozen, {"block_found", hash});
        const auto taken = moment(frozen, {"block_submitted", hash, "node=second"});
        const auto tip = moment(frozen, {"new_tip", hash, "node=second"});
        if (found && !taken) ++unanswered;
        if (!found || !taken || !tip) continue;  // a second block of a height is no tip
        blocks.push_back(between(*found, *taken));
        const auto height = numbers(frozen, {"new_tip", hash}, "height=");
        const auto job =
            moment(frozen, {"job_published", "height=" + std::to_string(height.at(0) + 1) + " "});
        ASSERT_TRUE(job.has_value()) << hash << frozen;
        jobs.push_back(between(*tip, *job));
    }
    ASSERT_GE(blocks.size(), 3U) << frozen;
    EXPECT_LE(unanswered, 1) << "one may be on its way when the log is read\n" << frozen;
    EXPECT_LE(median(blocks), 50) << frozen;
    EXPECT_LE(median(jobs), 50) << frozen;
    EXPECT_LE(*std::max_element(blocks.begin(), blocks.end()), 2000) << frozen;
    EXPECT_LE(*std::max_element(jobs.begin(), jobs.end()), 2000) << frozen;

    // Thawed, it learns of every block, and each has both nodes' word in the books.
    EXPECT_TRUE(eventually(seconds{60}, [&] { return a.height() == b.height(); }));
    for (const std::string& hash : blocks_in_log(frozen)) {
        EXPECT_TRUE(in_chain(b, hash) || has_reason(pool.log(), hash)) << hash;
    }
    EXPECT_TRUE(eventually(seconds{30}, [&] {
        return pool.database().scalar("select count(distinct node) from block_answer") == "2";
    })) << pool.log();

    // An admin takes a node off and puts it back; never the last one.
    const auto nodes = [&] { return pool.rpc("listbitcoinds").value_or(""); };
    EXPECT_EQ(pool.rpc("setnode", R"(["second",false])").value_or(""), "false");
    EXPECT_NE(nodes().find("\"enabled\":false"), std::string::npos) << nodes();
    EXPECT_NE(nodes().find("\"up\":false"), std::string::npos) << nodes();
    EXPECT_FALSE(pool.rpc("setnode", R"(["local",false])").has_value());
    b.generate(1);
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return number_in(pool.rpc("gettemplateinfo").value_or(""), "height").value_or(0) ==
               static_cast<double>(b.height() + 1);
    })) << pool.log();
    EXPECT_EQ(pool.rpc("setnode", R"(["second",true])").value_or(""), "true");
    EXPECT_TRUE(eventually(seconds{20}, [&] {
        return nodes().find("false") == std::string::npos;  // on, up, on our tip
    })) << nodes();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
