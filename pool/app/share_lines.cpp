#include "pool/app/share_lines.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "pool/bitcoin/target.h"

namespace pool {
namespace {

std::string_view word_for(RecordKind kind)
{
    if (kind == RecordKind::block) return "block";
    return kind == RecordKind::stale ? "stale" : "share";
}

std::vector<Record> decoded(const JournalTail& tail)
{
    std::vector<Record> records;
    for (const RecordBytes& bytes : tail.records) {
        // A kind that is newer than this program is nothing to show.
        if (auto record = decode(bytes)) records.push_back(std::move(*record));
    }
    return records;
}

/// Behind the newest start.
std::size_t newest_life(const std::vector<Record>& records)
{
    for (std::size_t at = records.size(); at > 0; --at) {
        if (std::holds_alternative<StartRecord>(records[at - 1])) return at;
    }
    return 0;
}

std::string name_in(const std::map<std::uint64_t, std::string>& names, std::uint64_t handle)
{
    const auto found = names.find(handle);
    return found == names.end() ? "" : found->second;
}

}  // namespace

payouts::HandleQuestion handles_of(const JournalTail& tail)
{
    payouts::HandleQuestion question{tail.producer, {}, {}};
    const std::vector<Record> records = decoded(tail);
    for (std::size_t at = newest_life(records); at < records.size(); ++at) {
        const auto* const share = std::get_if<ShareRecord>(&records[at]);
        if (share == nullptr) continue;
        question.members.insert(share->member.value);
        question.workers.insert(share->worker.value);
    }
    return question;
}

std::vector<rpc::ShareLogLine> share_lines(const JournalTail& tail,
                                           const payouts::HandleNames& names)
{
    std::vector<rpc::ShareLogLine> lines;
    const std::vector<Record> records = decoded(tail);
    const std::size_t life = newest_life(records);
    for (std::size_t at = 0; at < records.size(); ++at) {
        const auto* const share = std::get_if<ShareRecord>(&records[at]);
        if (share == nullptr) continue;
        rpc::ShareLogLine line;
        line.producer = tail.producer;
        line.seq = share->seq;
        line.at = share->at;
        line.kind = word_for(share->kind);
        // work is floor(2^256 / (target + 1)), difficulty one's is 2^32 and a little.
        line.difficulty = static_cast<double>(share->work) / 4295032833.0;
        line.job = share->job.value;
        line.version = share->version;
        line.time = share->time;
        line.nonce = share->nonce;
        if (at >= life) {
            line.account = name_in(names.members, share->member.value);
            line.worker = name_in(names.workers, share->worker.value);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<rpc::ShareLogLine> newest_lines(std::vector<rpc::ShareLogLine> lines, std::size_t limit)
{
    std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
        return std::tuple{b.at.value, b.producer, b.seq} <
               std::tuple{a.at.value, a.producer, a.seq};
    });
    if (lines.size() > limit) lines.resize(limit);
    return lines;
}

}  // namespace pool
