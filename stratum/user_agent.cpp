#include "stratum/user_agent.h"

namespace stratum {

std::string fold_user_agent(std::string_view text)
{
    constexpr std::string_view marks = " ._:+=@-/(),#~;";
    std::string out;
    for (const char c : text) {
        if (out.size() == user_agent_bytes_max) break;
        if (c < 0x20 || c > 0x7e) continue;
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        out.push_back(alphanumeric || marks.find(c) != marks.npos ? c : '_');
    }
    return out;
}

}  // namespace stratum
