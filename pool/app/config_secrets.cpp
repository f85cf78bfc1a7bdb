#include "pool/app/config_secrets.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <system_error>
#include <vector>

#include "pool/app/config_table.h"

namespace pool {
namespace {

constexpr std::size_t secret_max = 4096;

struct Secret {
    std::string name;        // as getconfig has it: "node[1].password"
    std::string credential;  // "node1.password"
    bool told = false;       // already
    std::string file;
    std::function<std::string(const std::string&)> set;  // what is wrong with it, or ""
};

Secret plain(std::string name, std::string credential, std::string& value, std::string file)
{
    return {std::move(name), std::move(credential), !value.empty(), std::move(file),
            [&value](const std::string& text) {
                value = text;
                return std::string{};
            }};
}

Secret of_webhook(WebhookConfig& hook, std::size_t number, std::string_view key, bool told,
                  const std::string& file)
{
    const std::string digits = std::to_string(number);
    const std::string dotted = "." + std::string{key};
    return {"webhook[" + digits + "]" + dotted, "webhook" + digits + dotted, told, file,
            [&hook, key](const std::string& text) {
                const auto options = webhook_options();
                const auto row =
                    std::find_if(options.begin(), options.end(),
                                 [key](const WebhookOption& each) { return each.key == key; });
                return row->apply(hook, ConfigValue{text});
            }};
}

std::vector<Secret> secrets_of(Config& config)
{
    std::vector<Secret> all{plain("mysql.password", "mysql.password", config.mysql_password,
                                  config.mysql_password_file),
                            plain("redis.password", "redis.password", config.redis_password,
                                  config.redis_password_file)};
    for (std::size_t i = 0; i < config.nodes.size(); ++i) {
        NodeOptions& node = config.nodes[i];
        const std::string number = std::to_string(i + 1);
        all.push_back(plain("node[" + number + "].password", "node" + number + ".password",
                            node.password, node.password_file));
    }
    for (std::size_t i = 0; i < config.webhooks.size(); ++i) {
        WebhookConfig& hook = config.webhooks[i];
        all.push_back(of_webhook(hook, i + 1, "url", !hook.url.empty(), hook.url_file));
        all.push_back(of_webhook(hook, i + 1, "secret", !hook.secret.empty(), hook.secret_file));
    }
    return all;
}

Result<std::string> read_one(const std::string& file)
{
    std::ifstream in{file, std::ios::binary};
    std::array<char, secret_max + 1> bytes{};
    in.read(bytes.data(), bytes.size());
    std::string text{bytes.data(), static_cast<std::size_t>(in.gcount())};
    if (!in.eof() && text.size() <= secret_max) {
        return fail(Error::Code::invalid, file + " cannot be read");
    }
    if (text.size() > secret_max) {
        return fail(Error::Code::invalid, file + " has more than 4096 bytes");
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    if (text.empty()) return fail(Error::Code::invalid, file + " is empty");
    if (text.find('\n') != text.npos) {
        return fail(Error::Code::invalid, file + " has more than one line");
    }
    return text;
}

}  // namespace

Result<void> read_secrets(Config& config, const std::string& credentials)
{
    for (Secret& secret : secrets_of(config)) {
        if (secret.told && !secret.file.empty()) {
            return fail(Error::Code::invalid, secret.name + " is told, and " + secret.name +
                                                  "_file too: one of them is enough");
        }
        if (secret.told) continue;
        if (secret.file.empty() && !credentials.empty()) {
            const std::filesystem::path given =
                std::filesystem::path{credentials} / secret.credential;
            std::error_code ignored;
            if (std::filesystem::exists(given, ignored)) secret.file = given.string();
        }
        if (secret.file.empty()) continue;
        const auto text = read_one(secret.file);
        if (!text) return fail(Error::Code::invalid, secret.name + ": " + text.error().detail);
        const std::string wrong = secret.set(*text);
        if (!wrong.empty()) return fail(Error::Code::invalid, secret.file + ": it " + wrong);
        note_config(config, secret.name, shown(ConfigValue{*text}, true), secret.file);
    }
    return {};
}

}  // namespace pool
