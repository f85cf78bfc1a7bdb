#include "pool/share/seen.h"

#include <cstring>

namespace pool {
namespace {

constexpr std::size_t slots_first = 64;

// The hash's first eight bytes are its least significant ones: random even in the best of shares.
std::uint64_t key_of(const Digest& hash)
{
    std::uint64_t key = 0;
    std::memcpy(&key, hash.data(), sizeof key);
    return key == 0 ? 1 : key;  // 0 marks an empty slot
}

}  // namespace

bool SeenShares::Table::insert(std::uint64_t key)
{
    // Half full at most, so that a probe ends soon.
    if ((used + 1) * 2 > slots.size()) grow();
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = key & mask;; at = (at + 1) & mask) {
        if (slots[at] == key) return false;
        if (slots[at] != 0) continue;
        slots[at] = key;
        ++used;
        return true;
    }
}

void SeenShares::Table::grow()
{
    std::vector<std::uint64_t> old(slots.empty() ? slots_first : slots.size() * 2, 0);
    old.swap(slots);
    used = 0;
    for (const std::uint64_t key : old) {
        if (key != 0) static_cast<void>(insert(key));
    }
}

bool SeenShares::insert(JobId job, const Digest& hash)
{
    return tables_[job.value].insert(key_of(hash));
}

void SeenShares::forget(JobId job) { tables_.erase(job.value); }

std::size_t SeenShares::size() const
{
    std::size_t total = 0;
    for (const auto& [job, table] : tables_) total += table.used;
    return total;
}

}  // namespace pool
