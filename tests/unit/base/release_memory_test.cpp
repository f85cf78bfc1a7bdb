#include "pool/base/release_memory.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

TEST(ReleaseMemory, LeavesAStringAndAVectorAsSmallAsNewOnes)
{
    std::string text(10'000, 'x');
    release_memory(text);
    EXPECT_EQ(text, "");
    EXPECT_EQ(text.capacity(), std::string{}.capacity());
    std::vector<int> numbers(1000, 7);
    release_memory(numbers);
    EXPECT_TRUE(numbers.empty());
    EXPECT_EQ(numbers.capacity(), 0U);
}

}  // namespace
}  // namespace pool
