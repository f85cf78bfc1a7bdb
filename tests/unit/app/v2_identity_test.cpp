// The pool's Stratum v2 keys: made here or elsewhere, renewed and replaced without a restart.
#include "pool/app/v2_identity.h"

#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace pool {
namespace {

constexpr UnixTime now{1'750'000'000};
constexpr std::uint32_t day = 86'400;

class V2Identity : public ::testing::Test {
protected:
    V2Identity() { std::filesystem::create_directories(directory); }
    ~V2Identity() override { std::filesystem::remove_all(directory); }

    bool is_signed(const stratum::v2::Identity& identity) const
    {
        return stratum::v2::is_signed(curve, identity.certificate,
                                      curve.x_only(identity.key.encoded), identity.authority);
    }

    std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("zubr-v2-identity-" + std::to_string(::getpid()));
    stratum::v2::Curve curve;
};

TEST_F(V2Identity, KeepsItsAuthorityOverRestartsAndTheSecretToItself)
{
    const auto first = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    const auto second = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(second.has_value()) << second.error().detail;
    EXPECT_EQ(first->identity()->authority, second->identity()->authority);
    EXPECT_TRUE(is_signed(*second->identity()));
    struct stat secret{};
    ASSERT_EQ(::stat((directory / v2_authority_secret_file).c_str(), &secret), 0);
    EXPECT_EQ(secret.st_mode & 0777U, 0600U);

    std::string text;
    std::ifstream{directory / v2_authority_public_file} >> text;
    EXPECT_EQ(stratum::v2::decode_authority(text), first->identity()->authority);
}

// sv2-apps#110: certificates that begin now fail on every miner whose clock is late.
TEST_F(V2Identity, DatesCertificatesBackAnHour)
{
    const auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(keeper.has_value());
    EXPECT_EQ(keeper->identity()->certificate.valid_from.seconds, now.seconds - 3600);
    EXPECT_EQ(keeper->identity()->certificate.not_valid_after.seconds, now.seconds + 30 * day);
}

TEST_F(V2Identity, IsRenewedAtHalfItsLife)
{
    auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(keeper.has_value());
    const auto before = keeper->identity();
    EXPECT_FALSE(keeper->refresh({now.seconds + 14 * day}));
    EXPECT_TRUE(keeper->refresh({now.seconds + 16 * day}));
    EXPECT_NE(keeper->identity()->key.encoded, before->key.encoded);
    EXPECT_EQ(keeper->identity()->authority, before->authority);
}

TEST_F(V2Identity, IsSignedElsewhereAndReplacedWithoutARestart)
{
    const auto authority = directory / "authority.key";
    const auto file = directory / "pool.identity";
    const auto key = make_authority(authority);
    ASSERT_TRUE(key.has_value());
    ASSERT_TRUE(make_certificate(authority, file, now, 90).has_value());
    auto keeper = V2IdentityKeeper::open({file.string(), directory}, now);
    ASSERT_TRUE(keeper.has_value()) << keeper.error().detail;
    EXPECT_EQ(stratum::v2::encode_authority(keeper->identity()->authority), *key);
    EXPECT_FALSE(std::filesystem::exists(directory / v2_authority_secret_file));
    const auto before = keeper->identity()->key.encoded;

    const auto next = directory / "next.identity";
    ASSERT_TRUE(make_certificate(authority, next, {now.seconds + 80 * day}, 90).has_value());
    std::filesystem::rename(next, file);
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) + std::chrono::hours{1});
    EXPECT_TRUE(keeper->refresh({now.seconds + 81 * day}));
    EXPECT_NE(keeper->identity()->key.encoded, before);
}

// Miners have the authority's key in their URLs: under another one they would all be turned away.
TEST_F(V2Identity, IsNotReplacedByOneOfAnotherAuthorityWhileItServes)
{
    const auto authority = directory / "authority.key";
    const auto other = directory / "other.key";
    const auto file = directory / "pool.identity";
    ASSERT_TRUE(make_authority(authority).has_value());
    ASSERT_TRUE(make_authority(other).has_value());
    ASSERT_TRUE(make_certificate(authority, file, now, 90).has_value());
    auto keeper = V2IdentityKeeper::open({file.string(), directory}, now);
    ASSERT_TRUE(keeper.has_value());
    const auto before = keeper->identity();
    const auto next = directory / "next.identity";
    ASSERT_TRUE(make_certificate(other, next, now, 90).has_value());
    std::filesystem::rename(next, file);
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) + std::chrono::hours{1});
    testing::internal::CaptureStderr();
    const bool refreshed = keeper->refresh(now);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_FALSE(refreshed);
    EXPECT_EQ(keeper->identity(), before);
    EXPECT_NE(log.find("v2_identity_not_renewed"), std::string::npos) << log;
    EXPECT_NE(log.find("another authority"), std::string::npos) << log;
}

