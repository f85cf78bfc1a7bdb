#include <cstdlib>
#include <utility>

#include "payouts/mysql_account_addresses.h"
#include "payouts/mysql_account_impl.h"
#include "payouts/mysql_accounts.h"
#include "payouts/mysql_schedules.h"
#include "pool/bitcoin/message_signature.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;
using pool::UnixMillis;

constexpr Sats supply{2'100'000'000'000'000};

Result<std::vector<PayRoute>> routes_of(MysqlConnection& db, const AccountRow& account,
                                        pool::Chain chain)
{
    auto active = read_active_routes(db, account.id);
    if (!active) return fail(active.error());
    return routes_in_force(std::move(*active), account.first_address, chain).routes;
}

// The database holds all changes to it, whoever writes them (schema.sql, migration 20).
Result<void> check_lock(MysqlConnection& db, std::chrono::hours configured)
{
    const std::string now = std::to_string(configured.count());
    const auto begun = fix_setting(db, "address_lock_hours", now);
    if (!begun) return fail(begun.error());
    if (std::strtoll(begun->c_str(), nullptr, 10) <= configured.count()) return {};
    return fail(Error::Code::refused,
                "the books in database " + db.options().database +
                    " lock changes of addresses for " + *begun +
                    " hours at least, and accounts.address_lock_hours is " + now +
                    ": set it back, or let zubrd migrate --user shorten the lock to it");
}

}  // namespace

