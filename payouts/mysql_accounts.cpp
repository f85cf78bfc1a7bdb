#include "payouts/mysql_accounts.h"

#include <algorithm>
#include <utility>

#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;

// Numbers of registered accounts are from here to twice as much: exact in JSON's numbers, too.
constexpr std::uint64_t registered_id_min = std::uint64_t{1} << 51;
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
    // Whoever holds the accountant's lease is the only one who makes them.
    const auto next =
        db.query("SELECT COALESCE(MAX(id), 0) + 1 FROM account WHERE id < ?", {registered_id_min});
    if (!next) return fail(next.error());
    const AccountId id{next->front().u64(0)};
    const auto made = db.execute(
        "INSERT INTO account (id, name, script, payout_address, salt) "
        "VALUES (?, ?, ?, ?, RANDOM_BYTES(32))",
        {id.value, name.substr(0, 100), bytes, address ? address->text : std::string{}});
    if (!made) return fail(made.error());
    return id;
}

Result<void> check_account(MysqlConnection& db, AccountId account)
{
    const auto rows = db.query("SELECT 1 FROM account WHERE id = ?", {account.value});
    if (!rows) return fail(rows.error());
    if (!rows->empty()) return {};
    return fail(Error::Code::invalid,
                "shares came for account number " + std::to_string(account.value) +
                    ", which this database does not have: is it the right one? An account that a "
                    "restored backup has forgotten gets its number back when it is registered "
                    "under its name again");
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

AccountId registered_id(std::string_view name)
{
    const pool::Digest hash = pool::Sha256{}
                                  .update(pool::as_bytes("zubr-account-1\n"))
                                  .update(pool::as_bytes(name))
                                  .finish();
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | hash[i];
    return AccountId{number % registered_id_min + registered_id_min};
}

Result<AccountId> insert_account(MysqlConnection& db, std::string_view name,
                                 const pool::Address& payout)
{
    const AccountId id = registered_id(name);
    const auto made = db.execute(
        "INSERT INTO account (id, name, payout_address, salt) "
        "VALUES (?, ?, ?, RANDOM_BYTES(32))",
        {id.value, sql(name), payout.text});
    if (made) return id;
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

Result<pool::KnownScripts> read_known_scripts(MysqlConnection& db, std::size_t most)
{
    constexpr std::uint64_t at_once = 20'000;
    std::vector<pool::KnownScripts::Print> prints;
    std::uint64_t below = registered_id_min;
    while (prints.size() < most) {
        const auto rows = db.query(
            "SELECT id, script FROM account WHERE id < ? AND script IS NOT NULL "
            "ORDER BY id DESC LIMIT ?",
            {below, std::min<std::uint64_t>(at_once, most - prints.size())});
        if (!rows) return fail(rows.error());
        if (rows->empty()) break;
        for (const SqlRow& row : *rows) {
            prints.push_back(pool::KnownScripts::print_of(pool::as_bytes(row.text(1))));
        }
        below = rows->back().u64(0);
    }
    return pool::KnownScripts{std::move(prints)};
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
