#include "pool/app/v2_identity.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

using stratum::v2::Curve;
using stratum::v2::Identity;

constexpr std::uint32_t day = 86'400;
constexpr std::uint32_t back_dated = 3600;  // clocks of miners are late now and then
constexpr std::uint32_t own_days = 30;
constexpr std::uint32_t warn_days = 7;

Result<std::string> read_file(const std::filesystem::path& path)
{
    std::ifstream stream{path, std::ios::binary};
    std::stringstream text;
    text << stream.rdbuf();
    if (!stream) return fail(Error::Code::io, "cannot read " + path.string());
    return text.str();
}

Result<void> sync_directory(const std::filesystem::path& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return fail(Error::Code::io, "cannot open " + path.string());
    const bool synced = ::fsync(file) == 0;
    ::close(file);
    if (!synced) return fail(Error::Code::io, "cannot sync " + path.string());
    return {};
}

// For its owner only, whole or not at all, and never over what is there.
Result<void> write_new(const std::filesystem::path& path, const std::string& text)
{
    std::string draft = path.string() + ".XXXXXX";
    const int file = ::mkostemp(draft.data(), O_CLOEXEC);
    if (file < 0) {
        return fail(Error::Code::io, "cannot make " + path.string() + ": " + std::strerror(errno));
    }
    const auto written = ::write(file, text.data(), text.size());
    const bool safe = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    ::close(file);
    const int linked = safe ? ::link(draft.c_str(), path.c_str()) : -1;
    const int why = errno;
    ::unlink(draft.c_str());
    if (!safe) return fail(Error::Code::io, "cannot write " + path.string());
    if (linked != 0) {
        return fail(why == EEXIST ? Error::Code::conflict : Error::Code::io,
                    "cannot make " + path.string() + ": " + std::strerror(why));
    }
    return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Result<stratum::v2::SecretKey> read_authority(const std::filesystem::path& path)
{
    auto text = read_file(path);
    if (!text) return fail(text.error());
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    const auto secret = stratum::v2::decode_secret(*text);
    if (!secret) return fail(Error::Code::invalid, path.string() + " holds no authority's secret");
    return *secret;
}

Result<Identity> sign(const Curve& curve, const stratum::v2::SecretKey& authority, UnixTime from,
                      std::uint32_t days)
{
    const auto key = curve.x_only(authority);
    Identity identity{curve.make_pair(), {}, key.value_or(stratum::v2::XOnlyKey{})};
    const UnixTime begin{from.seconds < back_dated ? 0 : from.seconds - back_dated};
    const std::uint64_t end = std::uint64_t{from.seconds} + std::uint64_t{days} * day;
    if (end > 0xffffffff) return fail(Error::Code::invalid, "no certificate may last that long");
    std::array<std::uint8_t, 32> random{};
    stratum::v2::fill_random(random);
    const auto certificate =
        stratum::v2::sign_certificate(curve, authority, curve.x_only(identity.key.encoded), begin,
                                      {static_cast<std::uint32_t>(end)}, random);
    if (!key || !certificate) return fail(Error::Code::invalid, "the authority's secret is none");
    identity.certificate = *certificate;
    return identity;
}

}  // namespace

Result<std::string> make_authority(const std::filesystem::path& file)
{
    const Curve curve;
    const auto pair = curve.make_pair();
    const auto text = stratum::v2::encode_secret(pair.secret) + "\n";
    if (auto written = write_new(file, text); !written) return fail(written.error());
    return stratum::v2::encode_authority(curve.x_only(pair.encoded));
}

Result<void> make_certificate(const std::filesystem::path& authority,
                              const std::filesystem::path& out, UnixTime from, std::uint32_t days)
{
    const Curve curve;
    const auto secret = read_authority(authority);
    if (!secret) return fail(secret.error());
    const auto identity = sign(curve, *secret, from, days);
    if (!identity) return fail(identity.error());
    return write_new(out, stratum::v2::write_identity(*identity));
}

Result<V2IdentityKeeper> V2IdentityKeeper::open(V2IdentityOptions options, UnixTime now)
{
    V2IdentityKeeper keeper{std::move(options)};
    auto done = keeper.options_.file.empty() ? keeper.issue(now) : keeper.load(now);
    if (!done) return fail(done.error());
    log::info("stratum_v2",
              {{"authority", stratum::v2::encode_authority(keeper.identity_->authority)}});
    return keeper;
}