Result<AccountRow> AccountBook::Impl::find(std::string_view account)
{
    const auto rows = db.query(
        "SELECT id, name, payout_address FROM account WHERE name = ? FOR UPDATE", {sql(account)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) {
        return fail(Error::Code::not_found,
                    "no account " + std::string{account.substr(0, 100)} + " has had a share yet");
    }
    const SqlRow& row = rows->front();
    return AccountRow{AccountId{row.u64(0)}, row.text(1), row.text(2)};
}

Result<Transaction> AccountBook::Impl::begin()
{
    for (int turn = 0;; ++turn) {
        if (auto connected = db.connect(); !connected) return fail(connected.error());
        auto transaction = Transaction::begin(db);
        if (transaction || turn > 0 || db.connected()) return transaction;
    }
}

Result<std::vector<PayRoute>> AccountBook::Impl::wished(std::string_view addresses) const
{
    auto routes = parse_routes(addresses, options.chain);
    if (!routes) return routes;
    for (const PayRoute& route : *routes) {
        if (route.script == options.own_script) {
            return fail(Error::Code::invalid, route.address + " is the pool's own address");
        }
    }
    return routes;
}

UnixMillis AccountBook::Impl::lock_end(UnixMillis now) const
{
    return UnixMillis{now.value + static_cast<std::uint64_t>(
                                      std::chrono::milliseconds{options.address_lock}.count())};
}

Result<AddressQuestion> AccountBook::Impl::question(const AccountRow& account,
                                                    std::string_view addresses, pool::Height height)
{
    const auto routes = wished(addresses);
    if (!routes) return fail(routes.error());
    const auto present = routes_of(db, account, options.chain);
    if (!present) return fail(present.error());
    if (present->empty()) {
        return fail(Error::Code::refused,
                    "no address stands for this account's script: two approvals change it");
    }
    const PayRoute& signer = signer_of(*present);
    return AddressQuestion{
        change_message(options.chain, account.name, *routes, height), signer.address,
        pool::message_format(signer.script) != pool::MessageFormat::none, height};
}

Result<void> AccountBook::Impl::check_signature(const AccountRow& account, const AddressWish& wish,
                                                const Occasion& on, ChangeProof& proof)
{
    const auto asked = question(account, wish.addresses, wish.height);
    if (!asked) return fail(asked.error());
    const auto last = read_last_height(db, account.id);
    if (!last) return fail(last.error());
    if (auto fits = height_fits(wish.height, on.tip, *last); !fits) return fits;
    const auto signer = pool::parse_address(asked->signer, options.chain);
    if (!signer) return fail(signer.error());
    auto good = pool::verify_message(signer->script, asked->message, wish.signature);
    if (!good) {
        return fail(good.error().code,
                    good.error().detail + "; " + asked->signer + " has to sign: " + asked->message);
    }
    proof = {asked->message, asked->signer, wish.signature};
    return {};
}

Result<AddressChange> AccountBook::Impl::ask(const AccountRow& account, const AddressWish& wish,
                                             const Occasion& on)
{
    if (auto done = activate_due_changes(db, on.now); !done) return fail(done.error());
    auto routes = wished(wish.addresses);
    if (!routes) return fail(routes.error());
    AddressChange change;
    change.account = account.id;
    change.routes = std::move(*routes);
    change.asked_by = on.by;
    change.asked_at = on.now;
    change.proof = "none";
    ChangeProof proof;
    if (!wish.signature.empty()) {
        if (auto good = check_signature(account, wish, on, proof); !good) return fail(good.error());
        change.state = ChangeState::locked;
        change.proof = "signature";
        change.height = wish.height;
        change.locked_until = lock_end(on.now);
    }
    const auto id = insert_change(db, change, proof);
    if (!id && id.error().code == Error::Code::conflict) {
        return fail(Error::Code::conflict,
                    "a change of this account's addresses is under way already: cancel it first");
    }
    if (!id) return fail(id.error());
    change.id = *id;
    return change;
}

Result<AddressChange> AccountBook::Impl::open_change(const AccountRow& account, UnixMillis now)
{
    if (auto done = activate_due_changes(db, now); !done) return fail(done.error());
    auto open = read_open_change(db, account.id);
    if (!open) return fail(open.error());
    if (auto& change = *open) return std::move(*change);
    return fail(Error::Code::conflict, "no change of this account's addresses is under way");
}

Result<AddressChange> AccountBook::Impl::approve(const AccountRow& account, std::uint64_t id,
                                                 const Occasion& on)
{
    auto change = open_change(account, on.now);
    if (!change) return change;
    if (change->id != id || change->state != ChangeState::asked) {
        return fail(Error::Code::conflict, "change " + std::to_string(id) +
                                               " does not wait for approvals: look at the account");
    }
    if (change->asked_by == on.by) {
        return fail(Error::Code::refused, "whoever asked for a change may not approve it");
    }
    if (auto put = insert_approval(db, id, on.by, on.now); !put) return fail(put.error());
    change = open_change(account, on.now);
    if (!change || change->approvers.size() < approvals_needed) return change;
    const UnixMillis until = lock_end(on.now);
    if (auto locked = lock_change(db, id, on.now, until); !locked) return fail(locked.error());
    change->locked_until = until;
    change->state = ChangeState::locked;
    change->proof = "approvals";
    return change;
}

AccountBook::AccountBook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccountBook::~AccountBook() = default;

Result<std::unique_ptr<AccountBook>> AccountBook::open(AccountBookOptions options)
{
    auto impl = std::make_unique<Impl>(std::move(options));
    if (auto connected = impl->db.connect(); !connected) return fail(connected.error());
    const auto locks = check_lock(impl->db, impl->options.address_lock);
    if (!locks) return fail(locks.error());
    return std::unique_ptr<AccountBook>{new AccountBook{std::move(impl)}};
}

Result<AccountSheet> AccountBook::sheet(std::string_view account, const Occasion& on)
{
    return impl_->change<AccountSheet>(account, [&](const AccountRow& row) -> Result<AccountSheet> {
        MysqlConnection& db = impl_->db;
        if (auto done = activate_due_changes(db, on.now); !done) return fail(done.error());
        AccountSheet sheet;
        sheet.id = row.id;
        sheet.name = row.name;
        auto routes = routes_of(db, row, impl_->options.chain);
        if (!routes) return fail(routes.error());
        sheet.routes = std::move(*routes);
        auto open = read_open_change(db, row.id);
        if (!open) return fail(open.error());
        sheet.open = std::move(*open);
        const auto own = db.query(
            "SELECT s.minimum_sat, COALESCE(s.hold_reason, ''), COALESCE(s.held_by, ''), "
            "a.script IS NOT NULL OR COALESCE(s.is_public, 0) FROM account a "
            "LEFT JOIN account_setting s ON s.account_id = a.id WHERE a.id = ?",
            {row.id.value});
        if (!own) return fail(own.error());
        if (auto told = impl_->tell_terms(sheet, on); !told) return fail(told.error());
        if (!own->front().null(0)) sheet.minimum = Sats{own->front().sats(0)};
        sheet.hold_reason = own->front().text(1);
        sheet.held_by = own->front().text(2);
        sheet.is_public = own->front().u64(3) != 0;
        return sheet;
    });
}

Result<AddressQuestion> AccountBook::question(std::string_view account, std::string_view addresses,
                                              const Occasion& on)
{
    return impl_->change<AddressQuestion>(
        account, [&](const AccountRow& row) { return impl_->question(row, addresses, on.tip); });
}

Result<AddressChange> AccountBook::ask(const AddressWish& wish, const Occasion& on)
{
    return impl_->change<AddressChange>(
        wish.account, [&](const AccountRow& row) { return impl_->ask(row, wish, on); });
}

Result<AddressChange> AccountBook::approve(std::string_view account, std::uint64_t change,
                                           const Occasion& on)
{
    return impl_->change<AddressChange>(
        account, [&](const AccountRow& row) { return impl_->approve(row, change, on); });
}

Result<void> AccountBook::cancel(std::string_view account, const Occasion& on)
{
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        const auto open = impl_->open_change(row, on.now);
        if (!open) return fail(open.error());
        return cancel_change(impl_->db, open->id, on.by, on.now);
    });
}

