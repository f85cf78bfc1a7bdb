#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pool/base/secret_hash.h"
#include "pool/base/time.h"
#include "pool/bitcoin/target.h"

namespace stratum {

/// At which difficulty a worker had its last accepted share, so that it begins there when it comes
/// back: after a power cut nobody has to climb again, and no small miner waits under a difficulty
/// that it can't meet.
///
/// By address and worker: names are no secret, and nobody shall spoil another's start. Shared by
/// all loops, for a miner comes back to any of them; taken when a connection authorises or ends,
/// never on the road of a share. Bounded: while it is full of younger ones, nobody new is kept.
class KnownDifficulties {
public:
    static constexpr std::chrono::hours kept_for{24};
    explicit KnownDifficulties(std::size_t workers_max = 200'000) : workers_max_(workers_max) {}

    /// peer: address and port; worker: account and name as one text.
    void note(std::string_view peer, std::string_view worker, pool::Difficulty difficulty,
              pool::SteadyTime now);
    std::optional<pool::Difficulty> of(std::string_view peer, std::string_view worker,
                                       pool::SteadyTime now);

private:
    struct Known {
        pool::Difficulty difficulty;
        pool::SteadyTime at;
    };
    std::size_t workers_max_;
    std::mutex mutex_;
    std::unordered_map<std::string, Known, pool::SecretHash> workers_;
    pool::SteadyTime aged_out_;
};

}  // namespace stratum
