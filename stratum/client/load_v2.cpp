#include "stratum/client/load_v2.h"

#include <span>

#include "pool/base/bytes.h"

namespace stratum::client {

LoadV2::LoadV2(const LoadLogin& login, const V2Wish& wish)
    : salt_(login.salt),
      same_root_(login.same_root),
      session_({.user = login.user, .password = login.password, .agent = "zubr-load"}, wish)
{
    to_send() = session_.take_output();
}

void LoadV2::put_share(std::uint64_t intended)
{
    const std::uint32_t number = made_++;
    const std::uint64_t extranonce =
        (same_root_ ? 0 : std::uint64_t{number} << 32) | std::uint64_t{salt_};
    session_.submit({session_.job(), extranonce, number ^ salt_});
    to_send() += session_.take_output();
    sent_.push_back(intended);
}

// Which share an answer is for does not matter to a load: the oldest has waited longest.
pool::Result<void> LoadV2::receive(const OnAnswer& answered)
{
    in_.clear();
    if (auto there = read_into(in_); !there) return there;
    if (auto understood = session_.on_bytes(pool::as_bytes(in_)); !understood) return understood;
    if (const auto& refusal = session_.refusal()) {
        return pool::fail(pool::Error::Code::refused, "the pool refuses the user: " + *refusal);
    }
    const MinerCounts& counts = session_.counts();
    for (; answered_.accepted < counts.accepted && !sent_.empty(); ++answered_.accepted) {
        answered(sent_.front(), true, {});
        sent_.pop_front();
    }
    for (; answered_.rejected < counts.rejected && !sent_.empty(); ++answered_.rejected) {
        answered(sent_.front(), false, counts.last_refusal);
        sent_.pop_front();
    }
    to_send() += session_.take_output();
    return {};
}

}  // namespace stratum::client
