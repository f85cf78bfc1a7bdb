#include "rpc/cursor.h"

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(Cursor, ReadsBackAsItWasWritten)
{
    const BlockCursor earning{pool::Height{812}, std::string(63, 'a') + "7"};
    EXPECT_EQ(parse_block_cursor(to_text(earning)), earning);
    const PaidCursor paid{UINT64_MAX, 0};
    EXPECT_EQ(parse_paid_cursor(to_text(paid)), paid);
}

TEST(Cursor, IsNoneForAnyOtherText)
{
    const std::string hash(64, 'a');
    for (const std::string& text :
         {std::string{}, hash, ":" + hash, std::string{"812:"}, "-1:" + hash, "812:" + hash + "a",
          "812: " + hash, "4294967296:" + hash, "812:" + std::string(64, 'g'),
          "812:" + hash.substr(1)}) {
        EXPECT_EQ(parse_block_cursor(text), std::nullopt) << text;
    }
    for (const char* const text :
         {"", "1", ":", "1:", ":1", "1:2:3", "a:1", "1:-1", "18446744073709551616:1"}) {
        EXPECT_EQ(parse_paid_cursor(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace rpc
