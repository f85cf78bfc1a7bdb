#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
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
    // Each job of a tip of ours was out before a frozen node could matter, and each block was taken
    // by the living node: the best of them within 50 ms, none held up by a time-out.
    auto took = numbers(frozen, {"block_submitted", "node=second", "answer=accepted"}, " ms=");
    ASSERT_FALSE(took.empty()) << frozen;
    std::sort(took.begin(), took.end());
    EXPECT_LE(took.front(), 50) << frozen;
    EXPECT_LE(took.back(), 2000) << frozen;
    EXPECT_GE(numbers(frozen, {"job_published", "empty=false"}, "job=").size(), took.size());

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
