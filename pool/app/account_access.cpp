#include "pool/app/account_access.h"

#include <chrono>
#include <utility>

#include "payouts/mysql_accounts.h"

namespace pool {
namespace {

constexpr std::chrono::seconds fresh_for{1};
// A sheet that could not be checked for so long says nothing any more: a token may be revoked.
constexpr std::chrono::seconds believed_for{60};
constexpr std::chrono::seconds sweep_every{60};

tl::unexpected<Error> no_sheet()
{
    return fail(Error::Code::unavailable, "the books don't say who may see this account");
}

}  // namespace

void forget_expired(payouts::AccessSheet& sheet, UnixMillis now)
{
    std::erase_if(sheet.passes, [now](const auto& entry) {
        const auto& expires = entry.second.expires_at;
        return expires && expires->value <= now.value;
    });
}

const payouts::AccessSheet::Pass* pass_of(const payouts::AccessSheet& sheet,
                                          const std::string& token, UnixMillis now)
{
    const auto digest = payouts::token_digest(token);
    if (!digest) return nullptr;
    const auto found = sheet.passes.find(*digest);
    if (found == sheet.passes.end()) return nullptr;
    const auto& expires = found->second.expires_at;
    return expires && expires->value <= now.value ? nullptr : &found->second;
}

rpc::Access access_of(const payouts::AccessSheet& sheet, const std::string& account,
                      const std::string& token, UnixMillis now)
{
    rpc::Access access;
    access.account = account;
    const auto* const pass = pass_of(sheet, token, now);
    access.token_good = pass != nullptr;
    if (sheet.public_names.contains(account)) {
        access.ground = rpc::Access::Ground::everybody;
        access.scopes = {true, true};
    } else if (pass != nullptr && pass->account == account) {
        access.ground = rpc::Access::Ground::token;
        access.scopes = pass->scopes;
    }
    return access;
}

void AccountAccess::access(const std::string& account, const std::string& token,
                           Done<rpc::Access> done)
{
    if (const auto address = parse_address(account, chain_)) {
        return done(
            rpc::Access{rpc::Access::Ground::everybody, address->text, {true, true}, false});
    }
    if (!payouts::check_account_name(account, chain_)) {
        return done(fail(Error::Code::not_found, "no address of this chain, and no name"));
    }
    fresh([this, account, token, done = std::move(done)] {
        if (const auto& sheet = sheet_) {
            return done(access_of(*sheet, account, token, read_clock().wall));
        }
        done(no_sheet());
    });
}

void AccountAccess::pass(const std::string& token, Done<Pass> done)
{
    if (!payouts::token_digest(token)) {
        return done(fail(Error::Code::not_found, "that is no token"));
    }
    fresh([this, token, done = std::move(done)] {
        const auto& sheet = sheet_;
        if (!sheet) return done(no_sheet());
        const Pass* const found = pass_of(*sheet, token, read_clock().wall);
        if (found == nullptr) return done(fail(Error::Code::not_found, "no such token"));
        done(*found);
    });
}

bool AccountAccess::is_public(const std::string& account) const
{
    const auto& sheet = sheet_;
    if (sheet && sheet->public_names.contains(account)) return true;
    return parse_address(account, chain_).has_value();
}

void AccountAccess::fresh(std::function<void()> done)
{
    if (sheet_ && read_clock().steady - read_at_ < fresh_for) return done();
    waiting_.push_back(std::move(done));
    if (std::exchange(reading_, true)) return;
    std::optional<std::uint64_t> known;
    if (const auto& sheet = sheet_) known = sheet->version;
    read_(known, [this](Result<std::optional<Sheet>> answer) { took(std::move(answer)); });
}

void AccountAccess::took(Result<std::optional<Sheet>> answer)
{
    reading_ = false;
    const SteadyTime now = read_clock().steady;
    if (answer) {
        read_at_ = now;
        if (auto& changed = *answer) {
            sheet_ = std::move(*changed);
            ++changes_;
        } else if (auto& sheet = sheet_; sheet && now - swept_at_ >= sweep_every) {
            swept_at_ = now;
            forget_expired(*sheet, read_clock().wall);
        }
    } else if (now - read_at_ > believed_for) {
        sheet_.reset();
        ++changes_;
    }
    for (const auto& each : std::exchange(waiting_, {})) each();
}

}  // namespace pool
