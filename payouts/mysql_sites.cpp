#include "payouts/mysql_sites.h"

#include <utility>

namespace payouts {

using pool::AccountId;
using pool::fail;
using pool::Result;

Result<std::uint64_t> read_site_version(MysqlConnection& db)
{
    const auto rows = db.query("SELECT site_version FROM books WHERE id = 1");
    if (!rows) return fail(rows.error());
    return rows->front().u64(0);
}

Result<SiteRules> read_site_rules(MysqlConnection& db)
{
    const auto rows =
        db.query("SELECT account_id, prefix, site_id, from_slot FROM site_rule ORDER BY id");
    if (!rows) return fail(rows.error());
    std::vector<SiteRule> rules;
    for (const SqlRow& row : *rows) {
        rules.push_back({AccountId{row.u64(0)}, row.text(1), row.u64(2), row.u64(3)});
    }
    return SiteRules{std::move(rules)};
}

Result<std::vector<SiteSum>> read_site_sums(MysqlConnection& db, AccountId account,
                                            std::uint64_t first_slot)
{
    const auto rows = db.query(
        "SELECT COALESCE(n.name, 'main'), SUM(s.shares), SUM(s.stale), SUM(s.work), "
        "SUM(s.score) FROM slot_account s LEFT JOIN site n ON n.id = s.site_id "
        "WHERE s.account_id = ? AND s.slot_id >= ? GROUP BY s.site_id, n.name "
        "ORDER BY s.site_id",
        {account.value, first_slot});
    if (!rows) return fail(rows.error());
    std::vector<SiteSum> sums;
    for (const SqlRow& row : *rows) {
        sums.push_back({row.text(0), row.u64(1), row.u64(2), row.u128(3), row.u128(4)});
    }
    return sums;
}

Result<std::uint64_t> find_site(MysqlConnection& db, AccountId account, std::string_view name)
{
    if (name == "main") return main_site;
    const auto rows = db.query("SELECT id FROM site WHERE account_id = ? AND name = ?",
                               {account.value, sql(name)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return fail(pool::Error::Code::not_found, "no such site");
    return rows->front().u64(0);
}

Result<std::uint64_t> ensure_site(MysqlConnection& db, AccountId account, std::string_view name)
{
    if (name == "main") return main_site;
    const auto put = db.execute("INSERT IGNORE INTO site (account_id, name) VALUES (?, ?)",
                                {account.value, sql(name)});
    if (!put) return fail(put.error());
    return find_site(db, account, name);
}

Result<void> insert_site_rule(MysqlConnection& db, const SiteRule& rule, std::string_view by,
                              pool::UnixMillis at)
{
    const auto put = db.execute(
        "INSERT INTO site_rule (account_id, prefix, site_id, from_slot, set_by, set_at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {rule.account.value, rule.prefix, rule.site, rule.from_slot, sql(by), at.value});
    if (!put) return fail(put.error());
    const auto told = db.execute("UPDATE books SET site_version = site_version + 1 WHERE id = 1");
    if (!told) return fail(told.error());
    return {};
}

}  // namespace payouts
