#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace pool {

/// `zubrd keygen …`: the keys of Stratum v2, to be made where the authority's secret is kept.
struct KeygenWish {
    std::string authority_out;  ///< make an authority's secret here
    std::string authority;      ///< sign with this one
    std::string out;            ///< into this file
    unsigned days = 90;
    unsigned from = 0;  ///< seconds since 1970; 0: now
};

/// Adds the verb to zubrd's command line.
CLI::App* add_keygen(CLI::App& cli, KeygenWish& wish);
/// Does what was asked for; returns the exit code.
int run_keygen(const KeygenWish& wish);

}  // namespace pool
