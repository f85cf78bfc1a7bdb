// The sites of AccountBook.
#include <algorithm>
#include <utility>

#include "payouts/mysql_account_impl.h"
#include "payouts/mysql_sites.h"
#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::size_t site_name_max = 32;
constexpr std::size_t prefix_max = 64;

// As docs/share.md folds worker names: no worker has another character.
bool worker_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._:+=@-"}.find(c) != std::string_view::npos;
}

bool site_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Result<void> check_rule(std::string_view prefix, std::string_view site)
{
    if (prefix.empty() || prefix.size() > prefix_max ||
        !std::all_of(prefix.begin(), prefix.end(), worker_character)) {
        return fail(Error::Code::invalid,
                    "a prefix has 1 to 64 characters that a worker's name may have: letters, "
                    "digits and . _ : + = @ -");
    }
    if (site.empty() || site.size() > site_name_max ||
        !std::all_of(site.begin(), site.end(), site_character)) {
        return fail(Error::Code::invalid,
                    "a site's name has 1 to 32 characters, of a-z, 0-9, _ and - only");
    }
    return {};
}

}  // namespace

Result<std::uint64_t> AccountBook::set_site(std::string_view account, std::string_view prefix,
                                            std::string_view site,
                                            std::optional<pool::UnixMillis> from,
                                            const Occasion& on)
{
    if (auto good = check_rule(prefix, site); !good) return fail(good.error());
    return impl_->change<std::uint64_t>(
        account, [&](const AccountRow& row) -> Result<std::uint64_t> {
            MysqlConnection& db = impl_->db;
            auto slot = impl_->slot_for(from, on, false);
            if (!slot) return slot;
            const auto count =
                db.query("SELECT COUNT(*) FROM site_rule WHERE account_id = ?", {row.id.value});
            if (!count) return fail(count.error());
            if (count->front().u64(0) >= site_rules_max) {
                return fail(Error::Code::conflict, "this account has all the rules it may have");
            }
            const auto id = ensure_site(db, row.id, site);
            if (!id) return fail(id.error());
            auto put =
                insert_site_rule(db, {row.id, std::string{prefix}, *id, *slot}, on.by, on.now);
            if (!put) return fail(put.error());
            return slot;
        });
}

Result<SiteSheet> AccountBook::sites(std::string_view account, std::chrono::hours hours,
                                     const Occasion& on)
{
    return impl_->change<SiteSheet>(account, [&](const AccountRow& row) -> Result<SiteSheet> {
        const auto back = static_cast<std::uint64_t>(std::chrono::milliseconds{hours}.count());
        const std::uint64_t first =
            pool::slot_of(pool::UnixMillis{on.now.value - std::min(on.now.value, back)});
        SiteSheet sheet;
        auto sums = read_site_sums(impl_->db, row.id, first + 1);
        if (!sums) return fail(sums.error());
        sheet.sums = std::move(*sums);
        const auto rules = impl_->db.query(
            "SELECT r.prefix, COALESCE(n.name, 'main'), r.from_slot FROM site_rule r "
            "LEFT JOIN site n ON n.id = r.site_id WHERE r.account_id = ? ORDER BY r.id",
            {row.id.value});
        if (!rules) return fail(rules.error());
        for (const SqlRow& each : *rules) {
            sheet.rules.push_back({each.text(0), each.text(1), each.u64(2)});
        }
        return sheet;
    });
}

}  // namespace payouts
