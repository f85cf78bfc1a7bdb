#include <algorithm>
#include <array>
#include <string>

#include "pool/app/config_table.h"
#include "pool/base/json.h"
#include "rpc/views.h"

namespace pool {
namespace {

using W = WebhookConfig;

std::string set_url(W& hook, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    constexpr std::string_view wrong = "must be like \"https://example.org/hook\"";
    if (text == nullptr) return std::string{wrong};
    const bool known = text->starts_with("https://") || text->starts_with("http://");
    if (!known) return std::string{wrong};
    const std::size_t begin = text->find("://") + 3;
    std::string host = text->substr(begin, text->find_first_of("/?#", begin) - begin);
    host.erase(0, host.rfind('@') + 1);  // npos + 1 is 0
    if (host.empty()) return std::string{wrong};
    hook.url = *text;
    hook.host = std::move(host);
    return "";
}

std::string set_secret(W& hook, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text in quotes";
    if (!text->empty() && text->size() < 16) return "must have 16 characters or more, or none";
    hook.secret = *text;
    return "";
}

template <auto Place>
std::string set_file(W& hook, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text in quotes";
    hook.*Place = *text;
    return "";
}

std::string set_format(W& hook, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    const auto format = text != nullptr ? rpc::webhook_format_from(*text) : std::nullopt;
    if (!format) return "must be json, slack, discord, telegram or ntfy";
    hook.format = *format;
    return "";
}

std::string set_chat(W& hook, const ConfigValue& value)
{
    constexpr std::size_t longest = 64;
    constexpr std::string_view known =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@-";
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || text->size() > longest || text->find_first_not_of(known) != text->npos) {
        return "must be like \"-1001234567890\" or \"@channel\"";
    }
    hook.chat = *text;
    return "";
}

std::string set_events(W& hook, const ConfigValue& value)
{
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of texts";
    const auto& known = rpc::pool_event_names();
    for (const std::string& name : *list) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string sentence = "may hold ";
        for (const std::string_view each : known) sentence.append(each).append(", ");
        return sentence.append("but not ").append(name);
    }
    hook.events = *list;
    return "";
}

constexpr std::array options{
    WebhookOption{"url", "\"https://example.org/hook\"", "where events are POSTed to (required)",
                  set_url},
    WebhookOption{
        "secret", "\"\"",
        "16 characters or more: signs each delivery (docs/operations.md); empty: unsigned",
        set_secret},
    WebhookOption{"url_file", "\"\"", "or a file with nothing else in it: a URL may be a secret",
                  set_file<&W::url_file>},
    WebhookOption{"secret_file", "\"\"", "likewise", set_file<&W::secret_file>},
    WebhookOption{"events", "[]", "their names, e.g. [\"block.found\", \"node.down\"]; empty: all",
                  set_events},
    WebhookOption{"format", "\"json\"",
                  "json, or a line of text for slack, discord, telegram or ntfy", set_format},
    WebhookOption{"chat", "\"\"", "telegram only: the id or the @name of whom the bot tells",
                  set_chat},
};

void write(JsonWriter& json, const ConfigValue& value)
{
    if (const auto* text = std::get_if<std::string>(&value)) {
        json.string(*text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        json.integer(*whole);
    } else if (const auto* yes = std::get_if<bool>(&value)) {
        json.boolean(*yes);
    } else if (const auto* real = std::get_if<double>(&value)) {
        json.raw(rpc::number_json(*real));
    } else {
        json.begin_array();
        for (const std::string& each : std::get<std::vector<std::string>>(value)) {
            json.string(each);
        }
        json.end_array();
    }
}

bool empty(const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    return (text != nullptr && text->empty()) || (list != nullptr && list->empty());
}

}  // namespace

std::span<const WebhookOption> webhook_options() { return options; }

std::string shown(const ConfigValue& value, bool secret)
{
    std::string out;
    JsonWriter json{out};
    if (secret && !empty(value)) {
        json.string("***");
    } else {
        write(json, value);
    }
    return out;
}

bool is_secret(std::string_view name)
{
    constexpr std::array<std::string_view, 6> secrets{"mysql.password", "redis.password",
                                                      "admin.rpcauth",  "node.password",
                                                      "webhook.secret", "webhook.url"};
    return std::find(secrets.begin(), secrets.end(), name) != secrets.end();
}

}  // namespace pool
