#include "stratum/effects.h"

#include <utility>

namespace stratum {

void Effects::reuse(std::string& sent)
{
    const bool on_heap = sent.capacity() > std::string{}.capacity();
    if (!on_heap || sent.capacity() > spare_bytes_max || spares_.size() == spares_max) {
        sent = {};
        return;
    }
    sent.clear();
    spares_.push_back(std::move(sent));
    sent = {};
}

std::string Effects::spare_buffer()
{
    if (spares_.empty()) return {};
    std::string spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
}

}  // namespace stratum