Result<void> V2IdentityKeeper::load(UnixTime now)
{
    std::error_code error;
    const auto changed = std::filesystem::last_write_time(options_.file, error);
    auto text = read_file(options_.file);
    if (!text) return fail(text.error());
    auto read = stratum::v2::read_identity(*curve_, *text);
    if (!read) {
        return fail(Error::Code::invalid,
                    options_.file + " is no v2 identity: " + read.error().detail);
    }
    if (read->certificate.not_valid_after.seconds < now.seconds) {
        return fail(Error::Code::refused,
                    options_.file + ": the certificate has run out; sign another one");
    }
    if (now.seconds < read->certificate.valid_from.seconds) {
        return fail(Error::Code::unavailable,
                    options_.file + ": the certificate begins at " +
                        std::to_string(read->certificate.valid_from.seconds) +
                        " (Unix time); until then miners would take the pool for another one");
    }
    if (auto same = check_authority(read->authority); !same) return same;
    read_at_ = changed;
    told_early_ = false;
    identity_ = std::make_shared<const Identity>(*std::move(read));
    warn_of_end(now);
    return {};
}

// Of the one that serves: miners have it in their URLs, and would take any other for a stranger's.
// Whoever means to change it restarts the pool.
Result<void> V2IdentityKeeper::check_authority(const stratum::v2::XOnlyKey& next) const
{
    if (identity_ == nullptr || identity_->authority == next) return {};
    return fail(Error::Code::refused, "signed by another authority, " +
                                          stratum::v2::encode_authority(next) + ": miners know " +
                                          stratum::v2::encode_authority(identity_->authority));
}

// Once a day in its last week, and when it is over: miners then find that the pool is not the one
// that they trust.
void V2IdentityKeeper::warn_of_end(UnixTime now)
{
    const std::uint64_t end = identity_->certificate.not_valid_after.seconds;
    if (now.seconds + std::uint64_t{warn_days} * day < end) return;
    if (warned_at_ && now.seconds < warned_at_->seconds + day) return;
    warned_at_ = now;
    if (end < now.seconds) {
        log::error("v2_certificate_ended", {{"file", options_.file}});
    } else {
        log::warn("v2_certificate_ends", {{"file", options_.file}, {"in_s", end - now.seconds}});
    }
}

Result<void> V2IdentityKeeper::issue(UnixTime now)
{
    const auto secret_file = options_.data_dir / v2_authority_secret_file;
    const auto public_file = options_.data_dir / v2_authority_public_file;
    std::error_code error;
    // An earlier version's first start may have died and left an empty one.
    const bool empty = std::filesystem::file_size(secret_file, error) == 0 && !error;
    if (empty && !std::filesystem::exists(public_file)) std::filesystem::remove(secret_file, error);
    if (!std::filesystem::exists(secret_file)) {
        if (auto made = make_authority(secret_file); !made) return fail(made.error());
    }
    const auto secret = read_authority(secret_file);
    if (!secret) return fail(secret.error());
    auto signed_one = sign(*curve_, *secret, now, own_days);
    if (!signed_one) return fail(signed_one.error());
    if (auto same = check_authority(signed_one->authority); !same) return same;
    std::ofstream{public_file} << stratum::v2::encode_authority(signed_one->authority) << '\n';
    identity_ = std::make_shared<const Identity>(*std::move(signed_one));
    return {};
}

bool V2IdentityKeeper::refresh(UnixTime now)
{
    Result<void> done;
    if (options_.file.empty()) {
        const std::uint64_t half = std::uint64_t{now.seconds} + own_days * day / 2;
        if (identity_->certificate.not_valid_after.seconds > half) return false;
        done = issue(now);
    } else {
        std::error_code error;
        const auto changed = std::filesystem::last_write_time(options_.file, error);
        warn_of_end(now);
        if (!error && changed == read_at_) return false;
        done = load(now);
    }
    if (done) {
        log::info("v2_identity_renewed",
                  {{"authority", stratum::v2::encode_authority(identity_->authority)},
                   {"until", identity_->certificate.not_valid_after.seconds}});
        return true;
    }
    const bool early = done.error().code == Error::Code::unavailable;
    if (early && std::exchange(told_early_, true)) return false;
    log::write(early ? log::Level::info : log::Level::error, "v2_identity_not_renewed",
               {{"detail", done.error().detail}});
    return false;
}

}  // namespace pool
