#include "pool/share/record.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "pool/bitcoin/target.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t text_offset = 36;
constexpr std::size_t text_max = record_bytes - text_offset;
constexpr std::size_t registered_offset = 32;
constexpr U128 work_max = (U128{1} << 96) - 1;

void put_u16(RecordBytes& out, std::size_t at, std::uint16_t value)
{
    out[at] = static_cast<std::uint8_t>(value);
    out[at + 1] = static_cast<std::uint8_t>(value >> 8);
}

void put_u32(RecordBytes& out, std::size_t at, std::uint32_t value)
{
    for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void put_u64(RecordBytes& out, std::size_t at, std::uint64_t value)
{
    for (std::size_t i = 0; i < 8; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

RecordBytes begin(RecordKind kind, std::uint64_t seq, UnixMillis at)
{
    RecordBytes out{};
    out[0] = record_version;
    out[1] = static_cast<std::uint8_t>(kind);
    put_u64(out, 8, seq);
    put_u64(out, 16, at.value);
    return out;
}

void put_work(RecordBytes& out, U128 work)
{
    const U128 fits = std::min(work, work_max);
    put_u64(out, 44, static_cast<std::uint64_t>(fits));
    put_u32(out, 52, static_cast<std::uint32_t>(fits >> 64));
}

RecordBytes encode_share(const ShareRecord& share)
{
    check(share.kind == RecordKind::share || share.kind == RecordKind::block ||
              share.kind == RecordKind::stale,
          "a ShareRecord is a share, a block or a stale share");
    RecordBytes out = begin(share.kind, share.seq, share.at);
    put_u16(out, 2, share.flags);
    put_u32(out, 4, share.bits.value);
    put_u64(out, 24, share.slot);
    put_u64(out, 32, share.member.value);
    put_u32(out, 40, share.worker.value);
    put_work(out, share.work);
    put_u32(out, 56, share.version);
    put_u32(out, 60, share.time);
    put_u32(out, 64, share.nonce);
    put_u64(out, 68, share.job.value);
    std::copy(share.extranonce.begin(), share.extranonce.end(), out.begin() + 76);
    return out;
}

RecordBytes encode_job(const JobRecord& job)
{
    RecordBytes out = begin(RecordKind::job, job.seq, job.at);
    put_u32(out, 4, job.bits.value);
    put_u64(out, 24, slot_of(job.at));
    const std::optional<Uint256> target = target_from_compact(job.bits);
    // work_of wants targets whose work fits 128 bits; Bitcoin's are far above.
    if (target && target->bit_length() > 128) put_work(out, work_of(*target));
    put_u32(out, 56, job.version);
    put_u32(out, 60, job.time);
    put_u64(out, 68, job.job.value);
    out[76] = job.prefix_length;
    out[77] = job.rolled_length;
    return out;
}

RecordBytes encode_account(const AccountRecord& account)
{
    check(account.script.size() <= text_max, "a payout script has at most 42 bytes");
    check(account.script.empty() != (account.registered.value == 0),
          "an account has a payout script or a row");
    RecordBytes out = begin(RecordKind::account, account.seq, account.at);
    put_u16(out, 2, static_cast<std::uint16_t>(account.script.size()));
    put_u64(out, 24, account.member.value);
    if (account.script.empty()) put_u64(out, registered_offset, account.registered.value);
    std::copy(account.script.begin(), account.script.end(), out.begin() + text_offset);
    return out;
}

RecordBytes encode_worker(const WorkerRecord& worker)
{
    check(!worker.name.empty() && worker.name.size() <= text_max,
          "worker names are folded to 1 ..= 64 characters");
    RecordBytes out = begin(RecordKind::worker, worker.seq, worker.at);
    put_u16(out, 2, static_cast<std::uint16_t>(worker.name.size()));
    put_u64(out, 24, worker.member.value);
    put_u32(out, 32, worker.worker.value);
    std::copy(worker.name.begin(), worker.name.end(), out.begin() + text_offset);
    return out;
}

/// A visitor made of lambdas.
template <typename... Parts>
struct Overloaded : Parts... {
    using Parts::operator()...;
};
template <typename... Parts>
Overloaded(Parts...) -> Overloaded<Parts...>;

/// What all kinds have at the same place, read at once.
struct Common {
    std::uint16_t flags = 0;
    std::uint32_t bits = 0;
    std::uint64_t seq = 0;
    UnixMillis at;
};

ShareRecord read_share(RecordKind kind, const Common& common, ByteReader& in)
{
    ShareRecord share;
    share.kind = kind;
    share.flags = common.flags;
    share.bits = CompactBits{common.bits};
    share.seq = common.seq;
    share.at = common.at;
    share.slot = in.u64();
    share.member = MemberHandle{in.u64()};
    share.worker = WorkerHandle{in.u32()};
    const std::uint64_t work_low = in.u64();
    share.work = U128{in.u32()} << 64 | work_low;
    share.version = in.u32();
    share.time = in.u32();
    share.nonce = in.u32();
    share.job = JobId{in.u64()};
    const ByteSpan extranonce = in.raw(extranonce_bytes_max);
    std::copy(extranonce.begin(), extranonce.end(), share.extranonce.begin());
    return share;
}

Result<Record> read_job(const Common& common, ByteReader& in)
{
    const ShareRecord wide = read_share(RecordKind::job, common, in);
    JobRecord job;
    job.bits = wide.bits;
    job.seq = wide.seq;
    job.at = wide.at;
    job.job = wide.job;
    job.version = wide.version;
    job.time = wide.time;
    job.prefix_length = wide.extranonce[0];
    job.rolled_length = wide.extranonce[1];
    if (std::size_t{job.prefix_length} + job.rolled_length > extranonce_bytes_max) {
        return fail(Error::Code::invalid, "a job record with an extranonce of over 24 bytes");
    }
    return Record{job};
}

Result<Record> read_account(const Common& common, ByteReader& in)
{
    AccountRecord account;
    account.seq = common.seq;
    account.at = common.at;
    account.member = MemberHandle{in.u64()};
    if (common.flags == 0) {
        account.registered = AccountId{in.u64()};
        if (account.registered.value == 0) {
            return fail(Error::Code::invalid, "an account record without script and row");
        }
        return Record{std::move(account)};
    }
    in.raw(4);
    const ByteSpan script = in.raw(common.flags);
    account.script.assign(script.begin(), script.end());
    return Record{std::move(account)};
}

Result<Record> read_worker(const Common& common, ByteReader& in)
{
    WorkerRecord worker;
    worker.seq = common.seq;
    worker.at = common.at;
    worker.member = MemberHandle{in.u64()};
    worker.worker = WorkerHandle{in.u32()};
    const ByteSpan name = in.raw(common.flags);
    if (name.empty()) return fail(Error::Code::invalid, "a worker record without a name");
    worker.name.assign(name.begin(), name.end());
    return Record{std::move(worker)};
}

}  // namespace

RecordBytes encode(const Record& record)
{
    return std::visit(
        Overloaded{
            [](const ShareRecord& share) { return encode_share(share); },
            [](const JobRecord& job) { return encode_job(job); },
            [](const AccountRecord& account) { return encode_account(account); },
            [](const WorkerRecord& worker) { return encode_worker(worker); },
            [](const MarkRecord& mark) { return begin(RecordKind::mark, mark.seq, mark.at); },
            [](const StartRecord& start) {
                RecordBytes out = begin(RecordKind::start, start.seq, start.at);
                put_u64(out, 24, start.life);
                return out;
            },
        },
        record);
}

Result<Record> decode(std::span<const std::uint8_t, record_bytes> bytes)
{
    ByteReader in{bytes};
    const std::uint8_t version = in.u8();
    const std::uint8_t kind = in.u8();
    Common common;
    common.flags = in.u16();
    common.bits = in.u32();
    common.seq = in.u64();
    common.at = UnixMillis{in.u64()};

    if (version != record_version) {
        return fail(Error::Code::invalid,
                    "a share record of version " + std::to_string(version) + ", not 1");
    }
    switch (static_cast<RecordKind>(kind)) {
        case RecordKind::share:
        case RecordKind::block:
        case RecordKind::stale:
            return Record{read_share(static_cast<RecordKind>(kind), common, in)};
        case RecordKind::job:
            return read_job(common, in);
        case RecordKind::account:
        case RecordKind::worker:
            if (common.flags > text_max) {
                return fail(Error::Code::invalid, "a share record with a text of over 64 bytes");
            }
            return static_cast<RecordKind>(kind) == RecordKind::account ? read_account(common, in)
                                                                        : read_worker(common, in);
        case RecordKind::mark:
            return Record{MarkRecord{common.seq, common.at}};
        case RecordKind::start:
            return Record{StartRecord{common.seq, common.at, in.u64()}};
    }
    return fail(Error::Code::invalid, "a share record of unknown kind " + std::to_string(kind));
}

std::uint64_t print_of(std::span<const std::uint8_t, record_bytes> bytes)
{
    const Digest hash = Sha256{}.update(bytes).finish();
    return ByteReader{hash}.u64();
}

std::uint64_t seq_of(const Record& record)
{
    return std::visit([](const auto& each) { return each.seq; }, record);
}

}  // namespace pool
