#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "payouts/account_token.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/bitcoin/address.h"
#include "rpc/access.h"

namespace pool {

/// Who may read which account on the web, from the books' sheet of tokens, which is held in memory
/// and read anew when it is a second old and has changed: whoever guesses tokens or names asks
/// MySQL for nothing. Lives on the rpc loop.
class AccountAccess {
public:
    using Sheet = payouts::AccessSheet;
    using Pass = Sheet::Pass;
    template <typename T>
    using Done = std::function<void(Result<T>)>;
    /// Asks the books, unless they still have version `known`. Answers on the rpc loop.
    using Read =
        std::function<void(std::optional<std::uint64_t> known, Done<std::optional<Sheet>>)>;

    AccountAccess(Chain chain, Read read) : chain_(chain), read_(std::move(read)) {}

    /// Errors: not_found, as PoolView::access; unavailable, when the sheet can't be had.
    void access(const std::string& account, const std::string& token, Done<rpc::Access> done);
    /// Errors: not_found, for a token that is good for nothing (any more); unavailable.
    void pass(const std::string& token, Done<Pass> done);
    /// Calls back once is_public() can tell.
    void fresh(std::function<void()> done);
    /// By the sheet at hand. What is not known is not public.
    bool is_public(const std::string& account) const;
    /// How often the sheet has changed.
    std::uint64_t changes() const { return changes_; }

private:
    void took(Result<std::optional<Sheet>> answer);

    Chain chain_;
    Read read_;
    std::optional<Sheet> sheet_;
    std::uint64_t changes_ = 0;
    SteadyTime read_at_{};   // when the sheet was last found to hold
    SteadyTime swept_at_{};  // when expired tokens were last looked for
    bool reading_ = false;
    std::vector<std::function<void()>> waiting_;
};

/// What `token` lets its bearer see of `account`, which is no address. Pure.
rpc::Access access_of(const payouts::AccessSheet& sheet, const std::string& account,
                      const std::string& token, UnixMillis now);
/// Takes out what has expired. Pure.
void forget_expired(payouts::AccessSheet& sheet, UnixMillis now);
/// Nothing for a token that is unknown or has expired. Pure.
const payouts::AccessSheet::Pass* pass_of(const payouts::AccessSheet& sheet,
                                          const std::string& token, UnixMillis now);

}  // namespace pool
