#pragma once

#include <map>
#include <string>
#include <string_view>

#include "payouts/entries.h"
#include "pool/base/types.h"

namespace payouts {

/// Which side an account grows on. The other one never outweighs it: none is overdrawn.
bool grows_by_debits(std::string_view code);

/// Balances made again, one transfer after the other as the ledger has them. Memory: some 100 bytes
/// an account. Pure.
class BalanceReplay {
public:
    struct Sides {
        pool::Sats debits;
        pool::Sats credits;
        /// Credits less debits, whichever side the account grows on.
        pool::Sats net() const { return credits - debits; }
    };

    /// The code of the account that the transfer overdraws; "": none.
    std::string take(const Transfer& transfer);
    /// An account without transfers has none on either side.
    Sides of(const std::string& code) const;

private:
    std::map<std::string, Sides> sides_;  // by code
};

}  // namespace payouts
