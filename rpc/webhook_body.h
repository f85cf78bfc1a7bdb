#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/pool_events.h"

namespace rpc {

/// How a receiver wants to be told.
enum class WebhookFormat : std::uint8_t {
    json,      ///< {"id", "event", "time", "server", "chain", "text", "data"}
    slack,     ///< {"text"}, with nothing in it that pings people
    discord,   ///< {"content"}, likewise
    telegram,  ///< {"chat_id", "text", …} of the Bot API's sendMessage, likewise
    ntfy,      ///< the text and nothing else, as ntfy takes it at the URL of a topic
};
std::optional<WebhookFormat> webhook_format_from(std::string_view word);

/// Who tells it.
struct WebhookSender {
    std::string server;  ///< pool.server_id
    std::string chain;
};

/// The body of a delivery. id: the same for each attempt. chat: whom a Telegram bot tells.
std::string webhook_body(WebhookFormat format, const std::string& id, const PoolEvent& event,
                         const WebhookSender& sender, std::string_view chat = {});

/// The headers by which a receiver knows who sends this and when: X-Pool-Event, X-Pool-Id,
/// X-Pool-Timestamp (seconds since 1970), and with a secret X-Pool-Signature, "sha256=" and the
/// HMAC-SHA256 of timestamp, a dot and the body as 64 hex digits. A receiver that looks at the time
/// cannot be fooled by a repetition.
std::vector<std::string> webhook_headers(const std::string& secret, const std::string& id,
                                         const std::string& event, std::string_view body,
                                         std::uint64_t seconds);

}  // namespace rpc
