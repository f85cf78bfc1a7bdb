#include "pool/bitcoin/coinbase.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/types.h"

namespace pool {
namespace {

constexpr std::uint8_t op_1 = 0x51;
constexpr std::uint8_t op_return = 0x6a;
constexpr std::uint8_t op_pushdata1 = 0x4c;
constexpr std::size_t script_min = 2;  // consensus
constexpr std::string_view chain_head_tag = "PL1";
constexpr std::size_t head_data_bytes = 35;  // the tag and 32 bytes

// The opcode that pushes the `count` bytes after it. Pushed, because text and extranonces as bare
// opcodes would count as signature checks (0xac to 0xaf) and could make a full block invalid.
void write_push_head(ByteWriter& out, std::size_t count)
{
    if (count == 0) return;
    if (count >= op_pushdata1) out.u8(op_pushdata1);
    out.u8(static_cast<std::uint8_t>(count));
}

void write_output(ByteWriter& out, Sats value, ByteSpan script)
{
    out.u64(static_cast<std::uint64_t>(value.value));
    out.compact_size(script.size());
    out.raw(script);
}

tl::unexpected<Error> script_length_error(std::size_t length)
{
    return fail(Error::Code::limit, "the coinbase script has " + std::to_string(length) +
                                        " bytes; 2 to 100 are allowed: change the pool's tag");
}

}  // namespace

Script chain_head_script(const Digest& head)
{
    ByteWriter out;
    out.u8(op_return);
    out.u8(head_data_bytes);
    out.raw(as_bytes(chain_head_tag));
    out.raw(head);
    return out.take();
}

std::optional<Digest> chain_head_of(ByteSpan script)
{
    Digest head{};
    if (script.size() != 2 + head_data_bytes) return std::nullopt;
    std::copy(script.end() - head.size(), script.end(), head.begin());
    const Script whole = chain_head_script(head);
    if (!std::equal(script.begin(), script.end(), whole.begin())) return std::nullopt;
    return head;
}

Bytes bip34_height(Height height)
{
    ByteWriter out;
    if (height.value == 0) {
        out.u8(0);
        return out.take();
    }
    if (height.value <= 16) {
        out.u8(static_cast<std::uint8_t>(op_1 + height.value - 1));
        return out.take();
    }
    Bytes number;
    for (std::uint32_t left = height.value; left > 0; left >>= 8) {
        number.push_back(static_cast<std::uint8_t>(left));
    }
    if (number.back() >= 0x80) number.push_back(0);  // the top bit is the sign
    out.u8(static_cast<std::uint8_t>(number.size()));
    out.raw(number);
    return out.take();
}

Result<CoinbaseParts> make_coinbase(const CoinbasePlan& plan, Height height, Sats value,
                                    ByteSpan witness_commitment)
{
    check(value >= Sats{0}, "a reward is not negative");
    if (plan.tag.size() > coinbase_script_max) return script_length_error(plan.tag.size());

    ByteWriter script;  // without the extranonce
    script.raw(bip34_height(height));
    write_push_head(script, plan.tag.size());
    script.raw(as_bytes(plan.tag));
    if (plan.work_number) {
        write_push_head(script, sizeof *plan.work_number);
        script.u64(*plan.work_number);
    }
    write_push_head(script, plan.extranonce_bytes);
    const std::size_t script_bytes = script.size() + plan.extranonce_bytes;
    if (script_bytes < script_min || script_bytes > coinbase_script_max) {
        return script_length_error(script_bytes);
    }

    ByteWriter prefix;
    prefix.u32(2);  // version
    prefix.compact_size(1);
    prefix.raw(Digest{});
    prefix.u32(0xffffffff);  // of no transaction: the mark of a coinbase
    prefix.compact_size(script_bytes);
    prefix.raw(script.bytes());

    ByteWriter suffix;
    suffix.u32(0xffffffff);  // sequence
    suffix.compact_size(witness_commitment.empty() ? 2 : 3);
    write_output(suffix, value, plan.pay_to);
    write_output(suffix, Sats{0}, chain_head_script(plan.chain_head));
    if (!witness_commitment.empty()) write_output(suffix, Sats{0}, witness_commitment);
    suffix.u32(0);  // lock time

    const std::size_t total = prefix.size() + plan.extranonce_bytes + suffix.size();
    if (total > coinbase_bytes_max) {
        return fail(Error::Code::limit, "the coinbase has " + std::to_string(total) +
                                            " bytes; miners take " +
                                            std::to_string(coinbase_bytes_max) +
                                            ": use a shorter tag or payout script");
    }
    return CoinbaseParts{prefix.take(), suffix.take()};
}

Bytes with_witness(ByteSpan stripped)
{
    constexpr std::size_t version_bytes = 4;
    constexpr std::size_t lock_time_bytes = 4;
    check(stripped.size() > version_bytes + lock_time_bytes, "this is a coinbase");
    const std::size_t body = stripped.size() - version_bytes - lock_time_bytes;

    ByteWriter out;
    out.raw(stripped.first(version_bytes));
    out.u8(0);  // marker
    out.u8(1);  // flag
    out.raw(stripped.subspan(version_bytes, body));
    out.compact_size(1);  // of one input: one item of 32 zeros, the witness reserved value
    out.compact_size(32);
    out.raw(Digest{});
    out.raw(stripped.last(lock_time_bytes));
    return out.take();
}

}  // namespace pool
