#include "rpc/web_assets.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(WebAssets, AreTheFilesOfTheTreeByteForByte)
{
    ASSERT_EQ(web_assets().size(), 3U);
    for (const WebAsset& asset : web_assets()) {
        std::ifstream in{std::string{ZUBR_GOLDEN_DIR} + "/../../rpc/web" + std::string{asset.path}};
        std::stringstream text;
        text << in.rdbuf();
        EXPECT_EQ(asset.body, text.str()) << asset.path;
        EXPECT_FALSE(asset.body.empty()) << asset.path;
    }
}

// What the content security policy would stop, and what would make markup of a miner's text.
TEST(WebAssets, HoldNothingInlineNothingForeignAndNoWayToMakeMarkup)
{
    for (const WebAsset& asset : web_assets()) {
        for (const char* const word :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=",
              "<style", "onclick=", "onload=", "http://", "https://", "javascript:", "@import"}) {
            EXPECT_EQ(asset.body.find(word), std::string_view::npos) << asset.path << ": " << word;
        }
    }
}

TEST(WebAssets, AreSmall)
{
    std::size_t bytes = 0;
    for (const WebAsset& asset : web_assets()) bytes += asset.body.size();
    EXPECT_LT(bytes, 60'000U);
}

}  // namespace
}  // namespace rpc
