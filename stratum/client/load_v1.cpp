#include "stratum/client/load_v1.h"

#include <algorithm>

#include "pool/base/json.h"

namespace stratum::client {
namespace {

constexpr std::size_t id_digits = 8;
constexpr std::uint32_t id_first = 10'000'000;  // all ids have as many digits
constexpr std::uint32_t ids = 90'000'000;
constexpr std::size_t nonce_digits = 8;

void write_hex(char* at, std::uint64_t value, std::size_t digits)
{
    for (std::size_t i = digits; i > 0; --i, value >>= 4) {
        at[i - 1] = "0123456789abcdef"[value & 15];
    }
}

}  // namespace

LoadV1::LoadV1(const LoadLogin& login)
    : user_(login.user), salt_(login.salt), same_root_(login.same_root)
{
    std::string& out = to_send();
    out = R"({"id":1,"method":"mining.subscribe","params":["zubr-load"]})";
    out += "\n{\"id\":2,\"method\":\"mining.authorize\",\"params\":[";
    pool::append_json_string(out, user_);
    out += ',';
    pool::append_json_string(out, login.password);
    out += "]}\n";
}

void LoadV1::make_template()
{
    line_ = R"({"id":)";
    id_at_ = line_.size();
    line_.append(id_digits, '0').append(R"(,"method":"mining.submit","params":[)");
    pool::append_json_string(line_, user_);
    line_ += ',';
    pool::append_json_string(line_, job_);
    line_ += ",\"";
    extranonce_at_ = line_.size();
    line_.append(extranonce2_digits_, '0').append("\",\"").append(time_).append("\",\"");
    nonce_at_ = line_.size();
    line_.append(nonce_digits, '0').append("\"]}\n");
}

void LoadV1::put_share(std::uint64_t intended)
{
    const std::uint32_t number = made_++;
    std::uint32_t id = id_first + number % ids;
    for (std::size_t i = id_digits; i > 0; --i, id /= 10) {
        line_[id_at_ + i - 1] = static_cast<char>('0' + id % 10);
    }
    // The salt comes last: its digits are there also where an extranonce2 is short.
    const std::uint64_t extranonce =
        (same_root_ ? 0 : std::uint64_t{number} << 32) | std::uint64_t{salt_};
    write_hex(&line_[extranonce_at_], extranonce, extranonce2_digits_);
    write_hex(&line_[nonce_at_], number ^ salt_, nonce_digits);
    to_send() += line_;
    sent_.push_back(intended);
}

pool::Result<void> LoadV1::receive(const OnAnswer& answered)
{
    if (auto there = read_into(in_); !there) return there;
    std::size_t from = 0;
    for (std::size_t end = in_.find('\n', from); end != std::string::npos;
         end = in_.find('\n', from)) {
        const std::string_view line = std::string_view{in_}.substr(from, end - from);
        from = end + 1;
        if (is_answer(line)) {
            answered(sent_.front(), accepts(line), line);
            sent_.pop_front();
        } else if (auto taken = on_other(line); !taken) {
            return taken;
        }
    }
    in_.erase(0, from);
    return {};
}

// Answers come in order, so the id need not be read: only that it is one of a share's.
bool LoadV1::is_answer(std::string_view line) const
{
    constexpr std::string_view begin = R"({"id":)";
    return !sent_.empty() && line.size() > begin.size() + id_digits && line.starts_with(begin) &&
           line[begin.size() + id_digits] == ',' && line[begin.size()] != 'n';
}

bool LoadV1::accepts(std::string_view line)
{
    return line.substr(0, 48).find(R"("result":true)") != std::string_view::npos;
}

pool::Result<void> LoadV1::on_other(std::string_view line)
{
    pool::JsonDocument document;
    const auto message = document.parse(line, {.bytes_max = std::size_t{1} << 20});
    if (!message) return pool::fail(message.error());
    const auto method = message->find("method").string();
    const pool::JsonValue params = message->find("params");
    if (method == "mining.notify") {
        job_ = params.at(0).string().value_or("");
        time_ = params.at(7).string().value_or("");
        make_template();
        return {};
    }
    if (method) return {};
    const auto id = message->find("id").uint64();
    const pool::JsonValue result = message->find("result");
    if (id == 1) {
        const auto bytes = result.at(2).uint64();
        extranonce2_digits_ = std::clamp<std::size_t>(bytes.value_or(8), 4, 8) * 2;
    }
    if (id == 2) {
        authorised_ = result.boolean().value_or(false);
        if (!authorised_) {
            return pool::fail(pool::Error::Code::refused,
                              "the pool refuses " + user_ + ": " + std::string{line});
        }
    }
    return {};
}

}  // namespace stratum::client
