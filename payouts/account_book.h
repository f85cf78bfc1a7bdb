#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/account_sheet.h"
#include "payouts/account_token.h"
#include "payouts/mysql_options.h"
#include "payouts/schedule.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"

namespace payouts {

struct AccountBookOptions {
    MysqlOptions mysql;
    pool::Chain chain = pool::Chain::regtest;
    pool::Script own_script;  ///< the pool's: nobody is paid there
    /// From the proof of a change of addresses until it holds.
    std::chrono::hours address_lock{72};
    /// So long ahead a higher fee or another N is announced.
    std::chrono::hours notice{24};
};

/// Settings of accounts, on a connection of its own. Blocking; one thread. Each call is a
/// transaction that is there or is not.
///
/// `account` is a canonical address or a registered name. Errors of all calls: not_found (an
/// address is an account from its first share on); unavailable, when MySQL is lost or somebody else
/// holds the account: the next call reconnects.
class AccountBook {
public:
    /// Open after the Service makes the schema. Errors: refused, a lock shorter than the books'.
    static pool::Result<std::unique_ptr<AccountBook>> open(AccountBookOptions options);
    ~AccountBook();
    AccountBook(const AccountBook&) = delete;
    AccountBook& operator=(const AccountBook&) = delete;

    pool::Result<AccountSheet> sheet(std::string_view account, const Occasion& on);

    /// What the owner signs to be paid at `addresses`. Changes nothing. Errors: invalid.
    pool::Result<AddressQuestion> question(std::string_view account, std::string_view addresses,
                                           const Occasion& on);
    /// With a good signature it is locked at once, without one it waits for approvals. From here
    /// until it holds or is cancelled nothing is paid to the account. Errors: invalid, with a
    /// sentence; conflict, when another change is open.
    pool::Result<AddressChange> ask(const AddressWish& wish, const Occasion& on);
    /// The second of two approvers who are not the one who asked begins the lock. change: the one
    /// that was looked at. Errors: conflict, when that is not the open one; refused, for who asked.
    pool::Result<AddressChange> approve(std::string_view account, std::uint64_t change,
                                        const Occasion& on);
    /// Errors: conflict, when there is nothing to cancel.
    pool::Result<void> cancel(std::string_view account, const Occasion& on);

    static constexpr pool::Sats minimum_least{10'000};
    static constexpr unsigned approvals_needed = 2;
    /// Nothing: the pool's minimum again. Errors: invalid, below minimum_least or above a coin's
    /// whole supply.
    pool::Result<void> set_minimum(std::string_view account, std::optional<pool::Sats> minimum);
    /// Nothing is paid to a held account. reason: at most 190 bytes.
    pool::Result<void> hold(std::string_view account, std::string_view reason, const Occasion& on);
    pool::Result<void> release(std::string_view account);

    /// Terms hold for blocks of a slot and of all after it: never of one that has come. from: not
    /// before this time; nothing: as soon as may be. A change of the same slot replaces an earlier
    /// announcement. Each gives the slot. Errors: invalid, when it is too early or above the whole.
    pool::Result<std::uint64_t> set_usual_fee(unsigned bps, std::optional<pool::UnixMillis> from,
                                              const Occasion& on);
    /// bps: nothing: the usual one again.
    pool::Result<std::uint64_t> set_fee(std::string_view account, std::optional<unsigned> bps,
                                        std::optional<pool::UnixMillis> from, const Occasion& on);
    /// Less than before holds on one's word. More takes two people who ask for the same within a
    /// day: nothing, for the first of them.
    pool::Result<std::optional<std::uint64_t>> set_donation(std::string_view account, unsigned bps,
                                                            std::optional<pool::UnixMillis> from,
                                                            const Occasion& on);
    /// size: N in units of 10^-18, > 0.
    pool::Result<std::uint64_t> set_window(pool::U128 size, std::optional<pool::UnixMillis> from,
                                           const Occasion& on);
    pool::Result<PoolTerms> terms(const Occasion& on);

    static constexpr std::size_t site_rules_max = 1000;  ///< of an account
    /// Workers whose names begin with `prefix` are at `site` from a slot on, by which the shares of
    /// a slot are booked; the longest prefix wins; "main" is where all others are. Gives the slot.
    /// Errors: invalid (a site is 1 to 32 of a-z 0-9 _ -); conflict, above site_rules_max.
    pool::Result<std::uint64_t> set_site(std::string_view account, std::string_view prefix,
                                         std::string_view site,
                                         std::optional<pool::UnixMillis> from, const Occasion& on);
    /// Sums of the slots that begin in the last `hours`.
    pool::Result<SiteSheet> sites(std::string_view account, std::chrono::hours hours,
                                  const Occasion& on);

    static constexpr std::size_t tokens_max = 100;  ///< good ones of an account
    static constexpr std::size_t tokens_max_in_all = 50'000;
    /// Of an account that is a name. The secret is told here and never again.
    /// Errors: invalid (the account is an address), conflict (tokens_max).
    pool::Result<NewToken> make_token(std::string_view account, const TokenWish& wish,
                                      const Occasion& on);
    /// The newest 1000, revoked and expired ones too, newest first.
    pool::Result<std::vector<AccountToken>> tokens(std::string_view account);
    /// Holds from the next reading of the sheet on: a second or two, on all servers.
    /// Errors: not_found, for a token that is none of the account's good ones.
    pool::Result<void> revoke_token(std::string_view account, std::uint64_t token,
                                    const Occasion& on);
    /// Whether everybody may see it. Errors: invalid, as make_token.
    pool::Result<void> set_public(std::string_view account, bool is_public);

private:
    struct Impl;
    explicit AccountBook(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
