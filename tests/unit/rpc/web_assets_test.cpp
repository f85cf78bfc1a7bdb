#include "rpc/web_assets.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "pool/runtime/http_message.h"
#include "rpc/server_pages.h"

namespace rpc {
namespace {

TEST(WebAssets, AreTheFilesOfTheTreeByteForByte)
{
    ASSERT_EQ(web_assets().size(), 28U);
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

// What has no key is the same in every language.
TEST(WebAssets, NameAKeyForEveryWordOfThePage)
{
    const std::set<std::string> names{"Zubr", "English", "CSV", "API"};
    const std::regex said{R"re(<(\w+)([^>]*)>([^<]*(?:[A-Za-z]{2}|[0-9][a-z])[^<]*))re"};
    std::size_t found = 0;
    for (const WebAsset& asset : web_assets()) {
        if (asset.path != "/index.html") continue;
        std::string text{asset.body};
        const std::size_t begin = text.find("<noscript>");  // all languages stand there
        const std::size_t end = text.find("</noscript>");
        ASSERT_NE(end, std::string::npos);
        text.erase(begin, end - begin);
        for (std::sregex_iterator at{text.begin(), text.end(), said}, last; at != last; ++at) {
            ++found;
            if ((*at)[2].str().find("data-t=") != std::string::npos) continue;
            EXPECT_TRUE(names.contains((*at)[3].str())) << (*at)[0].str();
        }
    }
    EXPECT_GT(found, 50U);
}

// These reach the page as codes, and no text of the page names them.
TEST(WebAssets, HaveWordsForWhatIsWrongWithThePoolAndForWhoIsNotPaid)
{
    const std::set<std::string> english = keys_of("en");
    for (const char* const key : {"part.node",
                                  "part.template",
                                  "part.journal",
                                  "part.redis",
                                  "part.mysql",
                                  "part.books",
                                  "part.payouts",
                                  "role.both",
                                  "role.template",
                                  "role.submit",
                                  "trouble.ok",
                                  "trouble.node_silent",
                                  "trouble.node_trouble",
                                  "trouble.node_unheard",
                                  "trouble.node_away",
                                  "trouble.node_refuses",
                                  "trouble.node_other_chain",
                                  "trouble.node_no_template",
                                  "trouble.node_refuses_blocks",
                                  "dryrun.role",
                                  "dryrun.away",
                                  "dryrun.nobody",
                                  "trouble.template_old",
                                  "trouble.journal_refuses",
                                  "trouble.redis_refuses",
                                  "trouble.redis_silent",
                                  "trouble.redis_streams",
                                  "trouble.mysql_trouble",
                                  "trouble.books_behind",
                                  "trouble.payouts_trouble",
                                  "trouble.payouts_held",
                                  "trouble.payouts_paused",
                                  "trouble.payouts_wait",
                                  "passed.minimum",
                                  "passed.account_cap",
                                  "passed.batch_cap",
                                  "passed.day_cap",
                                  "passed.books",
                                  "passed.outputs",
                                  "passed.size",
                                  "passed.wallet",
                                  "passed.fee",
                                  "passed.dust",
                                  "passed.address_unknown",
                                  "passed.address_own",
                                  "passed.address_unasked",
                                  "passed.address_unanswered"}) {
        EXPECT_TRUE(english.contains(key)) << key;
    }
}

pool::HttpResponse page(std::string_view path, const std::string& accepted)
{
    pool::HttpRequest request;
    request.path = path;
    if (!accepted.empty()) request.headers.emplace_back("accept-encoding", accepted);
    return page_at(request).value_or(pool::HttpResponse{});
}

std::string header(const pool::HttpResponse& response, std::string_view name)
{
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return "";
}

TEST(WebAssets, AreSmallerThanSixtyKilobytesInAllAsBrowsersGetThem)
{
    std::size_t bytes = 0;
    for (const WebAsset& asset : web_assets()) {
        if (asset.path.starts_with("/api/")) continue;  // no page loads that
        bytes += page(asset.path, "gzip, deflate, br").body.size();
    }
    EXPECT_GT(bytes, 10'000U);
    EXPECT_LT(bytes, 60'000U);
}

TEST(WebAssets, AreCompressedForThoseWhoTakeIt)
{
    const std::string plain = page("/app.js", "").body;
    for (const char* const taken : {"gzip", "br, gzip;q=0.5", "deflate,gzip ; q=1", "br,\tgzip"}) {
        const pool::HttpResponse answer = page("/app.js", taken);
        EXPECT_EQ(header(answer, "Content-Encoding"), "gzip") << taken;
        EXPECT_LT(answer.body.size(), plain.size() / 2);
        // Taken apart by somebody else's word for it: zlib's reader, told to want gzip.
        std::string whole(plain.size(), '\0');
        z_stream stream{};
        ASSERT_EQ(::inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
        std::string body = answer.body;
        stream.next_in = reinterpret_cast<Bytef*>(body.data());
        stream.avail_in = static_cast<uInt>(body.size());
        stream.next_out = reinterpret_cast<Bytef*>(whole.data());
        stream.avail_out = static_cast<uInt>(whole.size());
        EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
        ::inflateEnd(&stream);
        EXPECT_EQ(whole, plain);
    }
    for (const char* const refused :
         {"", "identity", "gzip;q=0", "gzip; q=0.000", "gzipped", "br", ",,,", "gzip;level=9"}) {
        const pool::HttpResponse answer = page("/app.js", refused);
        EXPECT_EQ(header(answer, "Content-Encoding"), "") << refused;
        EXPECT_EQ(answer.body, plain) << refused;
        EXPECT_EQ(header(answer, "Vary"), "Accept-Encoding") << "a cache must keep the two apart";
    }
}

}  // namespace
}  // namespace rpc
