#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/share/share.h"

namespace pool {

/// The record that carries a share from a Stratum loop through the journal and the Redis stream
/// into MySQL: 100 bytes, little-endian, version 1 (docs/share.md has the table). Share, block
/// and stale records are the leaves of the slot tree: their layout never changes.
inline constexpr std::size_t record_bytes = 100;
using RecordBytes = std::array<std::uint8_t, record_bytes>;

inline constexpr std::uint64_t slot_ms = 60'000;  ///< PPLNS-SU/1: money is counted by the minute
constexpr std::uint64_t slot_of(UnixMillis at) { return at.value / slot_ms; }

enum class RecordKind : std::uint8_t {
    share = 0,    ///< an accepted share
    block = 1,    ///< an accepted share that met the network's target
    stale = 2,    ///< right but for an older tip: recorded, score 0
    job = 3,      ///< a job this producer sent: what shares refer to
    account = 4,  ///< "handle n means this payout script (or this registered account)"
    worker = 5,   ///< "handle n of that account means this worker name"
    mark = 6,     ///< nothing happened up to here: lets slots be sealed while idle
    start = 7,    ///< a new life of the producer: all handles of the former one are void
};

/// A producer's own numbers for accounts and workers, from 1, void after the next `start`.
struct MemberHandle {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(MemberHandle, MemberHandle) = default;
};
struct WorkerHandle {
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(WorkerHandle, WorkerHandle) = default;
};

/// Layout: ver u8, kind u8, flags u16, nBits u32, seq u64, ts_ms u64, slot u64, member u64,
/// worker u32, work u96, version u32, ntime u32, nonce u32, job u64, extranonce[24].
struct ShareRecord {
    RecordKind kind = RecordKind::share;  ///< share, block or stale
    std::uint16_t flags = 0;
    CompactBits bits;
    std::uint64_t seq = 0;  ///< set by the journal
    UnixMillis at;
    std::uint64_t slot = 0;
    MemberHandle member;
    WorkerHandle worker;
    U128 work = 0;  ///< of the promised target; < 2^96
    std::uint32_t version = 0;
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
    JobId job;
    std::array<std::uint8_t, extranonce_bytes_max> extranonce{};
};

/// Shares ShareRecord's layout: member and worker 0, work = the network's (saturated to 96 bits),
/// extranonce[0] = prefix length, extranonce[1] = rolled length.
struct JobRecord {
    CompactBits bits;
    std::uint64_t seq = 0;
    UnixMillis at;
    JobId job;
    std::uint32_t version = 0;
    std::uint32_t time = 0;
    std::uint8_t prefix_length = 0;
    std::uint8_t rolled_length = 0;
};

/// Layout of the rest: ver u8, kind u8, flags u16 (= length of text), zero u32, seq u64, ts_ms u64,
/// member u64, worker u32, text[64]. For `account` by address the text is the payout script; for
/// a registered account it is empty and `registered` (in the place of `worker` and the first four
/// bytes of text, u64) is its row.
struct AccountRecord {
    std::uint64_t seq = 0;
    UnixMillis at;
    MemberHandle member;
    Script script;
    AccountId registered;
};
struct WorkerRecord {
    std::uint64_t seq = 0;
    UnixMillis at;
    MemberHandle member;
    WorkerHandle worker;
    std::string name;  ///< 1 ..= 64 folded characters
};
struct MarkRecord {
    std::uint64_t seq = 0;
    UnixMillis at;
};
struct StartRecord {
    std::uint64_t seq = 0;
    UnixMillis at;
    /// Random, in the place of `member`: two lives that began at one number and moment (a machine
    /// and its copy) differ in it. 0 in records of before it was told.
    std::uint64_t life = 0;
};

using Record =
    std::variant<ShareRecord, JobRecord, AccountRecord, WorkerRecord, MarkRecord, StartRecord>;

RecordBytes encode(const Record& record);
/// Errors: invalid, for another version, an unknown kind, or lengths out of range.
Result<Record> decode(std::span<const std::uint8_t, record_bytes> bytes);
std::uint64_t seq_of(const Record& record);
/// What the next entry of the stream names its predecessor by: the first bytes of a SHA-256.
std::uint64_t print_of(std::span<const std::uint8_t, record_bytes> bytes);

}  // namespace pool
