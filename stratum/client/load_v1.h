#pragma once

#include <deque>
#include <string>

#include "stratum/client/load_connection.h"

namespace stratum::client {

/// A connection of a load run that speaks Stratum v1. A share is a line of which some digits
/// change.
class LoadV1 final : public LoadConnection {
public:
    explicit LoadV1(const LoadLogin& login);

    bool ready() const override { return authorised_ && !job_.empty(); }
    void put_share(std::uint64_t intended) override;
    pool::Result<void> receive(const OnAnswer& answered) override;

private:
    bool is_answer(std::string_view line) const;
    static bool accepts(std::string_view line);
    pool::Result<void> on_other(std::string_view line);
    void make_template();

    std::string user_;
    std::uint32_t salt_;
    bool same_root_;
    std::uint32_t made_ = 0;
    bool authorised_ = false;
    std::string job_;
    std::string time_;
    std::size_t extranonce2_digits_ = 16;

    std::string line_;  // of a share; digits at these places change
    std::size_t id_at_ = 0;
    std::size_t extranonce_at_ = 0;
    std::size_t nonce_at_ = 0;

    std::string in_;
    std::deque<std::uint64_t> sent_;  // intended moments of the shares without an answer
};

}  // namespace stratum::client
