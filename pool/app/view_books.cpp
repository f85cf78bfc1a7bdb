#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "pool/app/view.h"
#include "pool/base/bytes.h"
#include "pool/base/log.h"
#include "pool/bitcoin/address.h"
#include "rpc/account_views.h"

// What a View asks of the books' own threads: terms, changes, and what takes minutes.
namespace pool {
namespace {

std::map<std::string, Sats> paid_to(const std::map<Script, Sats>& scripts, Chain chain)
{
    std::map<std::string, Sats> addresses;
    for (const auto& [script, paid] : scripts) {
        const auto address = address_of_script(script, chain);
        addresses[address ? address->text : to_hex(script)] += paid;
    }
    return addresses;
}

}  // namespace

using std::chrono::milliseconds;

void View::terms(Done<rpc::TermsInfo> done)
{
    const auto info = std::make_shared<rpc::TermsInfo>();
    parts_.accounts.run(
        "",
        [info](payouts::AccountBook& book, const payouts::Occasion& on) -> Result<std::string> {
            const auto terms = book.terms(on);
            if (!terms) return fail(terms.error());
            *info = rpc::terms_now(*terms);
            return std::string{};
        },
        [this, info, done = std::move(done)](const Result<std::string>& read) {
            if (!read) return done(fail(read.error()));
            info->minimum_payout = parts_.minimum_payout;
            info->explorer = parts_.explorer;
            // As PayoutSchedule counts its turns.
            const auto period =
                static_cast<std::uint64_t>(milliseconds{parts_.payouts_every}.count());
            if (period > 0) {
                const std::uint64_t turn = read_clock().wall.value / period;
                info->next_payout = UnixMillis{(turn + 1) * period};
            }
            done(*info);
        });
}

void View::create_account(const std::string& name, const std::string& address,
                          Done<rpc::AccountInfo> done)
{
    const auto payout = parse_address(address, identity_.chain);
    if (!payout) return done(fail(Error::Code::invalid, payout.error().detail));
    const rpc::AccountInfo info{name, payout->text};
    parts_.books.create_account(name, *payout,
                                [this, info, done = std::move(done)](Result<AccountId> made) {
                                    parts_.rpc_loop.post([info, done, made = std::move(made)] {
                                        if (!made) return done(fail(made.error()));
                                        done(info);
                                    });
                                });
}

void View::retire_producer(const std::string& name, Done<std::string> done)
{
    parts_.books.retire(name, [this, name, done = std::move(done)](Result<void> retired) {
        parts_.rpc_loop.post([name, done, retired = std::move(retired)] {
            if (!retired) return done(fail(retired.error()));
            done(name);
        });
    });
}

void View::accept_gap(const std::string& producer, const std::string& by, Done<std::uint64_t> done)
{
    parts_.books.accept_gap(
        producer, by, [this, done = std::move(done)](Result<std::uint64_t> accepted) {
            parts_.rpc_loop.post(
                [done, accepted = std::move(accepted)]() mutable { done(std::move(accepted)); });
        });
}

void View::verify_ledger(Done<rpc::LedgerVerdict> done)
{
    const auto reply = std::make_shared<Done<rpc::LedgerVerdict>>(std::move(done));
    const bool posted = audits_.post([this, reply, chain = identity_.chain] {
        const auto checked = parts_.audits->verify();
        Result<rpc::LedgerVerdict> verdict = fail(Error::Code::unavailable, "");
        if (checked) {
            verdict = rpc::LedgerVerdict{
                .events = checked->events,
                .transfers = checked->transfers,
                .accounts = checked->accounts,
                .blocks = checked->blocks,
                .slots = checked->slots,
                .blocks_unproven = checked->blocks_unproven,
                .heads_unknown = checked->heads_unknown,
                .head_unknown_in =
                    checked->head_unknown_in ? to_display_hex(*checked->head_unknown_in) : "",
                .records_given_up = checked->records_given_up,
                .adjustments = checked->adjustments,
                .paid_to = paid_to(checked->paid_to, chain),
                .head = to_hex(checked->head),
                .difference = checked->difference,
                .off = checked->off};
        } else {
            verdict = fail(checked.error());
        }
        if (checked && !checked->good()) {
            log::error("ledger_differs", {{"reason", checked->difference}});
        }
        parts_.rpc_loop.post([this, reply, verdict = std::move(verdict)] {
            if (verdict) heads_unknown_ = verdict->heads_unknown;
            (*reply)(verdict);
        });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "the books are being verified already"));
}

}  // namespace pool