// In two statements: the running user may change these columns and not account_id, which MariaDB
// would ask for in one of INSERT ... ON DUPLICATE KEY UPDATE.
Result<void> put_setting(MysqlConnection& db, pool::AccountId account, std::string_view what,
                         std::vector<SqlValue> values)
{
    const auto there =
        db.execute("INSERT IGNORE INTO account_setting (account_id) VALUES (?)", {account.value});
    if (!there) return fail(there.error());
    values.emplace_back(account.value);
    const auto put = db.execute(
        "UPDATE account_setting SET " + std::string{what} + " WHERE account_id = ?", values);
    if (!put) return fail(put.error());
    return {};
}

Result<void> AccountBook::set_minimum(std::string_view account, std::optional<Sats> minimum)
{
    if (minimum && (*minimum < minimum_least || *minimum > supply)) {
        return fail(Error::Code::invalid, "a minimum payout is at least " +
                                              std::to_string(minimum_least.value) +
                                              " sat and at most all bitcoin");
    }
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        const SqlValue value =
            minimum ? SqlValue{static_cast<std::uint64_t>(minimum->value)} : SqlValue{};
        return put_setting(impl_->db, row.id, "minimum_sat = ?", {value});
    });
}

Result<void> AccountBook::hold(std::string_view account, std::string_view reason,
                               const Occasion& on)
{
    if (reason.empty() || reason.size() > 190) {
        return fail(Error::Code::invalid, "the reason of a hold has 1 to 190 bytes");
    }
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        return put_setting(impl_->db, row.id, "hold_reason = ?, held_by = ?, held_at_ms = ?",
                           {sql(reason), on.by, on.now.value});
    });
}

Result<void> AccountBook::release(std::string_view account)
{
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        const auto put = impl_->db.execute(
            "UPDATE account_setting SET hold_reason = NULL, held_by = NULL, held_at_ms = NULL "
            "WHERE account_id = ? AND hold_reason IS NOT NULL",
            {row.id.value});
        if (!put) return fail(put.error());
        if (put->rows == 1) return {};
        return fail(Error::Code::conflict, "the account is not held");
    });
}

}  // namespace payouts
