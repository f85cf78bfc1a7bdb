#include "rpc/server_answers.h"

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(IfNoneMatch, HoldsAnAnswersNameInAListOrAsAWeakOneOrAsAny)
{
    EXPECT_TRUE(holds_tag("\"ab\"", "\"ab\""));
    EXPECT_TRUE(holds_tag("W/\"ab\"", "\"ab\"")) << "a proxy has compressed it";
    EXPECT_TRUE(holds_tag("\"x\" , W/\"ab\",\"y\"", "\"ab\""));
    EXPECT_TRUE(holds_tag(" * ", "\"ab\""));
}

TEST(IfNoneMatch, HoldsNoOtherName)
{
    for (const char* const header : {"", " ", ",", "\"a\"", "ab", "\"ab", "w/\"ab\"", "\"ab\"\"",
                                     "**", "\"x\",*", "W/", "\"x\",,"}) {
        EXPECT_FALSE(holds_tag(header, "\"ab\"")) << header;
    }
}

}  // namespace
}  // namespace rpc
