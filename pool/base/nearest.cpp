#include "pool/base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace pool {

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t swapped = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({swapped, row[j] + 1, corner + 1});
        }
    }
    return row.back();
}

std::string nearest(std::string_view name, std::span<const std::string> known)
{
    const auto best = std::min_element(known.begin(), known.end(),
                                       [name](const std::string& a, const std::string& b) {
                                           return edit_distance(name, a) < edit_distance(name, b);
                                       });
    return best == known.end() ? "" : *best;
}

}  // namespace pool
