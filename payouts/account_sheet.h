#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "payouts/account_routes.h"
#include "payouts/schedule.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

/// An account's settings, as plain values.
namespace payouts {

/// Asked for; then proven and locked; then active until another is, or cancelled before.
enum class ChangeState : std::uint8_t { asked, locked, active, replaced, cancelled };
std::string_view to_string(ChangeState state);

/// One change of where an account is paid. Its addresses never change: another wish is another.
struct AddressChange {
    std::uint64_t id = 0;
    pool::AccountId account;
    ChangeState state = ChangeState::asked;
    std::string proof;  ///< "none" (yet), "signature", "approvals"
    std::vector<PayRoute> routes;
    pool::Height height;  ///< of the signed message; 0 without
    std::string asked_by;
    pool::UnixMillis asked_at;
    std::optional<pool::UnixMillis> locked_until;  ///< nothing before it is proven
    std::vector<std::string> approvers;
};

/// Somebody's wish to be paid elsewhere.
struct AddressWish {
    std::string account;
    std::string addresses;  ///< see parse_routes
    pool::Height height;    ///< that stands in the signed message
    std::string signature;  ///< base64; empty: two approvers prove it
    std::string by;         ///< who asks
};

/// What the owner is to sign for a wish.
struct AddressQuestion {
    std::string message;
    std::string signer;      ///< the address whose key signs
    bool checkable = false;  ///< false: that kind of address proves nothing here; by approvals
    pool::Height height;
};

/// Who does something, when, with the chain how high.
struct Occasion {
    std::string by;
    pool::UnixMillis now;
    pool::Height tip;
};

/// What a site did over some time. Score is the split's measure: a site's part of its account's
/// income.
struct SiteSum {
    std::string site;
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    pool::U128 work = 0;
    pool::U128 score = 0;
};

/// A rule of a site, by its name.
struct SiteLine {
    std::string prefix;
    std::string site;
    std::uint64_t from_slot = 0;
};

struct SiteSheet {
    std::vector<SiteLine> rules;  ///< in the order in which they were made
    std::vector<SiteSum> sums;
};

struct AccountSheet {
    pool::AccountId id;
    std::string name;
    std::vector<PayRoute> routes;       ///< in force; empty: a script that no address stands for
    std::optional<AddressChange> open;  ///< asked or locked; nothing is paid out meanwhile
    std::optional<pool::Sats> minimum;  ///< of its own
    std::string hold_reason;            ///< empty: not held
    std::string held_by;
    bool is_public = false;  ///< may everybody see it? One that is an address always is
    unsigned fee_bps = 0;    ///< in force now, of its own or the usual one
    unsigned donation_bps = 0;
    std::vector<BpsChange> fees;  ///< of its own, past and announced
    std::vector<BpsChange> donations;
};

}  // namespace payouts
