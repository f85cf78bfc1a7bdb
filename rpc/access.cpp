#include "rpc/access.h"

namespace rpc {

Verdict judge(const Access& access, Need need)
{
    if (access.ground == Access::Ground::closed) return Verdict::token_needed;
    const bool enough = need == Need::hashrate   ? access.scopes.hashrate
                        : need == Need::earnings ? access.scopes.earnings
                                                 : access.scopes != payouts::TokenScopes{};
    return enough ? Verdict::go : Verdict::scope_lacks;
}

std::string_view to_string(Need need)
{
    switch (need) {
        case Need::anything:
            return "any";
        case Need::hashrate:
            return "hashrate";
        case Need::earnings:
            return "earnings";
    }
    return "any";
}

}  // namespace rpc
