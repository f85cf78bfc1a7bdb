#include "payouts/stream_reader.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"

namespace payouts {
namespace {

using pool::RedisReply;
using pool::Result;

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

/// As a shipper writes it who has another record before the entry.
RedisReply entry_after(std::uint64_t first, std::uint64_t last, std::uint64_t print)
{
    RedisReply reply = entry(first, last);
    reply.elements[1].elements.push_back(text("p"));
    reply.elements[1].elements.push_back(text(std::to_string(print)));
    return reply;
}

std::uint64_t print_of_mark(std::uint64_t seq)
{
    return pool::print_of(pool::encode(pool::MarkRecord{seq, pool::UnixMillis{1}}));
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

TEST(DecodeEntries, RefusesWhatGoesOnFromAnotherRecordThanTheBooksDo)
{
    const auto code = [](const Result<StreamBatch>& batch) {
        return batch ? std::optional<pool::Error::Code>{} : batch.error().code;
    };
    const auto after_three = entry_after(4, 6, print_of_mark(3));
    const auto whole = decode_entries(array({after_three}), 3, print_of_mark(3));
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(numbers(*whole), (std::vector<std::uint64_t>{4, 5, 6}));
    EXPECT_EQ(whole->print, print_of_mark(6));

    const auto other = decode_entries(array({entry_after(4, 6, 77)}), 3, print_of_mark(3));
    EXPECT_EQ(code(other), pool::Error::Code::refused);
    // Before it is refused, what is whole is taken.
    const auto mixed =
        decode_entries(array({after_three, entry_after(7, 8, 77)}), 3, print_of_mark(3));
    ASSERT_TRUE(mixed.has_value());
    EXPECT_EQ(numbers(*mixed), (std::vector<std::uint64_t>{4, 5, 6}));
    EXPECT_FALSE(mixed->gap);

    // One that begins before the mark shows by itself what its writer has there.
    EXPECT_TRUE(decode_entries(array({entry(2, 5)}), 3, print_of_mark(3)).has_value());
    EXPECT_EQ(code(decode_entries(array({entry(2, 5)}), 3, 77)), pool::Error::Code::refused);
    const auto overlap = decode_entries(array({after_three, entry(5, 8)}), 3, print_of_mark(3));
    ASSERT_TRUE(overlap.has_value());
    EXPECT_EQ(numbers(*overlap), (std::vector<std::uint64_t>{4, 5, 6, 7, 8})) << "the same again";
    // Where one side does not know, nothing is said.
    EXPECT_TRUE(decode_entries(array({entry(4, 6)}), 3, 77).has_value());
    EXPECT_TRUE(decode_entries(array({entry_after(4, 6, 77)}), 3).has_value());
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

/// As a shipper of today writes it: with the checksum of its records.
RedisReply summed(std::uint64_t first, std::uint64_t last, const std::string& sum_of)
{
    RedisReply reply = entry(first, last);
    reply.elements[1].elements.push_back(text("c"));
    reply.elements[1].elements.push_back(
        text(std::to_string(pool::crc32c(pool::as_bytes(sum_of)))));
    return reply;
}

// A bit of a share's work that has turned over would be money, and no other look sees it.
TEST(DecodeEntries, TakesADamagedEntryForOneThatIsMissing)
{
    const auto good =
        decode_entries(array({summed(1, 3, blob(1, 3)), summed(4, 6, blob(4, 6))}), 1);
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(numbers(*good), (std::vector<std::uint64_t>{2, 3, 4, 5, 6}));

    std::string turned = blob(4, 6);
    for (std::size_t at = 0; at < turned.size(); at += 7) {
        std::string other = turned;
        other[at] = static_cast<char>(other[at] ^ 0x10);
        const auto before =
            decode_entries(array({summed(1, 3, blob(1, 3)), summed(4, 6, other), entry(7, 7)}), 1);
        ASSERT_TRUE(before.has_value());
        EXPECT_EQ(numbers(*before), (std::vector<std::uint64_t>{2, 3})) << "what is whole, first";
        EXPECT_FALSE(before->gap);
        EXPECT_EQ(before->print, print_of_mark(3));
        const auto first = decode_entries(array({summed(4, 6, other), entry(7, 7)}), 3);
        ASSERT_TRUE(first.has_value());
        EXPECT_TRUE(first->records.empty());
        EXPECT_TRUE(first->gap) << "so that its shipper sends it again";
    }
    RedisReply unreadable = entry(4, 6);
    unreadable.elements[1].elements.push_back(text("c"));
    unreadable.elements[1].elements.push_back(text("x"));
    EXPECT_TRUE(decode_entries(array({unreadable}), 3)->gap);
    EXPECT_FALSE(decode_entries(array({entry(4, 6)}), 3)->gap) << "of a shipper without sums";
    // What is counted already is nobody's trouble any more.
    EXPECT_FALSE(decode_entries(array({summed(4, 6, turned + "x"), entry(7, 7)}), 6)->gap);
}

/// As a shipper writes it since its checksum covers the whole entry.
RedisReply sealed(std::uint64_t first, std::uint64_t last, const std::string& before)
{
    RedisReply reply = entry(first, last);
    auto& fields = reply.elements[1].elements;
    const std::string sum = std::to_string(pool::crc32c(pool::as_bytes(blob(first, last))));
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"c", sum},
             {"s", std::to_string(pool::sum_of_entry(std::to_string(first), before, sum))},
             {"p", before}}) {
        if (value.empty()) continue;
        fields.push_back(text(name));
        fields.push_back(text(value));
    }
    return reply;
}

bool missing(const RedisReply& reply, std::uint64_t mark, std::optional<std::uint64_t> print = {})
{
    const auto batch = decode_entries(array({reply, entry(7, 7)}), mark, print);
    return batch && batch->records.empty() && batch->gap;
}

// The first number, the print before it, the length, the id, the names of the fields.
TEST(DecodeEntries, TakesAnEntryWithASumOfWhichAnyPartIsDamagedForOneThatIsMissing)
{
    const std::string before = std::to_string(print_of_mark(3));
    const RedisReply good = sealed(4, 6, before);
    const auto whole = decode_entries(array({good, entry(7, 7)}), 3, print_of_mark(3));
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(numbers(*whole), (std::vector<std::uint64_t>{4, 5, 6, 7}));
    EXPECT_EQ(numbers(*decode_entries(array({sealed(1, 3, "")}), 0)).size(), 3U);

    const auto& fields = good.elements[1].elements;
    for (std::size_t part = 0; part < fields.size(); ++part) {
        for (std::size_t at = 0; at < fields[part].text.size(); ++at) {
            RedisReply bad = good;
            char& byte = bad.elements[1].elements[part].text[at];
            byte = static_cast<char>(byte ^ 0x01);
            // Without the name of its own sum it is one of an older shipper, and as good.
            const bool older = part % 2 == 0 && fields[part].text == "s";
            ASSERT_EQ(missing(bad, 3, print_of_mark(3)), !older) << part << " " << at;
        }
    }
    for (const std::string length : {"", "x"}) {
        RedisReply bad = good;
        std::string& records = bad.elements[1].elements[3].text;
        records = length.empty() ? records.substr(1) : records + length;
        EXPECT_TRUE(missing(bad, 3));
    }
    for (const std::string id : {"5-0", "6-1", "14-0"}) {
        RedisReply bad = good;
        bad.elements[0].text = id;
        EXPECT_TRUE(missing(bad, 3)) << id;
    }
    // Of shippers before the sum of all, which summed the records alone.
    RedisReply old = summed(4, 6, blob(4, 6));
    old.elements[1].elements[1].text = "5";
    EXPECT_TRUE(missing(old, 3));
    old.elements[1].elements[1].text = "x";
    EXPECT_TRUE(missing(old, 3));
    EXPECT_FALSE(missing(old, 6)) << "counted already";
}

TEST(DecodeEntries, TakesWhatComesBeforeAnEntryThatItCanNotRead)
{
    RedisReply lacking = sealed(4, 6, "");
    lacking.elements[1].elements[2].text = "e";
    std::string unreadable = blob(4, 6);
    unreadable[pool::record_bytes] = '\xff';
    for (const RedisReply& bad :
         {lacking, entry(4, 6, "x"), entry(4, 6, blob(5, 7)), entry(4, 6, unreadable)}) {
        const auto batch = decode_entries(array({entry(1, 3), bad, entry(7, 7)}), 1);
        ASSERT_TRUE(batch.has_value());
        EXPECT_EQ(numbers(*batch), (std::vector<std::uint64_t>{2, 3}));
        EXPECT_EQ(batch->print, print_of_mark(3));
        EXPECT_FALSE(batch->gap);
    }
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