TEST_F(V2Identity, IsNotRenewedUnderAnotherAuthorityOfItsOwnEither)
{
    auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(keeper.has_value());
    const auto before = keeper->identity();
    std::filesystem::remove(directory / v2_authority_secret_file);
    ASSERT_TRUE(make_authority(directory / v2_authority_secret_file).has_value());
    EXPECT_FALSE(keeper->refresh({now.seconds + 16 * day}));
    EXPECT_EQ(keeper->identity(), before);
    std::string text;
    std::ifstream{directory / v2_authority_public_file} >> text;
    EXPECT_EQ(stratum::v2::decode_authority(text), before->authority);
}

TEST_F(V2Identity, SaysWhichAuthorityAndUntilWhenAtEachRenewal)
{
    auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(keeper.has_value());
    testing::internal::CaptureStderr();
    ASSERT_TRUE(keeper->refresh({now.seconds + 16 * day}));
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("v2_identity_renewed"), std::string::npos) << log;
    EXPECT_NE(log.find(stratum::v2::encode_authority(keeper->identity()->authority)),
              std::string::npos)
        << log;
    EXPECT_NE(log.find(std::to_string(now.seconds + 46 * day)), std::string::npos) << log;
}

// A first start that died between the file's name and what is in it.
TEST_F(V2Identity, IsMadeAnewWhereAFirstStartLeftAnEmptyFile)
{
    std::ofstream(directory / v2_authority_secret_file).flush();
    const auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(keeper.has_value()) << keeper.error().detail;
    const auto again = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(keeper->identity()->authority, again->identity()->authority);
}

// It has served: an empty file is damage then, and miners know the key that is lost.
TEST_F(V2Identity, IsNotMadeAnewWhereMinersKnowAnother)
{
    ASSERT_TRUE(V2IdentityKeeper::open({"", directory}, now).has_value());
    std::filesystem::resize_file(directory / v2_authority_secret_file, 0);
    const auto keeper = V2IdentityKeeper::open({"", directory}, now);
    ASSERT_FALSE(keeper.has_value());
    EXPECT_EQ(keeper.error().code, Error::Code::invalid);
}

TEST_F(V2Identity, LeavesNothingBesideAKeyThatItHasWritten)
{
    ASSERT_TRUE(make_authority(directory / "authority.key").has_value());
    EXPECT_FALSE(make_authority(directory / "authority.key").has_value());
    const std::filesystem::directory_iterator files{directory};
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(V2Identity, GoesOnServingWhenTheNewFileIsTorn)
{
    const auto authority = directory / "authority.key";
    const auto file = directory / "pool.identity";
    ASSERT_TRUE(make_authority(authority).has_value());
    ASSERT_TRUE(make_certificate(authority, file, now, 90).has_value());
    auto keeper = V2IdentityKeeper::open({file.string(), directory}, now);
    ASSERT_TRUE(keeper.has_value());
    const auto before = keeper->identity();
    std::ofstream{file} << "zubr-v2-identity 1\nauthority nobody\n";
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) + std::chrono::hours{1});
    EXPECT_FALSE(keeper->refresh(now));
    EXPECT_EQ(keeper->identity(), before);
}

TEST_F(V2Identity, InstalledAheadOfItsTimeIsTakenUpWhenThatComes)
{
    const auto authority = directory / "authority.key";
    const auto file = directory / "pool.identity";
    const auto next = directory / "next.identity";
    ASSERT_TRUE(make_authority(authority).has_value());
    ASSERT_TRUE(make_certificate(authority, file, now, 90).has_value());
    ASSERT_TRUE(make_certificate(authority, next, {now.seconds + 2 * day}, 90).has_value());
    const auto early = V2IdentityKeeper::open({next.string(), directory}, now);
    ASSERT_FALSE(early.has_value());
    EXPECT_NE(early.error().detail.find("the certificate begins at"), std::string::npos);

    auto keeper = V2IdentityKeeper::open({file.string(), directory}, now);
    ASSERT_TRUE(keeper.has_value());
    const auto before = keeper->identity();
    std::filesystem::rename(next, file);
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) + std::chrono::hours{1});
    EXPECT_FALSE(keeper->refresh({now.seconds + day}));
    EXPECT_EQ(keeper->identity(), before);
    EXPECT_TRUE(keeper->refresh({now.seconds + 2 * day}));
    EXPECT_NE(keeper->identity()->key.encoded, before->key.encoded);
}

TEST_F(V2Identity, IsNotServedOnceItHasRunOut)
{
    const auto authority = directory / "authority.key";
    const auto file = directory / "pool.identity";
    ASSERT_TRUE(make_authority(authority).has_value());
    ASSERT_TRUE(make_certificate(authority, file, now, 1).has_value());
    const auto late = V2IdentityKeeper::open({file.string(), directory}, {now.seconds + 2 * day});
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, Error::Code::refused);
}

TEST_F(V2Identity, WritesOverNobodysKey)
{
    const auto authority = directory / "authority.key";
    ASSERT_TRUE(make_authority(authority).has_value());
    EXPECT_EQ(make_authority(authority).error().code, Error::Code::conflict);
}

}  // namespace
}  // namespace pool
