#include "pool/share/seen.h"

#include <cstring>

namespace pool {
namespace {

constexpr std::size_t slots_first = 8;

// The hash's first eight bytes are its least significant ones: random even in the best of shares.
std::uint64_t key_of(const Digest& hash)
{
    std::uint64_t key = 0;
    std::memcpy(&key, hash.data(), sizeof key);
    return key == 0 ? 1 : key;  // 0 marks an empty slot
}

// Which table, by the bits that its slots are not chosen by.
std::size_t table_of(std::uint64_t key) { return key >> 56; }

// Tables fill evenly. Were all of them to grow at the same fill, all would grow at the same time.
std::size_t fill_percent_of(std::size_t table) { return 45 + table * 30 / 256; }

}  // namespace

bool SeenShares::Table::insert(std::uint64_t key, std::size_t fill_percent)
{
    if ((used + 1) * 100 > slots.size() * fill_percent) grow(fill_percent);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = key & mask;; at = (at + 1) & mask) {
        if (slots[at] == key) return false;
        if (slots[at] != 0) continue;
        slots[at] = key;
        ++used;
        return true;
    }
}

void SeenShares::Table::grow(std::size_t fill_percent)
{
    std::vector<std::uint64_t> old(slots.empty() ? slots_first : slots.size() * 2, 0);
    old.swap(slots);
    used = 0;
    for (const std::uint64_t key : old) {
        if (key != 0) static_cast<void>(insert(key, fill_percent));
    }
}

bool SeenShares::insert(JobId job, const Digest& hash)
{
    if (last_tables_ == nullptr || last_job_ != job) {
        std::unique_ptr<Tables>& tables = jobs_[job.value];
        if (tables == nullptr) tables = std::make_unique<Tables>();
        last_job_ = job;
        last_tables_ = tables.get();
    }
    const std::uint64_t key = key_of(hash);
    const std::size_t table = table_of(key);
    return (*last_tables_)[table].insert(key, fill_percent_of(table));
}

void SeenShares::expect(JobId job, const Digest& hash) const
{
    const Tables* const tables = find(job);
    if (tables == nullptr) return;
    const std::uint64_t key = key_of(hash);
    const std::vector<std::uint64_t>& slots = (*tables)[table_of(key)].slots;
    if (!slots.empty()) __builtin_prefetch(&slots[key & (slots.size() - 1)], 1);
}

const SeenShares::Tables* SeenShares::find(JobId job) const
{
    if (last_tables_ != nullptr && last_job_ == job) return last_tables_;
    const auto found = jobs_.find(job.value);
    if (found == jobs_.end()) return nullptr;
    last_job_ = job;
    last_tables_ = found->second.get();
    return last_tables_;
}

void SeenShares::forget(JobId job)
{
    if (last_job_ == job) last_tables_ = nullptr;
    jobs_.erase(job.value);
}

std::size_t SeenShares::size() const
{
    std::size_t total = 0;
    for (const auto& [job, tables] : jobs_) {
        for (const Table& table : *tables) total += table.used;
    }
    return total;
}

}  // namespace pool
