#pragma once

#include <cstdint>

namespace payouts {

/// How many blocks an account should be expected to have found, so that to have found none would
/// be as unlikely as to have found at most `found` where `expected` were: -ln P(X <= found) for a
/// Poisson X. Whoever hands in shares but keeps blocks back rises in it by one for each that he
/// should have found; an honest account is above 7 once in a thousand. expected >= 0. Pure.
double missing_blocks(double expected, std::uint64_t found);

}  // namespace payouts
