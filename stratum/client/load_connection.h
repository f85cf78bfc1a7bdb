#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"

namespace stratum::client {

/// One connection of a load run: a socket without waiting, and the cheapest way to make and to
/// recognise its lines.
class LoadConnection {
public:
    struct Answers {
        std::uint64_t accepted = 0;
        std::uint64_t rejected = 0;
    };

    LoadConnection() = default;
    ~LoadConnection();
    LoadConnection(LoadConnection&& other) noexcept;
    LoadConnection& operator=(LoadConnection&&) = delete;
    LoadConnection(const LoadConnection&) = delete;
    LoadConnection& operator=(const LoadConnection&) = delete;

    /// Connects and sends subscribe and authorize. salt: makes shares differ from other runs'.
    pool::Result<void> open(const pool::Endpoint& to, std::string_view user,
                            std::string_view password, std::uint32_t salt, bool same_root);
    int fd() const { return fd_; }
    bool ready() const { return authorised_ && !job_.empty(); }
    std::size_t unanswered() const { return sent_.size(); }
    bool has_unsent() const { return !out_.empty(); }

    /// Adds a share to what send() sends. intended: the moment it counts from, in nanoseconds.
    void put_share(std::uint64_t intended);
    /// Errors: unavailable, when the connection is gone.
    pool::Result<void> send();
    /// Reads what there is. answered(intended, accepted, line) for each share's answer.
    /// Errors: unavailable, when the connection is gone; refused, when the user is.
    template <typename Answered>
    pool::Result<void> receive(const Answered& answered)
    {
        auto there = fill();
        if (!there) return pool::fail(there.error());
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

private:
    pool::Result<void> fill();
    bool is_answer(std::string_view line) const;
    static bool accepts(std::string_view line);
    pool::Result<void> on_other(std::string_view line);
    void make_template();

    int fd_ = -1;
    std::string user_;
    bool same_root_ = false;
    std::uint32_t salt_ = 0;
    std::uint32_t made_ = 0;
    bool authorised_ = false;
    std::string job_;
    std::string time_;
    std::size_t extranonce2_digits_ = 16;

    std::string line_;  // of a share; digits at these places change
    std::size_t id_at_ = 0;
    std::size_t extranonce_at_ = 0;
    std::size_t nonce_at_ = 0;

    std::string out_;
    std::string in_;
    std::deque<std::uint64_t> sent_;  // intended moments of the shares without an answer
};

}  // namespace stratum::client
