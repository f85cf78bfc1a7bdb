#include "rpc/web_assets.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rpc {
namespace {

TEST(WebAssets, AreTheFilesOfTheTreeByteForByte)
{
    ASSERT_EQ(web_assets().size(), 12U);
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
        if (asset.path == "/icon.svg") continue;  // its namespace is named by a URL
        for (const char* const word :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=",
              "<style", "onclick=", "onload=", "http://", "https://", "javascript:", "@import"}) {
            EXPECT_EQ(asset.body.find(word), std::string_view::npos) << asset.path << ": " << word;
        }
    }
}

std::set<std::string> keys_of(std::string_view language)
{
    std::set<std::string> keys;
    for (const WebAsset& asset : web_assets()) {
        if (asset.path != "/lang/" + std::string{language} + ".json") continue;
        const auto words = nlohmann::json::parse(asset.body);
        for (const auto& [key, text] : words.items()) {
            EXPECT_FALSE(text.get<std::string>().empty()) << language << ": " << key;
            keys.insert(key);
        }
    }
    return keys;
}

TEST(WebAssets, SayTheSameInEveryLanguage)
{
    const std::set<std::string> english = keys_of("en");
    EXPECT_GT(english.size(), 50U);
    EXPECT_EQ(keys_of("be"), english);
    EXPECT_EQ(keys_of("ru"), english);
}

TEST(WebAssets, HaveWordsForEveryKeyThatThePageNames)
{
    const std::set<std::string> english = keys_of("en");
    const std::regex named{R"re((?:data-t|data-hint|data-label)="([^"]+)"|\bt\('([a-z.]+)')re"};
    std::size_t found = 0;
    for (const WebAsset& asset : web_assets()) {
        const std::string text{asset.body};
        for (std::sregex_iterator at{text.begin(), text.end(), named}, end; at != end; ++at) {
            const std::string key = (*at)[1].matched ? (*at)[1].str() : (*at)[2].str();
            EXPECT_TRUE(english.contains(key)) << asset.path << ": " << key;
            ++found;
        }
    }
    EXPECT_GT(found, 50U);
}

TEST(WebAssets, AreSmall)
{
    std::size_t bytes = 0;
    for (const WebAsset& asset : web_assets()) {
        if (!asset.path.starts_with("/api/")) bytes += asset.body.size();  // no page loads that
    }
    EXPECT_LT(bytes, 60'000U);
}

}  // namespace
}  // namespace rpc
