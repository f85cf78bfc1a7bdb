#include "stratum/v2/mining_token.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here

SecretKey secret_of(std::uint8_t byte)
{
    SecretKey secret;
    secret.bytes.fill(byte);
    return secret;
}

MiningToken a_token()
{
    MiningToken token{.issued = {1'700'000'000},
                      .serial = 0x0123456789abcdef,
                      .account = account_mark("alice"),
                      .chain_head = {}};
    token.chain_head.fill(7);
    return token;
}

TEST(MiningToken, SaysTheSameWhereverThePoolHasTheSameIdentity)
{
    const pool::Bytes sealed = TokenKey{secret_of(1)}.seal(a_token());
    EXPECT_LE(sealed.size(), 255U);
    EXPECT_EQ(TokenKey{secret_of(1)}.open(sealed), a_token());
}

TEST(MiningToken, OfAnotherPoolIsNone)
{
    const pool::Bytes sealed = TokenKey{secret_of(2)}.seal(a_token());
    EXPECT_EQ(TokenKey{secret_of(1)}.open(sealed), std::nullopt);
}

TEST(MiningToken, ThatWasChangedInAnyBitIsNone)
{
    const TokenKey key{secret_of(1)};
    const pool::Bytes sealed = key.seal(a_token());
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        pool::Bytes forged = sealed;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ 1U << (bit % 8));
        ASSERT_EQ(key.open(forged), std::nullopt) << "bit " << bit;
    }
}

TEST(MiningToken, CutAnywhereOrWithMoreBehindItIsNone)
{
    const TokenKey key{secret_of(1)};
    pool::Bytes sealed = key.seal(a_token());
    for (std::size_t length = 0; length < sealed.size(); ++length) {
        ASSERT_EQ(key.open(pool::ByteSpan{sealed}.first(length)), std::nullopt) << length;
    }
    sealed.push_back(0);
    EXPECT_EQ(key.open(sealed), std::nullopt);
}

TEST(MiningToken, IsGoodForAnHourAndNotBeforeItWasIssued)
{
    const MiningToken token = a_token();
    EXPECT_FALSE(token.expired({token.issued.seconds}));
    EXPECT_FALSE(token.expired({token.issued.seconds + 3600}));
    EXPECT_TRUE(token.expired({token.issued.seconds + 3601}));
    EXPECT_FALSE(token.expired({token.issued.seconds - 60}));  // servers' clocks differ
    EXPECT_TRUE(token.expired({token.issued.seconds - 61}));
}

TEST(MiningToken, MarksAccountsApart)
{
    EXPECT_EQ(account_mark("alice"), account_mark("alice"));
    EXPECT_NE(account_mark("alice"), account_mark("alicf"));
}

}  // namespace
}  // namespace tests
