#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "payouts/account_book.h"
#include "payouts/mysql_account_addresses.h"
#include "payouts/mysql_connection.h"
#include "payouts/schedule.h"

namespace payouts {

/// A row of `account`.
struct AccountRow {
    pool::AccountId id;
    std::string name;
    std::string first_address;
};

/// Changes what is set of an account whose row is locked. what: "hold_reason = ?, held_by = ?", as
/// many as there are values.
pool::Result<void> put_setting(MysqlConnection& db, pool::AccountId account, std::string_view what,
                               std::vector<SqlValue> values);

/// What the parts of AccountBook share: addresses and holds are in mysql_account_book.cpp, terms in
/// mysql_account_terms.cpp, tokens in mysql_account_tokens.cpp.
struct AccountBook::Impl {
    AccountBookOptions options;
    MysqlConnection db;

    explicit Impl(AccountBookOptions o) : options(std::move(o)), db(options.mysql) {}

    /// An idle connection that the server has dropped shows here, when nothing has happened yet.
    pool::Result<Transaction> begin();
    /// Locks the row. Errors: not_found.
    pool::Result<AccountRow> find(std::string_view account);

    /// Runs `work` on the locked account in a transaction. Nothing goes on while a batch of payouts
    /// is being put together, and none is put together meanwhile: both hold the account's row.
    template <typename T, typename Work>
    pool::Result<T> change(std::string_view name, Work work)
    {
        auto transaction = begin();
        if (!transaction) return pool::fail(transaction.error());
        const auto account = find(name);
        if (!account) return pool::fail(account.error());
        pool::Result<T> result = work(*account);
        if (!result) return result;
        if (auto done = transaction->commit(); !done) return pool::fail(done.error());
        return result;
    }

    pool::Result<std::vector<PayRoute>> wished(std::string_view addresses) const;
    pool::UnixMillis lock_end(pool::UnixMillis now) const;
    pool::Result<AddressQuestion> question(const AccountRow& account, std::string_view addresses,
                                           pool::Height height);
    pool::Result<void> check_signature(const AccountRow& account, const AddressWish& wish,
                                       const Occasion& on, ChangeProof& proof);
    pool::Result<AddressChange> ask(const AccountRow& account, const AddressWish& wish,
                                    const Occasion& on);
    pool::Result<AddressChange> approve(const AccountRow& account, std::uint64_t id,
                                        const Occasion& on);
    pool::Result<AddressChange> open_change(const AccountRow& account, pool::UnixMillis now);

    /// Fee and donation, now and announced.
    pool::Result<void> tell_terms(AccountSheet& sheet, const Occasion& on);
    /// Whether the account pays more than before in any slot from `slot` to the end of the notice,
    /// should `bps` be its own fee from `slot` on: what has been announced of the usual fee counts.
    pool::Result<bool> fee_is_worse(pool::AccountId account, std::optional<unsigned> bps,
                                    std::uint64_t slot);
    /// True: another person has asked for this donation within a day. Else it is noted.
    pool::Result<bool> asked_by_two(pool::AccountId account, unsigned bps, const Occasion& on);
    std::uint64_t notice_slots() const;
    pool::Result<std::uint64_t> slot_for(std::optional<pool::UnixMillis> from, const Occasion& on,
                                         bool announced);
};

}  // namespace payouts
