// The terms of AccountBook: fees, donations, N.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "payouts/day.h"
#include "payouts/mysql_account_impl.h"
#include "payouts/mysql_payouts.h"
#include "payouts/mysql_schedules.h"
#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::UnixMillis;

constexpr unsigned bps_whole = 10'000;
constexpr AccountId everybody{0};

Result<void> check_bps(std::optional<unsigned> bps)
{
    if (!bps || *bps <= bps_whole) return {};
    return fail(Error::Code::invalid, "hundredths of a per cent are at most 10000");
}

}  // namespace

Result<std::uint64_t> AccountBook::Impl::slot_for(std::optional<UnixMillis> from,
                                                  const Occasion& on, bool announced)
{
    const auto settled = lock_settled(db);
    if (!settled) return fail(settled.error());
    return change_slot(from, pool::slot_of(on.now), *settled, announced ? notice_slots() : 0);
}

std::uint64_t AccountBook::Impl::notice_slots() const
{
    return static_cast<std::uint64_t>(std::chrono::milliseconds{options.notice}.count()) /
           pool::slot_ms;
}

Result<bool> AccountBook::Impl::fee_is_worse(pool::AccountId account, std::optional<unsigned> bps,
                                             std::uint64_t slot)
{
    const auto own = read_changes(db, Schedule::fee, account);
    if (!own) return fail(own.error());
    const auto usual = read_changes(db, Schedule::fee, everybody);
    if (!usual) return fail(usual.error());
    std::vector<BpsChange> with = *own;
    const auto behind = std::find_if(
        with.begin(), with.end(), [slot](const BpsChange& each) { return each.from_slot > slot; });
    with.insert(behind, {slot, bps, ""});
    std::set<std::uint64_t> turns{slot};
    for (const auto* changes : {&*own, &*usual}) {
        for (const BpsChange& each : *changes) {
            if (each.from_slot > slot && each.from_slot < slot + notice_slots()) {
                turns.insert(each.from_slot);
            }
        }
    }
    for (const std::uint64_t at : turns) {
        const auto then = read_usual_fee(db, at);
        if (!then) return fail(then.error());
        if (bps_at(with, at).value_or(*then) > bps_at(*own, at).value_or(*then)) return true;
    }
    return false;
}

Result<void> AccountBook::Impl::tell_terms(AccountSheet& sheet, const Occasion& on)
{
    const std::uint64_t slot = pool::slot_of(on.now);
    auto fees = read_changes(db, Schedule::fee, sheet.id);
    if (!fees) return fail(fees.error());
    auto donations = read_changes(db, Schedule::donation, sheet.id);
    if (!donations) return fail(donations.error());
    const auto usual = read_usual_fee(db, slot);
    if (!usual) return fail(usual.error());
    sheet.fee_bps = bps_at(*fees, slot).value_or(*usual);
    sheet.donation_bps = std::min(bps_at(*donations, slot).value_or(0), bps_whole - sheet.fee_bps);
    sheet.fees = std::move(*fees);
    sheet.donations = std::move(*donations);
    return {};
}

