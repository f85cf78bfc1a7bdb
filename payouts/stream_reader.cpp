#include "payouts/stream_reader.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::RedisReply;
using pool::Result;

/// One entry: numbers first ..= last, and the blob of their records.
struct Entry {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    pool::ByteSpan blob;
    std::optional<std::uint64_t> before;  // print of record first - 1, where its shipper had it
    bool sound = true;                    // it is what was shipped; else only `last` is said

    std::span<const std::uint8_t, pool::record_bytes> record(std::uint64_t seq) const
    {
        const auto at = static_cast<std::size_t>(seq - first) * pool::record_bytes;
        return blob.subspan(at).first<pool::record_bytes>();
    }
};

std::optional<std::uint64_t> number_in(const std::string& text)
{
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || read != end) return std::nullopt;
    return value;
}

Result<Entry> read_fields(const RedisReply& reply)
{
    const auto damaged = [](std::string_view id, std::string_view what) {
        return fail(Error::Code::invalid, "entry " + std::string{id} + " of a share stream " +
                                              std::string{what} + ": only zubrd may write there");
    };
    if (reply.elements.size() != 2) return damaged("?", "has no id");
    const std::string& id = reply.elements[0].text;
    const auto last = pool::seq_of_stream_id(id);
    if (!last) return fail(last.error());
    const RedisReply* first = reply.elements[1].field("f");
    const RedisReply* blob = reply.elements[1].field("d");
    if (first == nullptr || blob == nullptr) return damaged(id, "lacks a field");

    Entry entry;
    entry.last = *last;
    const auto number = number_in(first->text);
    if (!number || *number == 0 || *number > entry.last) {
        return damaged(id, "has a wrong first number");
    }
    entry.first = *number;
    if (const RedisReply* before = reply.elements[1].field("p"); before != nullptr) {
        entry.before = number_in(before->text);
    }
    entry.blob = pool::as_bytes(blob->text);
    if (entry.blob.size() / pool::record_bytes != entry.last - entry.first + 1 ||
        entry.blob.size() % pool::record_bytes != 0) {
        return damaged(id, "has a wrong length");
    }
    return entry;
}

/// Whether the checksums that an entry bears are those of what it has.
bool sums_hold(const RedisReply& fields, pool::ByteSpan blob)
{
    const RedisReply* sum = fields.field("c");
    if (sum == nullptr || number_in(sum->text) != pool::crc32c(blob)) return false;
    const RedisReply* all = fields.field("s");
    if (all == nullptr) return true;  // of a shipper that summed the records alone
    const RedisReply* before = fields.field("p");
    return number_in(all->text) == pool::sum_of_entry(fields.field("f")->text,
                                                      before == nullptr ? "" : before->text,
                                                      sum->text);
}

/// Errors: invalid, for one that no shipper wrote. One with a checksum was shipped, and what is
/// wrong with it came later.
Result<Entry> read_entry(const RedisReply& reply)
{
    auto entry = read_fields(reply);
    if (reply.elements.size() != 2) return entry;
    const RedisReply& fields = reply.elements[1];
    if (fields.field("c") == nullptr && fields.field("s") == nullptr) return entry;
    if (entry && sums_hold(fields, entry->blob)) return entry;
    const std::string& id = reply.elements[0].text;
    const auto last = number_in(id.substr(0, id.find('-')));
    if (!last) return entry;
    Entry damaged;
    damaged.last = *last;
    damaged.sound = false;
    return damaged;
}

/// Its records from `next` on, behind the others. Errors: invalid.
Result<void> take_records(const Entry& entry, std::uint64_t next, StreamBatch& batch)
{
    for (std::uint64_t seq = next; seq <= entry.last; ++seq) {
        auto record = pool::decode(entry.record(seq));
        if (!record) return fail(record.error());
        if (pool::seq_of(*record) != seq) {
            return fail(Error::Code::invalid, "record " + std::to_string(seq) +
                                                  " of a share stream bears the number " +
                                                  std::to_string(pool::seq_of(*record)));
        }
        batch.records.push_back(std::move(*record));
    }
    return {};
}

