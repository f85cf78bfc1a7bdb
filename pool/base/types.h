#pragma once

#include <compare>
#include <cstdint>

namespace pool {

/// An amount of money in satoshi. Plus and minus only: multiplying and dividing money is the
/// business of `payouts::apportion` and `payouts::settle`, in exact wide integers.
struct Sats {
    std::int64_t value = 0;

    friend constexpr Sats operator+(Sats a, Sats b) { return {a.value + b.value}; }
    friend constexpr Sats operator-(Sats a, Sats b) { return {a.value - b.value}; }
    constexpr Sats& operator+=(Sats other)
    {
        value += other.value;
        return *this;
    }
    friend constexpr auto operator<=>(Sats, Sats) = default;
};

/// Height of a block in the chain; the genesis block is 0.
struct Height {
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(Height, Height) = default;
};

/// The compact form of a target as it stands in a block header (nBits).
struct CompactBits {
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(CompactBits, CompactBits) = default;
};

/// An account's row in MySQL. Known to the books only: the Stratum loops speak of accounts by
/// `MinerHandle`, so that mining never waits for the database.
struct AccountId {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(AccountId, AccountId) = default;
};

/// Names a job. Counted upwards by one server, never used again; unique within a server's life.
struct JobId {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(JobId, JobId) = default;
};

/// Names a connection of one Stratum loop. Never used again while the process lives.
struct SessionId {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(SessionId, SessionId) = default;
};

/// The four chains a pool may work on. Regtest and signet are for tests and for `./dev run`.
enum class Chain : std::uint8_t { main, testnet4, signet, regtest };

}  // namespace pool
