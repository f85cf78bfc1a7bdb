#include "pool/share/redis_kept_records.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"

namespace pool {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text)
{
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || read != end) return std::nullopt;
    return value;
}

/// Record `seq` out of its bytes; nothing when they are another one's, or none's.
std::optional<RecordBytes> record_of(std::string_view bytes, std::uint64_t seq)
{
    RecordBytes record{};
    if (bytes.size() != record.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), record.begin());
    const auto decoded = decode(record);
    if (!decoded || seq_of(*decoded) != seq) return std::nullopt;
    return record;
}

/// An entry's records, when both its checksums hold; else "".
std::string_view sound_blob(const RedisReply& fields)
{
    const RedisReply* first = fields.field("f");
    const RedisReply* blob = fields.field("d");
    const RedisReply* sum = fields.field("c");
    const RedisReply* all = fields.field("s");
    if (first == nullptr || blob == nullptr || sum == nullptr || all == nullptr) return {};
    const RedisReply* before = fields.field("p");
    const std::string_view print = before == nullptr ? std::string_view{} : before->text;
    const bool sound = number_in(sum->text) == crc32c(as_bytes(blob->text)) &&
                       number_in(all->text) == sum_of_entry(first->text, print, sum->text);
    return sound ? std::string_view{blob->text} : std::string_view{};
}

/// Record `seq` in the first of these entries: that which XRANGE gives from there on.
std::optional<RecordBytes> record_in(const RedisReply& entries, std::uint64_t seq)
{
    if (entries.elements.empty() || entries.elements.front().elements.size() != 2) {
        return std::nullopt;
    }
    const RedisReply& fields = entries.elements.front().elements[1];
    const std::string_view blob = sound_blob(fields);
    const auto first = blob.empty() ? std::nullopt : number_in(fields.field("f")->text);
    if (!first || *first > seq || seq - *first >= blob.size() / record_bytes) return std::nullopt;
    const auto at = static_cast<std::size_t>(seq - *first) * record_bytes;
    return record_of(blob.substr(at, record_bytes), seq);
}

}  // namespace

RedisKeptRecords::RedisKeptRecords(RedisConnection& redis, std::string stream_key)
    : redis_(redis), stream_(std::move(stream_key)), key_(stream_ + ":kept")
{
}

void RedisKeptRecords::load(Done done)
{
    const std::array<std::string_view, 2> words{"HGETALL", key_};
    redis_.command(words, [this, done = std::move(done)](const RedisReply& reply) {
        const bool forbidden = reply.text.starts_with("NOPERM");
        if (reply.is_error() && !forbidden) return done(reply.text);
        for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
            const auto seq = number_in(reply.elements[i].text);
            const auto record =
                seq ? record_of(reply.elements[i + 1].text, *seq) : std::optional<RecordBytes>{};
            if (record) records_[*seq] = *record;
        }
        loaded_ = true;
        done("");
    });
}

void RedisKeptRecords::keep(std::uint64_t seq, Done done)
{
    if (records_.size() >= records_max) return done("too many records cannot be read");
    const std::string id = std::to_string(seq) + "-0";
    const std::array<std::string_view, 6> words{"XRANGE", stream_, id, "+", "COUNT", "1"};
    redis_.command(words, [this, seq, done = std::move(done)](const RedisReply& reply) {
        if (reply.is_error()) return done(reply.text);
        const auto record = record_in(reply, seq);
        if (!record) return done("Redis does not have it either");
        store(seq, *record, done);
    });
}

void RedisKeptRecords::store(std::uint64_t seq, const RecordBytes& record, Done done)
{
    const std::string field = std::to_string(seq);
    const std::string_view bytes{reinterpret_cast<const char*>(record.data()), record.size()};
    const std::array<std::string_view, 4> words{"HSET", key_, field, bytes};
    redis_.command(words, [this, seq, record, done = std::move(done)](const RedisReply& reply) {
        if (reply.is_error()) return done(reply.text);
        records_[seq] = record;
        done("");
    });
}

const RecordBytes* RedisKeptRecords::find(std::uint64_t seq) const
{
    const auto found = records_.find(seq);
    return found == records_.end() ? nullptr : &found->second;
}

void RedisKeptRecords::drop_below(std::uint64_t seq)
{
    if (records_.empty() || records_.rbegin()->first >= seq || !redis_.connected()) return;
    records_.clear();
    const std::array<std::string_view, 2> words{"DEL", key_};
    redis_.command(words, [](const RedisReply&) {});  // an older life's do no harm
}

}  // namespace pool
