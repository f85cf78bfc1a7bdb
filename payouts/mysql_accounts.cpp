#include "payouts/mysql_accounts.h"

#include <algorithm>

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::size_t name_min = 3;
constexpr std::size_t name_max = 32;

bool name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

Result<AccountId> ensure_address_account(MysqlConnection& db, pool::ByteSpan script,
                                         pool::Chain chain)
{
    const pool::Bytes bytes(script.begin(), script.end());
    const auto rows = db.query("SELECT id FROM account WHERE script = ?", {bytes});
    if (!rows) return fail(rows.error());
    if (!rows->empty()) return AccountId{rows->front().u64(0)};

    // Shares are taken for standard scripts only. Should another one ever come, it is still owed.
    const auto address = pool::address_of_script(script, chain);
    const std::string name = address ? address->text : "script-" + pool::to_hex(script);
    const auto made = db.execute(
        "INSERT INTO account (name, script, payout_address, salt) "
        "VALUES (?, ?, ?, RANDOM_BYTES(32))",
        {name.substr(0, 100), bytes, address ? address->text : std::string{}});
    if (!made) return fail(made.error());
    return AccountId{made->insert_id};
}

Result<void> check_account(MysqlConnection& db, AccountId account)
{
    const auto rows = db.query("SELECT 1 FROM account WHERE id = ?", {account.value});
    if (!rows) return fail(rows.error());
    if (!rows->empty()) return {};
    return fail(Error::Code::invalid,
                "shares came for account row " + std::to_string(account.value) +
                    ", which this database does not have: is it the right database?");
}

Result<void> check_account_name(std::string_view name, pool::Chain chain)
{
    if (name.size() < name_min || name.size() > name_max ||
        !std::all_of(name.begin(), name.end(), name_character)) {
        return fail(Error::Code::invalid,
                    "an account name has 3 to 32 characters, of a-z, 0-9, _ and - only");
    }
    const auto address = pool::parse_address(name, chain);
    if (address || address.error().code == Error::Code::refused) {
        return fail(Error::Code::invalid,
                    "an account name may not be an address: mine with the address itself");
    }
    return {};
}

Result<AccountId> insert_account(MysqlConnection& db, std::string_view name,
                                 const pool::Address& payout)
{
    const auto made = db.execute(
        "INSERT INTO account (name, payout_address, salt) "
        "VALUES (?, ?, RANDOM_BYTES(32))",
        {sql(name), payout.text});
    if (made) return AccountId{made->insert_id};
    if (made.error().code != Error::Code::conflict) return fail(made.error());
    return fail(Error::Code::conflict, "there is an account " + std::string{name} + " already");
}

Result<std::vector<RegisteredAccount>> read_registered(MysqlConnection& db)
{
    const auto rows =
        db.query("SELECT id, name, payout_address FROM account WHERE script IS NULL ORDER BY id");
    if (!rows) return fail(rows.error());
    std::vector<RegisteredAccount> accounts;
    for (const SqlRow& row : *rows) {
        accounts.push_back({AccountId{row.u64(0)}, row.text(1), row.text(2)});
    }
    return accounts;
}

Result<std::string> fix_setting(MysqlConnection& db, std::string_view name, std::string_view value)
{
    const auto put = db.execute("INSERT IGNORE INTO setting (name, value) VALUES (?, ?)",
                                {sql(name), sql(value)});
    if (!put) return fail(put.error());
    const auto rows = db.query("SELECT value FROM setting WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    pool::check(!rows->empty(), "it was inserted or there before");
    return rows->front().text(0);
}

}  // namespace payouts
