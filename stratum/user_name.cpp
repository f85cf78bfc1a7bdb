#include "stratum/user_name.h"

#include <algorithm>
#include <utility>

#include "pool/bitcoin/address.h"

namespace stratum {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string lower_case(std::string_view text)
{
    std::string lower{text};
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

// Control characters would be escaped on the wire, but a reader of logs need not see them either.
std::string quotable(std::string_view text)
{
    constexpr std::size_t shown_max = 40;
    std::string shown;
    for (const char c : text.substr(0, shown_max)) {
        shown.push_back(c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '?');
    }
    if (text.size() > shown_max) shown += "...";
    return shown;
}

UserName by_address(pool::Address address, std::string_view worker)
{
    return {.account = {.script = std::move(address.script),
                        .registered = {},
                        .name = std::move(address.text)},
            .worker = fold_worker(worker)};
}

// `account` stands alone on its side of the dot, or there is no dot.
Result<UserName> whole_account(std::string_view account, std::string_view worker, pool::Chain chain,
                               const AccountDirectory& directory)
{
    auto address = pool::parse_address(account, chain);
    if (address) return by_address(std::move(*address), worker);
    if (address.error().code == Error::Code::refused) return fail(std::move(address.error()));

    std::string name = lower_case(account);
    const auto found = directory.find(name);
    if (found == directory.end()) {
        return fail(Error::Code::not_found,
                    "Unknown user '" + quotable(account) +
                        "': use a Bitcoin address of this chain or a registered account name");
    }
    return UserName{.account = {.script = {}, .registered = found->second, .name = std::move(name)},
                    .worker = fold_worker(worker)};
}

}  // namespace

std::string_view trimmed_user_name(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string fold_worker(std::string_view text)
{
    if (text.empty()) return "default";
    std::string worker{text.substr(0, worker_bytes_max)};
    constexpr std::string_view others = "._:+=@-";
    std::replace_if(
        worker.begin(), worker.end(),
        [others](char c) { return !is_alphanumeric(c) && others.find(c) == others.npos; }, '_');
    return worker;
}

Result<UserName> parse_user_name(std::string_view text, pool::Chain chain,
                                 const AccountDirectory& directory)
{
    const std::string_view user = trimmed_user_name(text);
    if (user.empty()) {
        return fail(Error::Code::invalid,
                    "The user name is empty: use a Bitcoin address or a registered account name");
    }
    if (user.size() > user_name_bytes_max) {
        return fail(Error::Code::invalid, "The user name is longer than 192 bytes");
    }

    const std::size_t dot = user.find('.');
    if (dot != std::string_view::npos) {
        return whole_account(user.substr(0, dot), user.substr(dot + 1), chain, directory);
    }
    const std::size_t underscore = user.find('_');
    if (underscore != std::string_view::npos) {
        const std::string_view left = user.substr(0, underscore);
        auto address = pool::parse_address(left, chain);
        if (address) return by_address(std::move(*address), user.substr(underscore + 1));
        // Registered names may hold an underscore too.
        const bool foreign = address.error().code == Error::Code::refused;
        if (foreign && !directory.contains(lower_case(user))) {
            return fail(std::move(address.error()));
        }
    }
    return whole_account(user, {}, chain, directory);
}

}  // namespace stratum
