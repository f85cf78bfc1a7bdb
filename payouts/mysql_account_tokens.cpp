// The tokens of AccountBook, and whether an account is public.
#include "payouts/mysql_account_tokens.h"

#include <utility>

#include "payouts/mysql_account_impl.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::UnixMillis;

/// Whoever keeps a sheet reads it anew when this has moved.
Result<void> tell_change(MysqlConnection& db)
{
    const auto told =
        db.execute("UPDATE books SET access_version = access_version + 1 WHERE id = 1");
    if (!told) return fail(told.error());
    return {};
}

Result<void> check_named(MysqlConnection& db, const AccountRow& account)
{
    const auto rows =
        db.query("SELECT script IS NULL FROM account WHERE id = ?", {account.id.value});
    if (!rows) return fail(rows.error());
    if (rows->front().u64(0) != 0) return {};
    return fail(Error::Code::invalid, "an account that is an address is public, as the chain is");
}

std::optional<UnixMillis> time_at(const SqlRow& row, std::size_t column)
{
    if (row.null(column)) return std::nullopt;
    return UnixMillis{row.u64(column)};
}

Result<void> check_room(MysqlConnection& db, const AccountRow& account, UnixMillis now)
{
    const auto good = db.query(
        "SELECT COUNT(*), COALESCE(SUM(account_id = ?), 0) FROM account_token "
        "WHERE revoked_at_ms IS NULL AND COALESCE(expires_at_ms, ?) >= ?",
        {account.id.value, now.value, now.value});
    if (!good) return fail(good.error());
    if (good->front().u64(0) < AccountBook::tokens_max_in_all &&
        good->front().u64(1) < AccountBook::tokens_max) {
        return {};
    }
    return fail(Error::Code::conflict, "there are as many good tokens as may be: revoke some");
}

}  // namespace

Result<NewToken> AccountBook::make_token(std::string_view account, const TokenWish& wish,
                                         const Occasion& on)
{
    if (wish.label.size() > token_label_max) {
        return fail(Error::Code::invalid, "a label has at most 64 bytes");
    }
    const auto secret = new_token_secret();
    if (!secret) return fail(secret.error());
    const auto digest = token_digest(*secret);
    if (!digest) return fail(Error::Code::io, "the token that was made is none");
    return impl_->change<NewToken>(account, [&](const AccountRow& row) -> Result<NewToken> {
        MysqlConnection& db = impl_->db;
        if (auto named = check_named(db, row); !named) return fail(named.error());
        if (auto room = check_room(db, row, on.now); !room) return fail(room.error());
        NewToken made;
        made.secret = *secret;
        made.token.label = wish.label;
        made.token.scopes = wish.scopes;
        made.token.made_by = on.by;
        made.token.made_at = on.now;
        SqlValue expires;
        if (const auto& good_for = wish.good_for) {
            const auto length = std::chrono::milliseconds{*good_for}.count();
            const UnixMillis end{on.now.value + static_cast<std::uint64_t>(length)};
            made.token.expires_at = end;
            expires = end.value;
        }
        const auto put = db.execute(
            "INSERT INTO account_token (account_id, label, digest, hashrate, earnings, made_by, "
            "made_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            {row.id.value, wish.label, sql(*digest), std::uint64_t{wish.scopes.hashrate},
             std::uint64_t{wish.scopes.earnings}, on.by, on.now.value, expires});
        if (!put) return fail(put.error());
        if (auto told = tell_change(db); !told) return fail(told.error());
        made.token.id = put->insert_id;
        return made;
    });
}

Result<std::vector<AccountToken>> AccountBook::tokens(std::string_view account)
{
    using Tokens = std::vector<AccountToken>;
    return impl_->change<Tokens>(account, [&](const AccountRow& row) -> Result<Tokens> {
        const auto rows = impl_->db.query(
            "SELECT id, label, hashrate, earnings, made_by, made_at_ms, expires_at_ms, "
            "COALESCE(revoked_by, ''), revoked_at_ms FROM account_token WHERE account_id = ? "
            "ORDER BY id DESC LIMIT 1000",
            {row.id.value});
        if (!rows) return fail(rows.error());
        Tokens tokens;
        for (const SqlRow& each : *rows) {
            AccountToken token;
            token.id = each.u64(0);
            token.label = each.text(1);
            token.scopes = {each.u64(2) != 0, each.u64(3) != 0};
            token.made_by = each.text(4);
            token.made_at = UnixMillis{each.u64(5)};
            token.expires_at = time_at(each, 6);
            token.revoked_by = each.text(7);
            token.revoked_at = time_at(each, 8);
            tokens.push_back(std::move(token));
        }
        return tokens;
    });
}

Result<void> AccountBook::revoke_token(std::string_view account, std::uint64_t token,
                                       const Occasion& on)
{
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        const auto put = impl_->db.execute(
            "UPDATE account_token SET revoked_by = ?, revoked_at_ms = ? "
            "WHERE id = ? AND account_id = ? AND revoked_at_ms IS NULL",
            {on.by, on.now.value, token, row.id.value});
        if (!put) return fail(put.error());
        if (put->rows == 1) return tell_change(impl_->db);
        return fail(Error::Code::not_found,
                    "the account has no token " + std::to_string(token) + " that is good");
    });
}

Result<void> AccountBook::set_public(std::string_view account, bool is_public)
{
    return impl_->change<void>(account, [&](const AccountRow& row) -> Result<void> {
        if (auto named = check_named(impl_->db, row); !named) return named;
        const std::uint64_t value = is_public ? 1 : 0;
        auto put = put_setting(impl_->db, row.id, "is_public = ?", {value});
        return put ? tell_change(impl_->db) : put;
    });
}

Result<std::optional<AccessSheet>> read_access(MysqlConnection& db,
                                               std::optional<std::uint64_t> known,
                                               pool::UnixMillis now)
{
    // The version first: what changes behind it is read once more, never missed.
    const auto version = db.query("SELECT access_version FROM books WHERE id = 1");
    if (!version) return fail(version.error());
    AccessSheet sheet;
    sheet.version = version->front().u64(0);
    if (known == sheet.version) return std::nullopt;
    const auto names = db.query(
        "SELECT a.name FROM account_setting s JOIN account a ON a.id = s.account_id "
        "WHERE s.is_public = 1 AND a.script IS NULL");
    if (!names) return fail(names.error());
    for (const SqlRow& row : *names) sheet.public_names.insert(row.text(0));
    const auto tokens = db.query(
        "SELECT t.digest, a.name, t.label, t.hashrate, t.earnings, t.expires_at_ms "
        "FROM account_token t JOIN account a ON a.id = t.account_id "
        "WHERE t.revoked_at_ms IS NULL AND COALESCE(t.expires_at_ms > ?, 1)",
        {now.value});
    if (!tokens) return fail(tokens.error());
    for (const SqlRow& row : *tokens) {
        sheet.passes.emplace(
            row.digest(0),
            AccessSheet::Pass{
                row.text(1), row.text(2), {row.u64(3) != 0, row.u64(4) != 0}, time_at(row, 5)});
    }
    return sheet;
}

}  // namespace payouts
