#include "payouts/stream_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace payouts {
namespace {

using pool::RedisReply;

RedisReply text(std::string value)
{
    RedisReply reply;
    reply.type = RedisReply::Type::string;
    reply.text = std::move(value);
    return reply;
}

RedisReply array(std::vector<RedisReply> elements)
{
    RedisReply reply;
    reply.type = RedisReply::Type::array;
    reply.elements = std::move(elements);
    return reply;
}

std::string blob(std::uint64_t first, std::uint64_t last)
{
    std::string out;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        const pool::RecordBytes bytes = pool::encode(pool::MarkRecord{seq, pool::UnixMillis{1}});
        out.append(bytes.begin(), bytes.end());
    }
    return out;
}

RedisReply entry(std::uint64_t first, std::uint64_t last, std::string data)
{
    return array({text(std::to_string(last) + "-0"), array({text("f"), text(std::to_string(first)),
                                                            text("d"), text(std::move(data))})});
}

RedisReply entry(std::uint64_t first, std::uint64_t last)
{
    return entry(first, last, blob(first, last));
}

std::vector<std::uint64_t> numbers(const StreamBatch& batch)
{
    std::vector<std::uint64_t> out;
    for (const auto& record : batch.records) out.push_back(pool::seq_of(record));
    return out;
}

TEST(DecodeEntries, DropsWhatIsCountedAlready)
{
    const auto batch = decode_entries(array({entry(1, 3), entry(4, 6), entry(7, 7)}), 4);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(numbers(*batch), (std::vector<std::uint64_t>{5, 6, 7}));
    EXPECT_FALSE(batch->gap);
}

TEST(DecodeEntries, StopsAtAGapAndSaysSoWhenItComesFirst)
{
    const auto later = decode_entries(array({entry(1, 2), entry(4, 5)}), 0);
    ASSERT_TRUE(later.has_value());
    EXPECT_EQ(numbers(*later), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_FALSE(later->gap);

    const auto first = decode_entries(array({entry(4, 5)}), 2);
    ASSERT_TRUE(first.has_value());
    EXPECT_TRUE(first->records.empty());
    EXPECT_TRUE(first->gap);
}

TEST(DecodeEntries, FindsNothingInAnEmptyStream)
{
    const auto batch = decode_entries(array({}), 9);
    ASSERT_TRUE(batch.has_value());
    EXPECT_TRUE(batch->records.empty());
    EXPECT_FALSE(batch->gap);
}

TEST(DecodeEntries, RefusesWhatNoShipperWrote)
{
    const std::vector<RedisReply> bad{
        text("no array"),
        array({text("5-1"), array({text("f"), text("5"), text("d"), text(blob(5, 5))})}),
        array({text("5-0"), array({text("f"), text("5")})}),
        entry(6, 5, ""),
        entry(0, 5, blob(1, 5)),
        entry(4, 5, blob(5, 5)),
        entry(5, 5, blob(5, 5) + "x"),
        entry(5, 5, blob(6, 6)),
        entry(5, 5, std::string(pool::record_bytes, '\xff')),
        array({text("5-0"), array({text("f"), text("5x"), text("d"), text(blob(5, 5))})}),
    };
    for (std::size_t i = 0; i < bad.size(); ++i) {
        const auto batch = decode_entries(array({bad[i]}), 4);
        ASSERT_FALSE(batch.has_value()) << i;
        EXPECT_EQ(batch.error().code, pool::Error::Code::invalid) << i;
    }
}

}  // namespace
}  // namespace payouts
