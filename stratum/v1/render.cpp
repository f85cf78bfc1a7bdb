#include "stratum/v1/render.h"

#include <charconv>

#include "pool/base/bytes.h"
#include "pool/base/json.h"

namespace stratum::v1 {
namespace {

constexpr std::size_t message_max = 200;  // what firmwares have room for
constexpr std::string_view head = R"({"id":null,"method":"mining.notify","params":[")";
constexpr std::string_view tail_clean = "true]}\n";
constexpr std::size_t time_digits = 8;

void append_hex32(std::string& out, std::uint32_t value)
{
    constexpr std::string_view digits = "0123456789abcdef";
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back(digits[value >> shift & 0xf]);
}

// The eight words of the hash each have their bytes reversed: Stratum v1's own order.
std::array<std::uint8_t, 32> words_swapped(const pool::Digest& hash)
{
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = hash[(i & ~std::size_t{3}) + 3 - (i & 3)];
    return out;
}

void append_quoted_hex(std::string& out, pool::ByteSpan bytes)
{
    out.push_back('"');
    pool::append_hex(out, bytes);
    out.push_back('"');
}

void append_extranonce(std::string& out, const ExtranoncePrefix& prefix, std::uint8_t zeros,
                       std::uint8_t extranonce2_bytes)
{
    append_quoted_hex(out, prefix.bytes);
    out.insert(out.size() - 1, std::size_t{2} * zeros, '0');
    out.append(",").append(std::to_string(extranonce2_bytes));
}

}  // namespace

void append_result(std::string& out, std::string_view id, bool result)
{
    append_result_json(out, id, result ? "true" : "false");
}

void append_result_json(std::string& out, std::string_view id, std::string_view result)
{
    out.append(R"({"id":)").append(id).append(R"(,"result":)").append(result);
    out.append(R"(,"error":null})").push_back('\n');
}

void append_error(std::string& out, std::string_view id, ErrorCode code, std::string_view text,
                  std::string_view result)
{
    out.append(R"({"id":)").append(id).append(R"(,"result":)").append(result);
    out.append(R"(,"error":[)").append(std::to_string(static_cast<int>(code))).push_back(',');
    pool::append_json_string(out, text);
    out.append(",null]}\n");
}

void append_subscribe_reply(std::string& out, std::string_view id, const SubscribeReply& reply)
{
    std::string name = "\"";
    append_hex32(name, static_cast<std::uint32_t>(reply.subscription >> 32));
    append_hex32(name, static_cast<std::uint32_t>(reply.subscription));
    name.push_back('"');

    std::string result = R"([[["mining.set_difficulty",)";
    result.append(name).append(R"(],["mining.notify",)").append(name).append("]],");
    append_extranonce(result, reply.prefix, reply.zeros, reply.extranonce2_bytes);
    result.push_back(']');
    append_result_json(out, id, result);
}

void append_configure_reply(std::string& out, std::string_view id, const Configure& asked,
                            std::uint32_t mask)
{
    std::string result;
    pool::JsonWriter writer{result};
    writer.begin_object();
    for (const std::string_view code : asked.codes) {
        writer.key(code);
        if (code == "version-rolling") {
            writer.boolean(mask != 0);
            if (mask == 0) continue;
            std::string text;
            append_hex32(text, mask);
            writer.key("version-rolling.mask").string(text);
        } else if (code == "minimum-difficulty") {
            writer.boolean(asked.minimum_difficulty.has_value());
        } else {
            writer.boolean(code == "subscribe-extranonce" || code == "info");
        }
    }
    writer.end_object();
    append_result_json(out, id, result);
}

void append_set_difficulty(std::string& out, pool::Difficulty difficulty)
{
    out.append(R"({"id":null,"method":"mining.set_difficulty","params":[)");
    out.append(pool::to_decimal(difficulty)).append("]}\n");
}

void append_set_version_mask(std::string& out, std::uint32_t mask)
{
    out.append(R"({"id":null,"method":"mining.set_version_mask","params":[")");
    append_hex32(out, mask);
    out.append("\"]}\n");
}

void append_set_extranonce(std::string& out, const ExtranoncePrefix& prefix, std::uint8_t zeros,
                           std::uint8_t extranonce2_bytes)
{
    out.append(R"({"id":null,"method":"mining.set_extranonce","params":[)");
    append_extranonce(out, prefix, zeros, extranonce2_bytes);
    out.append("]}\n");
}

void append_show_message(std::string& out, std::string_view text)
{
    out.append(R"({"id":null,"method":"client.show_message","params":[)");
    pool::append_json_string(out, text.substr(0, message_max));
    out.append("]}\n");
}

void append_job_id(std::string& out, pool::JobId id)
{
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id.value, 16).ptr;
    out.append(digits.data(), end);
}

PreparedNotify::PreparedNotify(const pool::Job& prepared) : lines_(render_notify(prepared))
{
    std::string id;
    append_job_id(id, prepared.id);
    constexpr std::string_view between = "\",\"";
    hash_at_ = head.size() + id.size() + between.size();
    constexpr std::string_view after_time = "\",";
    time_at_ = lines_.clean.size() - tail_clean.size() - after_time.size() - time_digits;
}

NotifyLines PreparedNotify::lines_of(const pool::Job& job) const
{
    std::string hash;
    pool::append_hex(hash, words_swapped(job.previous.bytes));
    std::string time;
    append_hex32(time, job.time_start.seconds);
    NotifyLines out = lines_;
    for (std::string* line : {&out.clean, &out.keep}) {
        line->replace(hash_at_, hash.size(), hash);
        line->replace(time_at_, time.size(), time);
    }
    return out;
}

void append_get_version(std::string& out)
{
    out.append("{\"id\":").append(version_question_id);
    out.append(",\"method\":\"client.get_version\",\"params\":[]}\n");
}

void append_reconnect(std::string& out)
{
    out.append("{\"id\":null,\"method\":\"client.reconnect\",\"params\":[]}\n");
}

NotifyLines render_notify(const pool::Job& job)
{
    std::string line{head};
    append_job_id(line, job.id);
    line.append("\",");
    append_quoted_hex(line, words_swapped(job.previous.bytes));
    line.push_back(',');
    append_quoted_hex(line, job.coinbase_prefix);
    line.push_back(',');
    append_quoted_hex(line, job.coinbase_suffix);
    line.append(",[");
    for (std::size_t i = 0; i < job.branch.size(); ++i) {
        if (i > 0) line.push_back(',');
        append_quoted_hex(line, job.branch[i].bytes);
    }
    line.append("],\"");
    append_hex32(line, job.version);
    line.append("\",\"");
    append_hex32(line, job.bits.value);
    line.append("\",\"");
    append_hex32(line, job.time_start.seconds);
    line.append("\",");
    return {.clean = line + std::string{tail_clean}, .keep = line + "false]}\n"};
}

}  // namespace stratum::v1
