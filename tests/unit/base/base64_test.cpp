#include "pool/base/base64.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

// RFC 4648, section 10.
TEST(Base64, ReadsAndWritesTheVectorsOfItsRfc)
{
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(pool::to_base64(pool::as_bytes(plain)), coded);
        const auto read = pool::from_base64(coded);
        ASSERT_TRUE(read.has_value()) << coded;
        EXPECT_EQ(std::string(read->begin(), read->end()), plain);
    }
}

TEST(Base64, RefusesWhatIsNoneOrCouldBeSpeltOtherwise)
{
    for (const char* text : {"Zg=", "Zg", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v",
                             "Zm9v\n", "Zm-v", "=m9v", "Z=9v"}) {
        EXPECT_FALSE(pool::from_base64(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace tests
