#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "stratum/v2/noise_keys.h"

namespace pool {

/// Where the pool's Stratum v2 identity comes from.
struct V2IdentityOptions {
    /// Made by `zubrd keygen certificate` on another machine, so that the authority's secret is
    /// not here. Empty: the pool is its own authority, and keeps that key in data_dir.
    std::string file;
    std::filesystem::path data_dir;
};

/// The pool's static key and certificate, made or read; made anew in time, read anew when the
/// file has changed. For one thread.
class V2IdentityKeeper {
public:
    /// Errors: io, invalid (a file that is damaged), refused (a certificate that has run out).
    static Result<V2IdentityKeeper> open(V2IdentityOptions options, UnixTime now);

    const std::shared_ptr<const stratum::v2::Identity>& identity() const { return identity_; }
    /// Every minute or so. True when there is another identity now; trouble is logged, and the one
    /// that serves stays. One of another authority is trouble.
    bool refresh(UnixTime now);

private:
    explicit V2IdentityKeeper(V2IdentityOptions options) : options_(std::move(options)) {}
    Result<void> load(UnixTime now);
    Result<void> issue(UnixTime now);
    Result<void> check_authority(const stratum::v2::XOnlyKey& next) const;
    void warn_of_end(UnixTime now);

    V2IdentityOptions options_;
    std::unique_ptr<stratum::v2::Curve> curve_ = std::make_unique<stratum::v2::Curve>();
    std::filesystem::file_time_type read_at_;
    std::optional<UnixTime> warned_at_;
    bool told_early_ = false;
    std::shared_ptr<const stratum::v2::Identity> identity_;
};

/// The public half of the pool's own authority, in data_dir: for people, and for `./dev`.
inline constexpr const char* v2_authority_public_file = "v2-authority.pub";
inline constexpr const char* v2_authority_secret_file = "v2-authority.key";

/// Makes an authority's key pair: the secret into `file` (for its owner only, never over another
/// file), the public half as it stands in miners' URLs.
Result<std::string> make_authority(const std::filesystem::path& file);
/// Signs a fresh static key with the authority's secret of `authority` and writes both into `out`
/// (likewise). It holds from `from`, an hour earlier in fact: miners' clocks differ.
Result<void> make_certificate(const std::filesystem::path& authority,
                              const std::filesystem::path& out, UnixTime from, std::uint32_t days);

}  // namespace pool
