#include "stratum/client/load_connection.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

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

pool::Error gone(std::string_view what, int number)
{
    return {pool::Error::Code::unavailable, "a connection of the load broke (" + std::string{what} +
                                                ": " + std::strerror(number) + ")"};
}

}  // namespace

LoadConnection::~LoadConnection()
{
    if (fd_ >= 0) ::close(fd_);
}

LoadConnection::LoadConnection(LoadConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      user_(std::move(other.user_)),
      same_root_(other.same_root_),
      salt_(other.salt_),
      out_(std::move(other.out_))
{
    pool::check(other.made_ == 0, "connections are moved before they are used");
}

pool::Result<void> LoadConnection::open(const pool::Endpoint& to, std::string_view user,
                                        std::string_view password, std::uint32_t salt,
                                        bool same_root)
{
    user_ = user;
    salt_ = salt;
    same_root_ = same_root;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    if (::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1) {
        return pool::fail(pool::Error::Code::invalid, "a load needs an IPv4 address");
    }
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return pool::fail(gone("socket", errno));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return pool::fail(gone("connect", errno));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    out_ = R"({"id":1,"method":"mining.subscribe","params":["zubr-load"]})";
    out_ += "\n{\"id\":2,\"method\":\"mining.authorize\",\"params\":[";
    pool::append_json_string(out_, user);
    out_ += ',';
    pool::append_json_string(out_, password);
    out_ += "]}\n";
    return send();
}

void LoadConnection::make_template()
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

void LoadConnection::put_share(std::uint64_t intended)
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
    out_ += line_;
    sent_.push_back(intended);
}

pool::Result<void> LoadConnection::send()
{
    while (!out_.empty()) {
        const ssize_t put = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) return {};
        if (put < 0) return pool::fail(gone("send", errno));
        out_.erase(0, static_cast<std::size_t>(put));
    }
    return {};
}

pool::Result<void> LoadConnection::fill()
{
    std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) return pool::fail(gone("recv", got == 0 ? ECONNRESET : errno));
    in_.append(buffer.data(), static_cast<std::size_t>(got));
    return {};
}

// Answers come in order, so the id need not be read: only that it is one of a share's.
bool LoadConnection::is_answer(std::string_view line) const
{
    constexpr std::string_view begin = R"({"id":)";
    return !sent_.empty() && line.size() > begin.size() + id_digits && line.starts_with(begin) &&
           line[begin.size() + id_digits] == ',' && line[begin.size()] != 'n';
}

bool LoadConnection::accepts(std::string_view line)
{
    return line.substr(0, 48).find(R"("result":true)") != std::string_view::npos;
}

pool::Result<void> LoadConnection::on_other(std::string_view line)
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
