#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/webhook_body.h"
#include "rpc/webhook_queue.h"

namespace rpc {
namespace {

using std::chrono::milliseconds;

WebhookQueue::Delivery delivery(const std::string& id) { return {id, "block.found", "{}"}; }

TEST(WebhookQueue, SendsOneAfterTheOtherInOrder)
{
    WebhookQueue queue{{}};
    const pool::SteadyTime now{};
    EXPECT_EQ(queue.begin(now), nullptr);
    queue.push(delivery("1"));
    queue.push(delivery("2"));
    EXPECT_EQ(queue.next(), now);
    ASSERT_NE(queue.begin(now), nullptr);
    EXPECT_EQ(queue.begin(now), nullptr) << "one is on its way";
    EXPECT_FALSE(queue.next().has_value());
    queue.answered(true, now);
    const auto* const second = queue.begin(now);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->id, "2");
    queue.answered(true, now);
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_EQ(queue.counts().delivered, 2U);
}

TEST(WebhookQueue, TriesAgainAfterEverLongerPausesAndGivesUp)
{
    WebhookQueue queue{
        {.attempts_max = 5, .pause_first = milliseconds{100}, .pause_longest = milliseconds{400}}};
    pool::SteadyTime now{};
    queue.push(delivery("1"));
    queue.push(delivery("2"));
    std::vector<std::int64_t> pauses;
    for (int attempt = 1; attempt <= 5; ++attempt) {
        const auto* const sent = queue.begin(now);
        ASSERT_NE(sent, nullptr);
        EXPECT_EQ(sent->id, "1");
        queue.answered(false, now);
        ASSERT_TRUE(queue.next().has_value());
        const auto pause = *queue.next() - now;
        pauses.push_back(std::chrono::duration_cast<milliseconds>(pause).count());
        EXPECT_EQ(queue.begin(now + pause - milliseconds{1}), nullptr);
        now += pause;
    }
    EXPECT_EQ(pauses, (std::vector<std::int64_t>{100, 200, 400, 400, 400}));
    EXPECT_EQ(queue.counts().given_up, 1U);
    ASSERT_NE(queue.begin(now), nullptr);
    EXPECT_EQ(queue.counts().failed, 5U);
}

TEST(WebhookQueue, DropsTheOldestThatIsNotOnItsWayWhenItIsFull)
{
    WebhookQueue queue{{.waiting_max = 3}};
    queue.push(delivery("1"));
    ASSERT_NE(queue.begin({}), nullptr);
    EXPECT_TRUE(queue.push(delivery("2")));
    EXPECT_TRUE(queue.push(delivery("3")));
    EXPECT_FALSE(queue.push(delivery("4")));
    EXPECT_EQ(queue.size(), 3U);
    EXPECT_EQ(queue.counts().dropped, 1U);
    queue.answered(true, {});
    ASSERT_NE(queue.begin({}), nullptr);
    queue.answered(true, {});
    EXPECT_EQ(queue.size(), 1U);
    const auto* const last = queue.begin({});
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->id, "4") << "2 has made room, 1 was being sent";
}

TEST(WebhookQueue, LetsAFarmThatGoesPushOutNothingButItsOwn)
{
    WebhookQueue queue{{.waiting_max = 3}};
    queue.push({"1", "block.found", "{}"});
    for (int i = 2; i <= 50; ++i) queue.push({std::to_string(i), "worker.offline", "{}"});
    queue.push({"51", "payout.sent", "{}"});
    std::vector<std::string> ids;
    while (const auto* const next = queue.begin({})) {
        ids.push_back(next->id);
        queue.answered(true, {});
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"1", "50", "51"}));
    EXPECT_EQ(queue.counts().dropped, 48U);
}

PoolEvent event_of(const std::string& text)
{
    return {"worker.offline", {1'700'000'000'000}, text, R"({"account":"farm"})"};
}

// By hand: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'key'
TEST(WebhookHeaders, SignTheTimeAndTheBody)
{
    const auto headers = webhook_headers("key", "7-1", "block.found", R"({"a":1})", 1'700'000'000);
    EXPECT_EQ(headers,
              (std::vector<std::string>{
                  "X-Pool-Event: block.found", "X-Pool-Id: 7-1", "X-Pool-Timestamp: 1700000000",
                  "X-Pool-Signature: "
                  "sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"}));
    EXPECT_EQ(webhook_headers("", "7-1", "block.found", "{}", 1).size(), 3U) << "unsigned";
}

TEST(WebhookBody, TellsMachinesAndPeople)
{
    const auto json = nlohmann::json::parse(webhook_body(
        WebhookFormat::json, "7-1", event_of("Worker \"a\" is offline"), {"a", "main"}));
    EXPECT_EQ(json.at("id"), "7-1");
    EXPECT_EQ(json.at("event"), "worker.offline");
    EXPECT_EQ(json.at("time"), 1'700'000'000);
    EXPECT_EQ(json.at("server"), "a");
    EXPECT_EQ(json.at("chain"), "main");
    EXPECT_EQ(json.at("text"), "Worker \"a\" is offline");
    EXPECT_EQ(json.at("data").at("account"), "farm");
}

TEST(WebhookBody, LetsNoWorkersNamePingAChatsRoom)
{
    const auto slack = nlohmann::json::parse(
        webhook_body(WebhookFormat::slack, "1", event_of("Worker <!channel> & co"), {}));
    EXPECT_EQ(slack.at("text"), "Worker &lt;!channel&gt; &amp; co");
    const auto discord = nlohmann::json::parse(
        webhook_body(WebhookFormat::discord, "1", event_of("Worker @everyone"), {}));
    EXPECT_EQ(discord.at("content"), "Worker @everyone");
    EXPECT_TRUE(discord.at("allowed_mentions").at("parse").empty());
    const auto telegram = nlohmann::json::parse(webhook_body(
        WebhookFormat::telegram, "1", event_of("Worker @all of Зубр 🐂"), {}, "-100123"));
    EXPECT_EQ(telegram.at("chat_id"), "-100123");
    EXPECT_EQ(telegram.at("text"), "Worker @all of Зубр 🐂");
    ASSERT_EQ(telegram.at("entities").size(), 1U);
    EXPECT_EQ(telegram.at("entities")[0].at("type"), "code") << "no @name is looked for in it";
    EXPECT_EQ(telegram.at("entities")[0].at("offset"), 0);
    EXPECT_EQ(telegram.at("entities")[0].at("length"), 22) << "in UTF-16: the ox is two";
}

TEST(WebhookBody, IsTheBareTextForNtfy)
{
    EXPECT_EQ(webhook_body(WebhookFormat::ntfy, "1", event_of("Node a does not answer"), {}),
              "Node a does not answer");
}

TEST(WebhookBody, CutsALongTextBetweenTwoCharacters)
{
    std::string text = "x";
    for (int i = 0; i < 1000; ++i) text += "ў";  // two bytes: the limit is in the middle of one
    const std::string body = webhook_body(WebhookFormat::ntfy, "1", event_of(text), {});
    EXPECT_EQ(body, text.substr(0, body.size()));
    EXPECT_EQ(body.size(), 1499U);
}

}  // namespace
}  // namespace rpc
