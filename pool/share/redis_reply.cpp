#include "pool/share/redis_reply.h"

#include <charconv>
#include <string>
#include <system_error>

#include <hiredis/hiredis.h>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"

namespace pool {
namespace {

constexpr unsigned depth_max = 8;  // XRANGE nests three deep

RedisReply copy(const redisReply* reply, unsigned depth)
{
    RedisReply out;
    if (reply == nullptr || depth > depth_max) return out;
    switch (reply->type) {
        case REDIS_REPLY_ERROR:
            out.type = RedisReply::Type::error;
            break;
        case REDIS_REPLY_STATUS:
            out.type = RedisReply::Type::status;
            break;
        case REDIS_REPLY_STRING:
            out.type = RedisReply::Type::string;
            break;
        case REDIS_REPLY_INTEGER:
            out.type = RedisReply::Type::integer;
            out.integer = reply->integer;
            return out;
        case REDIS_REPLY_ARRAY:
            out.type = RedisReply::Type::array;
            out.elements.reserve(reply->elements);
            for (std::size_t i = 0; i < reply->elements; ++i) {
                out.elements.push_back(copy(reply->element[i], depth + 1));
            }
            return out;
        default:
            return out;
    }
    out.text.assign(reply->str, reply->len);
    return out;
}

}  // namespace

const RedisReply* RedisReply::field(std::string_view name) const
{
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
        if (elements[i].text == name) return &elements[i + 1];
    }
    return nullptr;
}

RedisReply copy_reply(const redisReply* reply) { return copy(reply, 0); }

std::uint32_t sum_of_entry(std::string_view first, std::string_view print, std::string_view sum)
{
    std::string text{first};
    text.append(" ").append(print).append(" ").append(sum);
    return crc32c(as_bytes(text));
}

Result<std::uint64_t> seq_of_stream_id(std::string_view id)
{
    std::uint64_t seq = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), seq);
    if (error != std::errc{} || std::string_view{end, id.data() + id.size()} != "-0") {
        return fail(Error::Code::invalid, "a stream entry with the foreign id '" +
                                              std::string{id.substr(0, 40)} +
                                              "': only zubrd may write to share streams");
    }
    return seq;
}

Result<std::uint64_t> last_seq_of_stream(const RedisReply& xinfo)
{
    if (xinfo.is_error()) {
        if (xinfo.text == "ERR no such key") return 0;
        return fail(Error::Code::unavailable, "Redis says: " + xinfo.text);
    }
    const RedisReply* last = xinfo.field("last-generated-id");
    if (last == nullptr) {
        return fail(Error::Code::invalid, "XINFO STREAM gave no last-generated-id");
    }
    return seq_of_stream_id(last->text);
}

}  // namespace pool
