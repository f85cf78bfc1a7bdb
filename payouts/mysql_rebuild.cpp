#include "payouts/mysql_rebuild.h"

#include <string>

#include "payouts/mysql_window.h"
#include "payouts/pplns.h"

namespace payouts {

using pool::fail;
using pool::Result;

std::string totals_of_slots()
{
    return "SELECT account_id, CAST(SUM(shares) AS SIGNED) shares, CAST(SUM(stale) AS SIGNED) "
           "stale, SUM(work) work, SUM(score) score, CAST(MAX(slot_id) AS SIGNED) last_slot, "
           "1 side FROM slot_account WHERE account_id <> " +
           std::to_string(reserve_account.value) + " GROUP BY account_id";
}

Result<std::uint64_t> rebuild_balances(MysqlConnection& db)
{
    // Nobody posts meanwhile: every event takes this lock.
    const auto locked = db.query("SELECT ledger_head FROM books WHERE id = 1 FOR UPDATE");
    if (!locked) return fail(locked.error());
    // As its code says (grows_by_debits): what the database lets through follows from it.
    const auto flags = db.execute(
        "UPDATE ledger_account SET may_go_negative = 0, side = IF(code LIKE 'asset:%' OR code LIKE "
        "'expense:%', 'debit', 'credit') WHERE may_go_negative <> 0 OR side <> IF(code LIKE "
        "'asset:%' OR code LIKE 'expense:%', 'debit', 'credit')");
    if (!flags) return fail(flags.error());
    const auto repaired = db.execute(
        "UPDATE ledger_balance b JOIN (SELECT a.id, a.side, "
        "COALESCE((SELECT SUM(t.amount_sat) FROM ledger_transfer t WHERE t.debit_id = a.id), 0) d, "
        "COALESCE((SELECT SUM(t.amount_sat) FROM ledger_transfer t WHERE t.credit_id = a.id), 0) c "
        "FROM ledger_account a) s ON s.id = b.account_id SET b.debits_sat = s.d, "
        "b.credits_sat = s.c, b.side = s.side, b.may_go_negative = 0 WHERE b.debits_sat <> s.d OR "
        "b.credits_sat <> s.c OR b.side <> s.side OR b.may_go_negative <> 0");
    if (!repaired) return fail(repaired.error());
    const auto added = db.execute(
        "INSERT INTO ledger_balance (account_id, side, may_go_negative, debits_sat, credits_sat) "
        "SELECT a.id, a.side, 0, "
        "COALESCE((SELECT SUM(t.amount_sat) FROM ledger_transfer t WHERE t.debit_id = a.id), 0), "
        "COALESCE((SELECT SUM(t.amount_sat) FROM ledger_transfer t WHERE t.credit_id = a.id), 0) "
        "FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id "
        "WHERE b.account_id IS NULL");
    if (!added) return fail(added.error());
    // No minute is sealed meanwhile either: sealing takes the same lock.
    for (const std::string& step :
         {std::string{"DELETE FROM hour_score"},
          "INSERT INTO hour_score (hour, account_id, score, moment) SELECT s.slot_id DIV 60, "
          "s.account_id, SUM(s.score), SUM(" +
              std::string{moment_of_slots} +
              ") FROM slot_account s JOIN slot t ON t.slot_id = s.slot_id "
              "GROUP BY s.slot_id DIV 60, s.account_id",
          std::string{"DELETE FROM account_total"}}) {
        if (const auto done = db.execute(step); !done) return fail(done.error());
    }
    const auto totals = db.execute(
        "INSERT INTO account_total (account_id, shares, stale, work, score, last_slot) SELECT "
        "account_id, shares, stale, work, score, last_slot FROM (" +
        totals_of_slots() + ") made_again");
    if (!totals) return fail(totals.error());
    return repaired->rows + added->rows;
}

}  // namespace payouts