/// Whether the entry goes on from the record at seq - 1, as far as anybody can tell.
bool goes_on(const Entry& entry, std::uint64_t seq, std::optional<std::uint64_t> print)
{
    const bool inside = entry.first < seq;
    const auto before =
        inside ? std::optional{pool::print_of(entry.record(seq - 1))} : entry.before;
    return !print || !before || *print == *before;
}

}  // namespace

Result<StreamBatch> decode_entries(const RedisReply& entries, std::uint64_t mark,
                                   std::optional<std::uint64_t> print)
{
    StreamBatch batch;
    batch.print = print;
    std::uint64_t next = mark + 1;
    for (const RedisReply& reply : entries.elements) {
        const auto entry = read_entry(reply);
        // Whatever is wrong: what came before it is whole, and comes first.
        const std::size_t whole = batch.records.size();
        if (!entry && whole > 0) break;
        if (!entry) return fail(entry.error());
        if (entry->last < next) continue;
        // What a failed memory has changed is missing, and its shipper has it.
        if (entry->first > next || !entry->sound) {
            batch.gap = whole == 0;
            break;
        }
        if (!goes_on(*entry, next, batch.print)) {
            if (whole > 0) break;
            return fail(Error::Code::refused,
                        "record " + std::to_string(next) +
                            " of a share stream does not follow from the one before it: two "
                            "servers write under one name. Stop one of them, then delete the "
                            "stream: the other fills it again");
        }
        if (auto taken = take_records(*entry, next, batch); !taken) {
            if (whole == 0) return fail(taken.error());
            batch.records.resize(whole);
            break;
        }
        next = entry->last + 1;
        batch.print = pool::print_of(entry->record(entry->last));
    }
    return batch;
}

Result<StreamBatch> StreamReader::read(std::string_view producer, std::uint64_t mark,
                                       std::size_t entries_max, std::optional<std::uint64_t> print)
{
    const auto reply = redis_.command({"XRANGE", pool::stream_key(redis_.options(), producer),
                                       std::to_string(mark + 1) + "-0", "+", "COUNT",
                                       std::to_string(entries_max)});
    if (!reply) return fail(reply.error());
    if (reply->is_error()) return fail(Error::Code::unavailable, "Redis says: " + reply->text);
    return decode_entries(*reply, mark, print);
}

Result<std::uint64_t> StreamReader::first_start(std::string_view producer, std::uint64_t mark)
{
    constexpr std::string_view entries_at_once = "40";
    const std::string key = pool::stream_key(redis_.options(), producer);
    while (true) {
        const auto reply = redis_.command(
            {"XRANGE", key, std::to_string(mark + 1) + "-0", "+", "COUNT", entries_at_once});
        if (!reply) return fail(reply.error());
        if (reply->is_error()) return fail(Error::Code::unavailable, "Redis says: " + reply->text);
        if (reply->elements.empty()) return 0;
        for (const RedisReply& each : reply->elements) {
            const auto entry = read_entry(each);
            if (!entry) return fail(entry.error());
            if (!entry->sound) {
                mark = entry->last;
                continue;
            }
            for (std::uint64_t seq = std::max(entry->first, mark + 1); seq <= entry->last; ++seq) {
                const auto record = pool::decode(entry->record(seq));
                if (!record) return fail(record.error());
                if (std::holds_alternative<pool::StartRecord>(*record)) return seq;
            }
            mark = entry->last;
        }
    }
}

Result<std::uint64_t> StreamReader::last(std::string_view producer)
{
    return pool::last_stream_seq(redis_, producer);
}

Result<void> StreamReader::trim(std::string_view producer, std::uint64_t mark)
{
    const auto reply = redis_.command({"XTRIM", pool::stream_key(redis_.options(), producer),
                                       "MINID", std::to_string(mark + 1) + "-0"});
    if (!reply) return fail(reply.error());
    if (reply->is_error()) return fail(Error::Code::unavailable, "Redis says: " + reply->text);
    return {};
}

}  // namespace payouts
