#include "rpc/webhook_body.h"

#include <cstdint>

#include "pool/base/bytes.h"
#include "pool/base/json.h"
#include "rpc/auth.h"

namespace rpc {
namespace {

constexpr std::size_t text_max = 1500;  // Discord takes 2000 characters

/// Of a text its beginning, no character cut in two.
std::string_view shortened(std::string_view text)
{
    if (text.size() <= text_max) return text;
    std::size_t end = text_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

/// How long Telegram takes it to be: in units of UTF-16.
std::uint64_t utf16_units(std::string_view text)
{
    std::uint64_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
    }
    return units;
}

/// As code from end to end: Telegram looks for no @names, links and commands in that.
std::string for_telegram(std::string_view text, std::string_view chat)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("chat_id").string(chat).key("text").string(text);
    json.key("entities").begin_array().begin_object().key("type").string("code");
    json.key("offset").unsigned_integer(0).key("length").unsigned_integer(utf16_units(text));
    json.end_object().end_array().end_object();
    return out;
}

/// As Slack wants what is no markup of its own: without it a worker's name could ping a channel.
std::string for_slack(std::string_view text)
{
    std::string out;
    for (const char c : text) {
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
    if (word == "telegram") return WebhookFormat::telegram;
    if (word == "ntfy") return WebhookFormat::ntfy;
    return std::nullopt;
}

std::string webhook_body(WebhookFormat format, const std::string& id, const PoolEvent& event,
                         const WebhookSender& sender, std::string_view chat)
{
    const std::string_view line = shortened(event.text);
    if (format == WebhookFormat::ntfy) return std::string{line};
    if (format == WebhookFormat::telegram) return for_telegram(line, chat);
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    if (format == WebhookFormat::slack) {
        json.key("text").string(for_slack(line)).end_object();
        return out;
    }
    if (format == WebhookFormat::discord) {
        json.key("content").string(line);
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
