#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/stores_fixture.h"

namespace tests {

/// ZUBR_CHAOS_ROUNDS: a few in the normal run (each of the four alone, and all of them), a hundred
/// by ./dev test chaos.
inline unsigned chaos_rounds()
{
    constexpr unsigned usual = 5;
    const char* text = std::getenv("ZUBR_CHAOS_ROUNDS");
    return text == nullptr ? usual : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

/// Who dies in a round (see ChaosPool::strike): first each alone and all together, as the short
/// form has it, then every other set of the four; each as often as any other.
inline unsigned victims(unsigned round)
{
    constexpr std::array<unsigned, 15> sets{1, 2, 4, 8, 15, 3, 12, 5, 10, 6, 9, 7, 14, 11, 13};
    return sets[round % sets.size()];
}

/// One pool with a node and stores of its own, all of which may die.
class ChaosPool : public testing::Test {
protected:
    static constexpr unsigned zubrd_dies = 1;
    static constexpr unsigned redis_dies = 2;
    static constexpr unsigned mysql_dies = 4;
    static constexpr unsigned node_dies = 8;

    /// replicated: its MySQL may be followed by others.
    ChaosPool(const std::string& chain, std::vector<std::string> sets, bool replicated = false)
        : node(chain),
          mysql(replicated ? MysqlFixture::replicated() : MysqlFixture{}),
          pool(node, {.start_difficulty = 0, .sets = with_stores(std::move(sets))})
    {
    }

    std::uint64_t number(const std::string& sql) const
    {
        return std::strtoull(mysql.scalar(sql).c_str(), nullptr, 10);
    }

    /// What the bits name dies together and is started again.
    void strike(unsigned bits)
    {
        if ((bits & zubrd_dies) != 0) pool.kill();
        if ((bits & redis_dies) != 0) redis.kill();
        if ((bits & mysql_dies) != 0) mysql.kill();
        if ((bits & node_dies) != 0) {
            node.process().signal(SIGKILL);
            ASSERT_TRUE(node.process().wait(std::chrono::seconds{10}).has_value());
        }
        if ((bits & node_dies) != 0) node.start();
        if ((bits & mysql_dies) != 0) mysql.start();
        if ((bits & redis_dies) != 0) redis.start();
        if ((bits & zubrd_dies) != 0) pool.start();
    }

    /// verifyledger makes everything again and finds no difference; returns how many events it saw.
    std::uint64_t verified_events()
    {
        const auto verdict = pool.rpc("verifyledger");
        EXPECT_TRUE(verdict.has_value()) << verdict.error().detail;
        if (!verdict) return 0;
        EXPECT_NE(verdict->find("\"good\":true"), std::string::npos) << *verdict;
        return static_cast<std::uint64_t>(number_in(*verdict, "events").value_or(0));
    }

    NodeFixture node;
    RedisFixture redis;
    MysqlFixture mysql;
    PoolFixture pool;

private:
    std::vector<std::string> with_stores(std::vector<std::string> sets) const
    {
        sets.push_back("redis.socket=" + redis.socket());
        sets.push_back("mysql.socket=" + mysql.socket());
        sets.emplace_back("mysql.database=zubr");
        return sets;
    }
};

}  // namespace tests
