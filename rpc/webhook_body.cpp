#include "rpc/webhook_body.h"

#include "pool/base/bytes.h"
#include "pool/base/json.h"
#include "rpc/auth.h"

namespace rpc {
namespace {

constexpr std::size_t text_max = 1500;  // Discord takes 2000 characters

/// As Slack wants what is no markup of its own: without it a worker's name could ping a channel.
std::string for_slack(std::string_view text)
{
    std::string out;
    for (const char c : text.substr(0, text_max)) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

std::optional<WebhookFormat> webhook_format_from(std::string_view word)
{
    if (word == "json") return WebhookFormat::json;
    if (word == "slack") return WebhookFormat::slack;
    if (word == "discord") return WebhookFormat::discord;
    return std::nullopt;
}

std::string webhook_body(WebhookFormat format, const std::string& id, const PoolEvent& event,
                         const WebhookSender& sender)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    if (format == WebhookFormat::slack) {
        json.key("text").string(for_slack(event.text)).end_object();
        return out;
    }
    if (format == WebhookFormat::discord) {
        json.key("content").string(std::string_view{event.text}.substr(0, text_max));
        json.key("allowed_mentions").begin_object().key("parse").begin_array().end_array();
        json.end_object().end_object();
        return out;
    }
    json.key("id").string(id).key("event").string(event.name);
    json.key("time").unsigned_integer(event.at.value / 1000);
    json.key("server").string(sender.server).key("chain").string(sender.chain);
    json.key("text").string(event.text).key("data").raw(event.data).end_object();
    return out;
}

std::vector<std::string> webhook_headers(const std::string& secret, const std::string& id,
                                         const std::string& event, std::string_view body,
                                         std::uint64_t seconds)
{
    const std::string time = std::to_string(seconds);
    std::vector<std::string> headers{"X-Pool-Event: " + event, "X-Pool-Id: " + id,
                                     "X-Pool-Timestamp: " + time};
    if (!secret.empty()) {
        const pool::Digest mac = hmac_sha256(secret, std::string{time}.append(".").append(body));
        headers.push_back("X-Pool-Signature: sha256=" + pool::to_hex(mac));
    }
    return headers;
}

}  // namespace rpc
