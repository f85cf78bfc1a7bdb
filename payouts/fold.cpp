#include "payouts/fold.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "payouts/slots.h"
#include "pool/bitcoin/target.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::U128;

// work_of wants targets whose work fits 128 bits; Bitcoin's are far above.
constexpr unsigned target_bits_min = 128;

/// Scores repeat: all shares of a miner between two retargets have the same.
class Scorer {
public:
    Result<U128> score(U128 work, pool::CompactBits bits)
    {
        if (!network_work_ || bits != bits_) {
            const auto target = pool::target_from_compact(bits);
            if (!target || target->bit_length() <= target_bits_min) {
                return fail(Error::Code::invalid, "a share with an impossible nBits");
            }
            bits_ = bits;
            network_work_ = std::max<U128>(pool::work_of(*target), 1);
            scores_.clear();
        }
        const auto [known, fresh] = scores_.try_emplace(work, 0);
        if (fresh) known->second = std::min(pool::score_of(work, *network_work_), score_max);
        return known->second;
    }

private:
    pool::CompactBits bits_;
    std::optional<U128> network_work_;
    std::map<U128, U128> scores_;  // by work
};

class Folder {
public:
    Folder(ProducerState& state, std::uint64_t sealed_through, const AccountOf& account_of,
           const SiteRules& sites)
        : state_(state), sealed_through_(sealed_through), account_of_(account_of), sites_(sites)
    {
    }

    Result<void> operator()(const pool::ShareRecord& share)
    {
        const auto account = state_.members.find(share.member.value);
        if (account == state_.members.end()) {
            return fail(Error::Code::invalid,
                        "record " + std::to_string(share.seq) + " names account handle " +
                            std::to_string(share.member.value) + ", which nobody declared");
        }
        const Booking booking = book_into(share.slot, sealed_through_);
        const BucketKey key{booking.slot, account->second};
        Bucket& bucket = folded_.buckets[{key.slot, key.account, site_of(share.worker, key)}];
        if (booking.late) ++bucket.late;
        U128 earned = 0;
        if (share.kind == pool::RecordKind::stale) {
            ++bucket.stale;
            bucket.stale_work += share.work;
        } else {
            const auto score = scorer_.score(share.work, share.bits);
            if (!score) return fail(score.error());
            earned = *score;
            ++bucket.shares;
            bucket.work += share.work;
            bucket.score += earned;
        }
        add_worker(share, account->second);
        Leaves& leaves = folded_.leaves[key];
        if (leaves.nodes.empty()) leaves.first_seq = share.seq;
        leaves.nodes.push_back(share_leaf(pool::encode(share), earned));
        return {};
    }

    Result<void> operator()(const pool::AccountRecord& account)
    {
        const auto id = account_of_(account);
        if (!id) return fail(id.error());
        state_.members[account.member.value] = *id;
        folded_.members[account.member.value] = *id;
        return {};
    }

    Result<void> operator()(const pool::WorkerRecord& worker)
    {
        state_.workers[worker.worker.value] = worker.name;
        site_asked_.reset();
        folded_.workers.push_back({worker.worker, worker.member, worker.name});
        return {};
    }

    Result<void> operator()(const pool::StartRecord&)
    {
        state_.members.clear();
        state_.workers.clear();
        site_asked_.reset();
        last_ = nullptr;
        folded_.members.clear();
        folded_.workers.clear();
        folded_.restarted = true;
        return {};
    }

    Result<void> operator()(const pool::JobRecord&) { return {}; }
    Result<void> operator()(const pool::MarkRecord&) { return {}; }

    Folded take() { return std::move(folded_); }

private:
    // Most pools have no sites, and a miner's shares come in runs.
    std::uint64_t site_of(pool::WorkerHandle worker, const BucketKey& key)
    {
        if (sites_.empty()) return main_site;
        if (site_asked_ == key && site_worker_ == worker) return site_;
        const auto name = state_.workers.find(worker.value);
        site_ = name == state_.workers.end() ? main_site
                                             : sites_.site_of(key.account, name->second, key.slot);
        site_asked_ = key;
        site_worker_ = worker;
        return site_;
    }

    // A miner's shares come in runs: the sum of the one before is most often this one's too.
    void add_worker(const pool::ShareRecord& share, pool::AccountId account)
    {
        const std::uint64_t period = share.at.value / period_ms;
        const bool same = last_ != nullptr && last_worker_ == share.worker &&
                          last_period_ == period && last_account_ == account;
        if (!same) {
            const auto name = state_.workers.find(share.worker.value);
            last_ = &folded_.worker_sums[{
                period, account, name == state_.workers.end() ? std::string{} : name->second}];
            last_worker_ = share.worker;
            last_period_ = period;
            last_account_ = account;
        }
        if (share.kind == pool::RecordKind::stale) {
            ++last_->stale;
        } else {
            ++last_->shares;
            last_->work += share.work;
        }
    }

    WorkerSum* last_ = nullptr;
    pool::WorkerHandle last_worker_;
    std::uint64_t last_period_ = 0;
    pool::AccountId last_account_;
    ProducerState& state_;
    std::uint64_t sealed_through_;
    const AccountOf& account_of_;
    const SiteRules& sites_;
    std::optional<BucketKey> site_asked_;  // what site_ is the answer for, with site_worker_
    pool::WorkerHandle site_worker_;
    std::uint64_t site_ = main_site;
    Scorer scorer_;
    Folded folded_;
};

}  // namespace

Result<Folded> fold(std::span<const pool::Record> records, ProducerState& state,
                    std::uint64_t sealed_through, const AccountOf& account_of,
                    const SiteRules& sites)
{
    Folder folder{state, sealed_through, account_of, sites};
    for (const pool::Record& record : records) {
        pool::check(pool::seq_of(record) == state.mark + 1, "gaps are found before folding");
        auto done = std::visit([&folder](const auto& each) { return folder(each); }, record);
        if (!done) return fail(done.error());
        const pool::UnixMillis at = std::visit([](const auto& each) { return each.at; }, record);
        state.watermark = std::max(state.watermark, at);
        ++state.mark;
    }
    Folded folded = folder.take();
    folded.records = records.size();
    return folded;
}

}  // namespace payouts