Result<std::uint64_t> AccountBook::set_usual_fee(unsigned bps, std::optional<UnixMillis> from,
                                                 const Occasion& on)
{
    if (auto good = check_bps(bps); !good) return fail(good.error());
    auto transaction = impl_->begin();
    if (!transaction) return fail(transaction.error());
    MysqlConnection& db = impl_->db;
    auto slot = impl_->slot_for(from, on, false);
    if (!slot) return slot;
    const auto before = read_usual_fee(db, *slot);
    if (!before) return fail(before.error());
    if (bps > *before) slot = impl_->slot_for(from, on, true);
    if (!slot) return slot;
    auto added = add_change(db, Schedule::fee, everybody, {*slot, bps, on.by}, on.now);
    if (!added) return fail(added.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return slot;
}

Result<std::uint64_t> AccountBook::set_fee(std::string_view account, std::optional<unsigned> bps,
                                           std::optional<UnixMillis> from, const Occasion& on)
{
    if (auto good = check_bps(bps); !good) return fail(good.error());
    return impl_->change<std::uint64_t>(
        account, [&](const AccountRow& row) -> Result<std::uint64_t> {
            MysqlConnection& db = impl_->db;
            auto slot = impl_->slot_for(from, on, false);
            if (!slot) return slot;
            // A better fee may hold at once, a worse one is announced.
            const auto worse = impl_->fee_is_worse(row.id, bps, *slot);
            if (!worse) return fail(worse.error());
            if (*worse) slot = impl_->slot_for(from, on, true);
            if (!slot) return slot;
            auto added = add_change(db, Schedule::fee, row.id, {*slot, bps, on.by}, on.now);
            if (!added) return fail(added.error());
            return slot;
        });
}

Result<bool> AccountBook::Impl::asked_by_two(AccountId account, unsigned bps, const Occasion& on)
{
    const std::string name = "donation:" + std::to_string(account.value);
    const auto before = read_control(db, name);
    if (!before) return fail(before.error());
    const std::uint64_t today = on.now.value / day_ms;
    const std::string wish = std::to_string(bps) + "@" + std::to_string(today);
    const std::string wish_before = std::to_string(bps) + "@" + std::to_string(today - 1);
    const std::optional<ControlRow>& known = *before;
    const bool agreed =
        known && known->set_by != on.by && (known->value == wish || known->value == wish_before);
    auto noted = write_control(db, name, {agreed ? "" : wish, on.by}, on.now);
    if (!noted) return fail(noted.error());
    return agreed;
}

Result<std::optional<std::uint64_t>> AccountBook::set_donation(std::string_view account,
                                                               unsigned bps,
                                                               std::optional<UnixMillis> from,
                                                               const Occasion& on)
{
    using Slot = std::optional<std::uint64_t>;
    if (auto good = check_bps(bps); !good) return fail(good.error());
    return impl_->change<Slot>(account, [&](const AccountRow& row) -> Result<Slot> {
        auto slot = impl_->slot_for(from, on, false);
        if (!slot) return fail(slot.error());
        // Who gives more hears of it as of a higher fee: what is credited cannot be taken back.
        const auto before = read_changes(impl_->db, Schedule::donation, row.id);
        if (!before) return fail(before.error());
        if (bps > bps_at(*before, *slot).value_or(0)) {
            slot = impl_->slot_for(from, on, true);
            if (!slot) return fail(slot.error());
            const auto agreed = impl_->asked_by_two(row.id, bps, on);
            if (!agreed) return fail(agreed.error());
            if (!*agreed) return Slot{};
        }
        auto added = add_change(impl_->db, Schedule::donation, row.id, {*slot, bps, on.by}, on.now);
        if (!added) return fail(added.error());
        return Slot{*slot};
    });
}

Result<std::uint64_t> AccountBook::set_window(pool::U128 size, std::optional<UnixMillis> from,
                                              const Occasion& on)
{
    if (size == 0) return fail(Error::Code::invalid, "a window holds something");
    auto transaction = impl_->begin();
    if (!transaction) return fail(transaction.error());
    auto slot = impl_->slot_for(from, on, true);
    if (!slot) return slot;
    auto added = add_window_change(impl_->db, {*slot, size, on.by}, on.now);
    if (!added) return fail(added.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return slot;
}

Result<PoolTerms> AccountBook::terms(const Occasion& on)
{
    auto transaction = impl_->begin();
    if (!transaction) return fail(transaction.error());
    MysqlConnection& db = impl_->db;
    PoolTerms terms;
    terms.slot_now = pool::slot_of(on.now);
    const auto fee = read_fee_begun(db);
    if (!fee) return fail(fee.error());
    terms.fee_begun = *fee;
    const auto window = read_window_begun(db);
    if (!window) return fail(window.error());
    terms.window_begun = *window;
    auto fees = read_changes(db, Schedule::fee, everybody);
    if (!fees) return fail(fees.error());
    terms.fees = std::move(*fees);
    auto windows = read_window_changes(db);
    if (!windows) return fail(windows.error());
    terms.windows = std::move(*windows);
    return terms;
}

}  // namespace payouts
