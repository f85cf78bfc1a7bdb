#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "pool/app/config_table.h"

// The configuration as text: the example, and what is set.
namespace pool {

void note_config(Config& config, const std::string& name, std::string value,
                 const std::string& where)
{
    const auto same = [&](const ConfigLine& line) { return line.name == name; };
    const auto known = std::find_if(config.lines.begin(), config.lines.end(), same);
    if (known != config.lines.end()) {
        *known = {name, std::move(value), where};
        return;
    }
    const std::string_view section = std::string_view{name}.substr(0, name.find('.') + 1);
    const auto like =
        std::find_if(config.lines.rbegin(), config.lines.rend(),
                     [section](const ConfigLine& line) { return line.name.starts_with(section); });
    config.lines.insert(like == config.lines.rend() ? config.lines.end() : like.base(),
                        {name, std::move(value), where});
}

std::string example_config()
{
    std::string out =
        "# Zubr's configuration: every option with its default.\n"
        "# Keys that end with a unit take texts with another one, too: \"30s\", \"2h\", "
        "\"64KiB\".\n";
    std::string_view section;
    for (const ConfigOption& option : config_options()) {
        if (option.section != section) {
            section = option.section;
            out += "\n[" + std::string{section} + "]\n";
        }
        if (!option.help.empty()) out += "# " + std::string{option.help} + "\n";
        out += std::string{option.key} + " = " + std::string{option.example} + "\n";
    }
    out += "\n[[node]]\n";
    for (const NodeOption& option : node_options()) {
        out += "# " + std::string{option.help} + "\n";
        out += std::string{option.key} + " = " + std::string{option.example} + "\n";
    }
    out += "\n# A further port, as many as you like:\n# [[listener]]\n";
    for (const ListenerOption& option : listener_options()) {
        if (!option.help.empty()) out += "# # " + std::string{option.help} + "\n";
        out += "# " + std::string{option.key} + " = " + std::string{option.example} + "\n";
    }
    out += "\n# Whom to tell what happens, as many as you like:\n# [[webhook]]\n";
    for (const WebhookOption& option : webhook_options()) {
        out += "# # " + std::string{option.help} + "\n";
        out += "# " + std::string{option.key} + " = " + std::string{option.example} + "\n";
    }
    return out;
}

std::string config_as_set(const Config& config)
{
    std::string out;
    std::string section;
    for (const ConfigLine& line : config.lines) {
        const std::size_t dot = std::min(line.name.find('.'), line.name.size() - 1);
        const std::string own = line.name.substr(0, dot);
        if (own != section) {
            section = own;
            const std::size_t number = own.find('[');  // "node[1]": one of several
            if (!out.empty()) out += '\n';
            out += number == own.npos ? "[" + own + "]\n" : "[[" + own.substr(0, number) + "]]\n";
        }
        out += line.name.substr(dot + 1) + " = " + line.value + "  # " + line.source + "\n";
    }
    return out;
}

}  // namespace pool
