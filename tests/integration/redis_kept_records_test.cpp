// A gap in the stream, and a journal that cannot give back all of it: where the disk has failed,
// Redis may be the only one that has what follows.
#include <string>

#include "tests/integration/redis_producing.h"

namespace pool {
namespace {

/// Records 1 to 10 and 11 to 20, of which the stream has lost the first ten.
struct Lossy : Producing {
    Lossy()
    {
        append(10);
        EXPECT_TRUE(shipped());
        append(10);
        EXPECT_TRUE(shipped());
        server.ask({"XDEL", "zubr:sh:p", "10-0"});
    }
    std::int64_t kept() { return server.ask({"HLEN", "zubr:sh:p:kept"}).integer; }
};

TEST(RedisKeptRecords, FillTheStreamWhereTheJournalIsDamagedAndRedisIsNot)
{
    Lossy p;
    p.damage_record(15);
    p.damage_record(16);
    p.damage_record(20);
    p.log->resend(5);
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 20); }));
    EXPECT_EQ(p.log->lacks_from(), 0U);
    EXPECT_EQ(p.kept(), 3);
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(6, 21));
}

// Killed when the stream was gone and not filled yet.
TEST(RedisKeptRecords, FillItInALaterLifeAndAgainWhenItIsLostOnceMore)
{
    Lossy p;
    p.damage_record(15);
    p.log->resend(5);
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 20); }));
    p.log.reset();
    p.server.ask({"DEL", "zubr:sh:p"});
    p.log = std::make_unique<RedisShareLog>(p.loop, p.server.options(), "p", p.journal);
    p.log->set_mark(5);
    p.log->start();
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 20); }));
    p.server.ask({"XDEL", "zubr:sh:p", "14-0"});
    p.log->resend(5);
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 20); }));
    EXPECT_EQ(p.log->lacks_from(), 0U);
}

TEST(RedisKeptRecords, AreNoneAndTheStreamStaysWhereRedisDoesNotHaveThemEither)
{
    Lossy p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.server.ask({"XDEL", "zubr:sh:p", "20-0"});
    p.damage_record(15);
    p.log->resend(5);
    ASSERT_TRUE(p.until([&] { return p.log->lacks_from() == 6; }));
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(21, 31));
    EXPECT_EQ(p.kept(), 0);
}

// What a failed memory has changed there is no better than what the disk has.
TEST(RedisKeptRecords, AreNotTakenFromAnEntryWhoseChecksumsDoNotHold)
{
    Producing p;
    p.append(20);
    ASSERT_TRUE(p.shipped());
    const RedisReply all = p.server.ask({"XRANGE", "zubr:sh:p", "-", "+"});
    ASSERT_EQ(all.elements.size(), 1U);
    const RedisReply& fields = all.elements.front().elements.at(1);
    for (const std::string changed : {"d", "c", "s", "f"}) {
        p.log.reset();
        p.server.ask({"DEL", "zubr:sh:p"});
        const auto text = [&](const std::string& name) {
            std::string value = fields.field(name)->text;
            char& one = value.at(name == "d" ? 300 : 0);
            if (name == changed) one = one == '1' ? '2' : '1';
            return value;
        };
        p.server.ask({"XADD", "zubr:sh:p", "20-0", "f", text("f"), "d", text("d"), "c", text("c"),
                      "s", text("s")});
        p.life();
        if (!p.damaged.contains(15)) p.damage_record(15);
        ASSERT_TRUE(p.until([&] { return p.log->connected() && p.log->shipped() == 20; }));
        p.log->resend(5);
        EXPECT_TRUE(p.until([&] { return p.log->lacks_from() == 6; })) << changed;
        EXPECT_EQ(p.server.ask({"XLEN", "zubr:sh:p"}).integer, 1) << changed;
        EXPECT_EQ(p.server.ask({"HLEN", "zubr:sh:p:kept"}).integer, 0) << changed;
    }
}

TEST(RedisKeptRecords, StayUntilTheJournalBeginsBehindThem)
{
    Lossy p;
    std::string lost;
    bool connected = false;
    RedisConnection redis{p.loop,
                          p.server.options(),
                          {[&] { connected = true; }, [&](const std::string& why) { lost = why; }}};
    RedisKeptRecords records{redis, "zubr:sh:p"};
    redis.connect();
    ASSERT_TRUE(p.until([&] { return connected; })) << lost;
    std::string said = "nothing";
    records.load([&](const std::string& why) { said = why; });
    ASSERT_TRUE(p.until([&] { return records.loaded(); })) << said;
    for (const std::uint64_t seq : {15, 17}) {
        records.keep(seq, [&](const std::string& why) { said = "kept" + why; });
        ASSERT_TRUE(p.until([&] { return said == "kept"; })) << said;
        said.clear();
    }
    EXPECT_EQ(records.find(16), nullptr);
    records.drop_below(17);
    ASSERT_NE(records.find(15), nullptr);
    EXPECT_EQ(seq_of(*decode(*records.find(15))), 15U);
    EXPECT_EQ(p.kept(), 2);
    records.drop_below(18);
    EXPECT_EQ(records.find(15), nullptr);
    EXPECT_TRUE(p.until([&] { return p.kept() == 0; }));
}

}  // namespace
}  // namespace pool
