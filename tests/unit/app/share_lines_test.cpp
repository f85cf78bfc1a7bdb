#include "pool/app/share_lines.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"

namespace pool {
namespace {

ShareRecord share(std::uint64_t seq, std::uint64_t member, std::uint64_t at)
{
    ShareRecord record;
    record.seq = seq;
    record.at = {at};
    record.member = {member};
    record.worker = {static_cast<std::uint32_t>(member + 10)};
    record.work = U128{4295032833};
    record.nonce = 7;
    return record;
}

JournalTail tail_of(const std::string& producer, const std::vector<Record>& records)
{
    JournalTail tail{producer, {}};
    for (const Record& record : records) tail.records.push_back(encode(record));
    return tail;
}

TEST(ShareLines, NameWhoTheHandlesStandForAndHowHardTheShareWas)
{
    const JournalTail tail = tail_of("a-0", {share(1, 3, 1000), MarkRecord{2, {2000}}});
    const auto question = handles_of(tail);
    EXPECT_EQ(question.members, std::set<std::uint64_t>{3});
    EXPECT_EQ(question.workers, std::set<std::uint64_t>{13});
    const auto lines = share_lines(tail, {{{3, "farm"}}, {{13, "rig"}}});
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].producer, "a-0");
    EXPECT_EQ(lines[0].account, "farm");
    EXPECT_EQ(lines[0].worker, "rig");
    EXPECT_EQ(lines[0].kind, "share");
    EXPECT_DOUBLE_EQ(lines[0].difficulty, 1);
    EXPECT_EQ(lines[0].nonce, 7U);
}

TEST(ShareLines, GiveNobodysNameToSharesOfAnEarlierLife)
{
    const JournalTail tail =
        tail_of("a-0", {share(1, 3, 1000), StartRecord{2, {2000}, 9}, share(3, 3, 3000)});
    EXPECT_EQ(handles_of(tail).members, std::set<std::uint64_t>{3});
    const auto lines = share_lines(tail, {{{3, "farm"}}, {}});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].account, "");
    EXPECT_EQ(lines[1].account, "farm");
    EXPECT_EQ(lines[1].worker, "") << "MySQL has not been told yet";
}

TEST(ShareLines, OfAllLoopsAreTheNewestFirst)
{
    std::vector<rpc::ShareLogLine> all;
    for (const auto& tail : {tail_of("a-0", {share(1, 1, 1000), share(2, 1, 4000)}),
                             tail_of("a-1", {share(9, 1, 3000)})}) {
        for (const auto& line : share_lines(tail, {})) all.push_back(line);
    }
    const auto newest = newest_lines(all, 2);
    ASSERT_EQ(newest.size(), 2U);
    EXPECT_EQ(newest[0].seq, 2U);
    EXPECT_EQ(newest[1].producer, "a-1");
}

}  // namespace
}  // namespace pool
