#include "stratum/v1/submit_line.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "pool/base/json.h"
#include "stratum/v1/codec.h"

namespace stratum::v1 {
namespace {

// Hides the line from the short way: a member that means nothing.
std::string the_long_way(std::string line) { return line.insert(line.find('{') + 1, "\"x\":0,"); }

void expect_same(const Request& quick, const std::string& line)
{
    pool::JsonDocument document;
    const std::string other = the_long_way(line);
    ASSERT_FALSE(read_submit_line(other)) << other;
    const auto request = read_request(other, document);
    ASSERT_TRUE(request) << line;
    EXPECT_EQ(quick.id, request->id) << line;
    const auto* const slow = std::get_if<Submit>(&request->call);
    ASSERT_NE(slow, nullptr) << line;
    const auto& fast = std::get<Submit>(quick.call);
    EXPECT_EQ(fast.worker, slow->worker) << line;
    EXPECT_EQ(fast.job, slow->job) << line;
    EXPECT_EQ(fast.extranonce2_length, slow->extranonce2_length) << line;
    EXPECT_EQ(fast.extranonce2, slow->extranonce2) << line;
    EXPECT_EQ(fast.time, slow->time) << line;
    EXPECT_EQ(fast.nonce, slow->nonce) << line;
    EXPECT_EQ(fast.version_bits, slow->version_bits) << line;
}

const std::string plain =
    R"({"id":4711,"method":"mining.submit","params":["bc1q.rig","1f","00000000deadbeef","655e1a2b","1A2b3c4d","00c0a000"]})";

TEST(SubmitLine, ReadsWhatMinersWrite)
{
    for (
        const std::string& line :
        {plain,
         std::string{
             R"({"params": ["a.b", "0", "00", "0", "f"], "id": 5, "method": "mining.submit"})"},
         std::string{R"({"method":"mining.submit","id":0,"params":["","1f","","0","0"]} )"},
         std::string{
             R"({"id": 7, "method": "mining.submit", "params": ["a b", "1F", "0a", "0", "ffffffff", "0"]})"}}) {
        const auto quick = read_submit_line(line);
        ASSERT_TRUE(quick) << line;
        expect_same(*quick, line);
    }
}

TEST(SubmitLine, LeavesEverythingElseToTheGeneralWay)
{
    for (const char* line :
         {"",
          "{",
          "{}",
          "[]",
          R"({"id":1})",
          R"({"id":"1","method":"mining.submit","params":["a","1","00","0","0"]})",
          R"({"id":null,"method":"mining.submit","params":["a","1","00","0","0"]})",
          R"({"id":01,"method":"mining.submit","params":["a","1","00","0","0"]})",
          R"({"id":1.0,"method":"mining.submit","params":["a","1","00","0","0"]})",
          R"({"id":-1,"method":"mining.submit","params":["a","1","00","0","0"]})",
          R"({"id":1,"method":"mining.submi","params":["a","1","00","0","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","0","0","0","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","000","0","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","0x1","00","0","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","123456789","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00",0,"0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","g","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a\"","1","00","0","0"]})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","0","0"]}})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","0","0"],})",
          R"({"id":1,"method":"mining.submit","params":["a","1","00","0","0"]} x)",
          R"({"id":1,"id":2,"method":"mining.submit","params":["a","1","00","0","0"]})",
          "{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"a\xc3\xa4\",\"1\",\"00\",\"0\","
          "\"0\"]}"}) {
        EXPECT_FALSE(read_submit_line(line)) << line;
    }
}

TEST(SubmitLine, NeverReadsALineOtherwiseThanTheGeneralWayDoes)
{
    std::mt19937_64 random{9};
    const std::string letters = R"({}[]":,0123456789abcdefxX .-\)";
    int read = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string line = plain;
        for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % line.size();
            if (random() % 4 == 0)
                line.erase(at, 1);
            else
                line[at] = letters[random() % letters.size()];
        }
        const auto quick = read_submit_line(line);
        if (!quick) continue;
        ++read;
        expect_same(*quick, line);
        if (testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace stratum::v1
