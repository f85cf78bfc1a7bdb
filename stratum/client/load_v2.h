#pragma once

#include <deque>
#include <string>

#include "stratum/client/load_connection.h"
#include "stratum/client/v2_session.h"

namespace stratum::client {

/// A connection of a load run that speaks Stratum v2, with one channel. Success comes for several
/// shares at once, so a closed loop needs many in flight, and times are those of the batches.
class LoadV2 final : public LoadConnection {
public:
    LoadV2(const LoadLogin& login, const V2Wish& wish);

    bool ready() const override { return session_.authorised() && session_.job() != nullptr; }
    void put_share(std::uint64_t intended) override;
    pool::Result<void> receive(const OnAnswer& answered) override;

private:
    std::uint32_t salt_;
    bool same_root_;
    std::uint32_t made_ = 0;
    V2MinerSession session_;
    std::string in_;
    MinerCounts answered_;            // what the caller has been told
    std::deque<std::uint64_t> sent_;  // intended moments of the shares without an answer
};

}  // namespace stratum::client
