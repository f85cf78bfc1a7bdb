#include "stratum/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

namespace stratum {

bool is_misbehaviour(EndReason reason)
{
    switch (reason) {
        case EndReason::line_too_long:
        case EndReason::too_many_bad_requests:
        case EndReason::too_many_bad_shares:
        case EndReason::too_many_requests:
        case EndReason::slow_line:
        case EndReason::bad_line:
        case EndReason::bad_frame:
        case EndReason::frame_too_long:
        case EndReason::too_many_new_keys:
            return true;
        default:
            return false;
    }
}

const char* to_string(EndReason reason)
{
    using Name = std::pair<EndReason, const char*>;
    static constexpr std::array names{
        Name{EndReason::peer_left, "peer_left"},
        Name{EndReason::bad_line, "bad_line"},
        Name{EndReason::line_too_long, "line_too_long"},
        Name{EndReason::too_many_bad_requests, "too_many_bad_requests"},
        Name{EndReason::no_first_line, "no_first_line"},
        Name{EndReason::no_subscribe, "no_subscribe"},
        Name{EndReason::no_authorize, "no_authorize"},
        Name{EndReason::slow_line, "slow_line"},
        Name{EndReason::idle, "idle"},
        Name{EndReason::no_prefix_left, "no_prefix_left"},
        Name{EndReason::asked, "asked"},
        Name{EndReason::kicked, "kicked"},
        Name{EndReason::not_stratum, "not_stratum"},
        Name{EndReason::write_stalled, "write_stalled"},
        Name{EndReason::server_stops, "server_stops"},
        Name{EndReason::no_handshake, "no_handshake"},
        Name{EndReason::no_setup, "no_setup"},
        Name{EndReason::setup_refused, "setup_refused"},
        Name{EndReason::no_channel, "no_channel"},
        Name{EndReason::bad_frame, "bad_frame"},
        Name{EndReason::frame_too_long, "frame_too_long"},
        Name{EndReason::too_many_bad_shares, "too_many_bad_shares"},
        Name{EndReason::too_many_requests, "too_many_requests"},
        Name{EndReason::banned, "banned"},
        Name{EndReason::too_many_connections, "too_many_connections"},
        Name{EndReason::connects_too_fast, "connects_too_fast"},
        Name{EndReason::untrusted_proxy, "untrusted_proxy"},
        Name{EndReason::bad_proxy_header, "bad_proxy_header"},
        Name{EndReason::tls_failed, "tls_failed"},
        Name{EndReason::shed, "shed"},
        Name{EndReason::too_many_stale_shares, "too_many_stale_shares"},
        Name{EndReason::nonces_used_up, "nonces_used_up"},
        Name{EndReason::slow_first_line, "slow_first_line"},
        Name{EndReason::crowded_address, "crowded_address"},
        Name{EndReason::too_many_easy_shares, "too_many_easy_shares"},
        Name{EndReason::too_many_new_keys, "too_many_new_keys"},
        Name{EndReason::tls_backlog, "tls_backlog"},
    };
    static_assert(names.size() == end_reasons, "each has a name");
    const auto found = std::find_if(names.begin(), names.end(),
                                    [reason](const Name& name) { return name.first == reason; });
    return found == names.end() ? "unknown" : found->second;
}

}  // namespace stratum
