#include "pool/bitcoin/psbt.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace pool {
namespace {

constexpr std::array<std::uint8_t, 5> magic{0x70, 0x73, 0x62, 0x74, 0xff};
constexpr std::uint8_t global_tx = 0x00;
constexpr std::uint8_t input_previous_tx = 0x00;
constexpr std::uint8_t input_spent_output = 0x01;
constexpr std::uint8_t input_sighash_type = 0x03;
constexpr std::size_t text_max = std::size_t{16} << 20;

tl::unexpected<Error> invalid(std::string_view what)
{
    return fail(Error::Code::invalid, "PSBT: " + std::string(what));
}

int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

std::optional<Bytes> from_base64(std::string_view text)
{
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.back() == '='; ++i) text.remove_suffix(1);
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const int value = base64_value(c);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
    return out;
}

/// One key and its value; an empty key ends a map.
struct Entry {
    Bytes key;
    Bytes value;
};

Bytes sized(ByteReader& in)
{
    const ByteSpan bytes = in.raw(in.compact_size());
    return {bytes.begin(), bytes.end()};
}

Entry read_entry(ByteReader& in)
{
    Entry entry;
    entry.key = sized(in);
    if (!entry.key.empty()) entry.value = sized(in);
    return entry;
}

std::optional<TxOutput> read_output(const Bytes& bytes)
{
    ByteReader in{bytes};
    TxOutput output;
    output.value = Sats{static_cast<std::int64_t>(in.u64())};
    output.script = sized(in);
    if (!in.ok() || in.left() > 0) return std::nullopt;
    return output;
}

/// What `input` spends, as one entry of its map says.
Result<std::optional<TxOutput>> spent_by(const TxInput& input, const Entry& entry)
{
    if (entry.key.size() != 1) return std::nullopt;
    if (entry.key[0] == input_spent_output) {
        auto output = read_output(entry.value);
        if (!output) return invalid("the spent output of an input cannot be read");
        return output;
    }
    if (entry.key[0] != input_previous_tx) return std::nullopt;
    const auto previous = parse_transaction(entry.value);
    if (!previous) return fail(previous.error());
    if (txid_of(*previous) != input.previous || input.previous_index >= previous->outputs.size()) {
        return invalid("an input comes with another transaction than it spends");
    }
    return previous->outputs[input.previous_index];
}

/// Whether an entry asks for signatures that leave something open.
bool asks_for_less(const Entry& entry)
{
    if (entry.key.size() != 1 || entry.key[0] != input_sighash_type) return false;
    const Bytes nothing_named{0, 0, 0, 0};
    const Bytes all{1, 0, 0, 0};
    return entry.value != nothing_named && entry.value != all;
}

Result<std::optional<TxOutput>> read_input_map(ByteReader& in, const TxInput& input,
                                               bool& asks_for_all)
{
    std::optional<TxOutput> spent;
    for (Entry entry = read_entry(in); in.ok() && !entry.key.empty(); entry = read_entry(in)) {
        if (asks_for_less(entry)) asks_for_all = false;
        const auto read = spent_by(input, entry);
        if (!read) return fail(read.error());
        const std::optional<TxOutput>& says = *read;
        if (!says) continue;
        if (spent && *spent != *says) return invalid("an input spends two different outputs");
        spent = says;
    }
    return spent;
}

Result<Transaction> read_global_map(ByteReader& in)
{
    std::optional<Transaction> tx;
    for (Entry entry = read_entry(in); in.ok() && !entry.key.empty(); entry = read_entry(in)) {
        if (entry.key.size() != 1 || entry.key[0] != global_tx) continue;
        if (tx) return invalid("it holds two transactions");
        auto parsed = parse_transaction(entry.value);
        if (!parsed) return fail(parsed.error());
        tx = std::move(*parsed);
    }
    if (!tx) return invalid("it holds no transaction (only version 0 is read)");
    for (const TxInput& input : tx->inputs) {
        if (!input.script.empty() || !input.witness.empty()) {
            return invalid("its transaction is signed already");
        }
    }
    return *std::move(tx);
}

// Consensus takes ECDSA signatures in strict DER only (BIP 66), so none can look otherwise.
bool is_ecdsa(const Bytes& item)
{
    return item.size() >= 9 && item.size() <= 73 && item[0] == 0x30 && item[1] == item.size() - 3;
}

// Pushes of up to 75 bytes: no signature is longer.
std::vector<Bytes> pushes_of(const Script& script)
{
    std::vector<Bytes> pushes;
    for (std::size_t at = 0; at < script.size(); ++at) {
        const std::size_t length = script[at];
        const bool push = length >= 1 && length <= 75 && at + length < script.size();
        if (!push) continue;
        const auto first = script.begin() + static_cast<std::ptrdiff_t>(at) + 1;
        pushes.emplace_back(first, first + static_cast<std::ptrdiff_t>(length));
        at += length;
    }
    return pushes;
}

bool covers_all(const TxInput& input, const Script& spent)
{
    const std::uint8_t all = 1;
    std::size_t signatures = 0;
    const bool taproot = spent.size() == 34 && spent[0] == 0x51 && spent[1] == 32;
    if (taproot) {
        for (const Bytes& item : input.witness) {
            if (item.size() == 65 && item.back() != all) return false;
            if (item.size() == 64 || item.size() == 65) ++signatures;
        }
        return signatures > 0;
    }
    std::vector<Bytes> items = pushes_of(input.script);
    items.insert(items.end(), input.witness.begin(), input.witness.end());
    for (const Bytes& item : items) {
        if (!is_ecdsa(item)) continue;
        if (item.back() != all) return false;
        ++signatures;
    }
    return signatures > 0;
}

}  // namespace

Result<Psbt> parse_psbt(std::string_view base64)
{
    if (base64.size() > text_max) return invalid("it is too long");
    const auto bytes = from_base64(base64);
    if (!bytes) return invalid("it is no base64");
    ByteReader in{*bytes};
    const ByteSpan start = in.raw(magic.size());
    if (!in.ok() || !std::equal(start.begin(), start.end(), magic.begin(), magic.end())) {
        return invalid("it does not begin as one");
    }
    auto tx = read_global_map(in);
    if (!tx) return fail(tx.error());
    Psbt psbt;
    psbt.tx = std::move(*tx);
    for (const TxInput& input : psbt.tx.inputs) {
        auto spent = read_input_map(in, input, psbt.asks_for_all);
        if (!spent) return fail(spent.error());
        psbt.spent.push_back(std::move(*spent));
    }
    for (std::size_t i = 0; i < psbt.tx.outputs.size(); ++i) {
        while (in.ok() && !read_entry(in).key.empty()) continue;
    }
    if (!in.ok()) return invalid("it is cut short");
    if (in.left() > 0) return invalid("it goes on after its end");
    return psbt;
}

bool same_but_signatures(const Transaction& a, const Transaction& b)
{
    const bool inputs = std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(),
                                   b.inputs.end(), [](const TxInput& x, const TxInput& y) {
                                       return x.previous == y.previous &&
                                              x.previous_index == y.previous_index &&
                                              x.sequence == y.sequence;
                                   });
    return inputs && a.version == b.version && a.lock_time == b.lock_time && a.outputs == b.outputs;
}

bool signs_everything(const Transaction& tx, const std::vector<std::optional<TxOutput>>& spent)
{
    if (spent.size() != tx.inputs.size()) return false;
    for (std::size_t i = 0; i < spent.size(); ++i) {
        const std::optional<TxOutput>& output = spent[i];
        if (!output || !covers_all(tx.inputs[i], output->script)) return false;
    }
    return true;
}

}  // namespace pool
