#include "pool/bitcoin/transaction.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::uint8_t witness_flag = 1;

tl::unexpected<Error> invalid(std::string_view what)
{
    return fail(Error::Code::invalid, "transaction: " + std::string(what));
}

bool has_witness(const Transaction& tx)
{
    return std::any_of(tx.inputs.begin(), tx.inputs.end(),
                       [](const TxInput& input) { return !input.witness.empty(); });
}

void write_sized(ByteWriter& out, ByteSpan bytes)
{
    out.compact_size(bytes.size());
    out.raw(bytes);
}

Bytes read_sized(ByteReader& in)
{
    const ByteSpan bytes = in.raw(in.compact_size());
    return {bytes.begin(), bytes.end()};
}

TxInput read_input(ByteReader& in)
{
    TxInput input;
    const ByteSpan previous = in.raw(input.previous.bytes.size());
    std::copy(previous.begin(), previous.end(), input.previous.bytes.begin());
    input.previous_index = in.u32();
    input.script = read_sized(in);
    input.sequence = in.u32();
    return input;
}

TxOutput read_output(ByteReader& in)
{
    TxOutput output;
    output.value = Sats{static_cast<std::int64_t>(in.u64())};
    output.script = read_sized(in);
    return output;
}

void write_outputs(ByteWriter& out, std::span<const TxOutput> outputs)
{
    out.compact_size(outputs.size());
    for (const TxOutput& output : outputs) {
        out.u64(static_cast<std::uint64_t>(output.value.value));
        write_sized(out, output.script);
    }
}

// Counts are not believed: every turn needs bytes that are really there.
template <typename Read>
auto read_list(ByteReader& in, std::uint64_t count, Read read)
{
    std::vector<decltype(read(in))> out;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) out.push_back(read(in));
    return out;
}

}  // namespace

Bytes serialise(const Transaction& tx, WitnessForm form)
{
    const bool with = form == WitnessForm::with && has_witness(tx);
    ByteWriter out;
    out.u32(tx.version);
    if (with) {
        out.u8(0);  // where a count of inputs would stand: no transaction has none
        out.u8(witness_flag);
    }
    out.compact_size(tx.inputs.size());
    for (const TxInput& input : tx.inputs) {
        out.raw(input.previous.bytes);
        out.u32(input.previous_index);
        write_sized(out, input.script);
        out.u32(input.sequence);
    }
    write_outputs(out, tx.outputs);
    if (with) {
        for (const TxInput& input : tx.inputs) {
            out.compact_size(input.witness.size());
            for (const Bytes& item : input.witness) write_sized(out, item);
        }
    }
    out.u32(tx.lock_time);
    return out.take();
}

Result<Transaction> parse_transaction(ByteSpan bytes)
{
    ByteReader in{bytes};
    Transaction tx;
    tx.version = in.u32();
    std::uint64_t input_count = in.compact_size();
    bool with = false;
    if (input_count == 0) {
        if (in.u8() != witness_flag) return invalid("no inputs, or an unknown flag");
        with = true;
        input_count = in.compact_size();
        if (input_count == 0) return invalid("no inputs");
    }
    tx.inputs = read_list(in, input_count, read_input);
    tx.outputs = read_list(in, in.compact_size(), read_output);
    if (with) {
        for (TxInput& input : tx.inputs) {
            input.witness = read_list(in, in.compact_size(), read_sized);
        }
        // Another way to write the same transaction would be another id for the same bytes.
        if (in.ok() && !has_witness(tx)) return invalid("a witness section without a witness");
    }
    tx.lock_time = in.u32();
    if (!in.ok()) return invalid("cut short, or a length not in its shortest form");
    if (in.left() > 0) return invalid("bytes after the end");
    return tx;
}

TxId txid_of(const Transaction& tx) { return {sha256d(serialise(tx, WitnessForm::without))}; }

Bytes serialise(std::span<const TxOutput> outputs)
{
    ByteWriter out;
    write_outputs(out, outputs);
    return out.take();
}

Result<std::vector<TxOutput>> parse_outputs(ByteSpan bytes)
{
    ByteReader in{bytes};
    std::vector<TxOutput> outputs = read_list(in, in.compact_size(), read_output);
    if (!in.ok()) return invalid("outputs cut short, or a length not in its shortest form");
    if (in.left() > 0) return invalid("bytes after the outputs");
    return outputs;
}

}  // namespace pool
