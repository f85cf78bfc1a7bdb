#include "payouts/unbooked_age.h"

#include <chrono>

namespace payouts {
namespace {

// What is younger is on its way, and of no minute that is sealed for its age.
constexpr std::chrono::minutes on_its_way{1};

}  // namespace

bool UnbookedAge::waits(const std::string& producer, pool::UnixMillis oldest, std::uint64_t mark,
                        pool::Now now)
{
    if (oldest.value == 0) {
        standing_.erase(producer);
        return false;
    }
    const Standing begun{mark, now.steady};
    Standing& standing = standing_.try_emplace(producer, begun).first->second;
    if (standing.mark != mark) standing = begun;
    constexpr std::uint64_t young = std::chrono::milliseconds{on_its_way}.count();
    return oldest.value + young < now.wall.value || now.steady - standing.since >= on_its_way;
}

}  // namespace payouts
