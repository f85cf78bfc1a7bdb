#include "stratum/metrics.h"

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
            return true;
        default:
            return false;
    }
}

const char* to_string(EndReason reason)
{
    switch (reason) {
        case EndReason::peer_left:
            return "peer_left";
        case EndReason::bad_line:
            return "bad_line";
        case EndReason::line_too_long:
            return "line_too_long";
        case EndReason::too_many_bad_requests:
            return "too_many_bad_requests";
        case EndReason::no_first_line:
            return "no_first_line";
        case EndReason::no_subscribe:
            return "no_subscribe";
        case EndReason::no_authorize:
            return "no_authorize";
        case EndReason::slow_line:
            return "slow_line";
        case EndReason::idle:
            return "idle";
        case EndReason::no_prefix_left:
            return "no_prefix_left";
        case EndReason::asked:
            return "asked";
        case EndReason::kicked:
            return "kicked";
        case EndReason::not_stratum:
            return "not_stratum";
        case EndReason::write_stalled:
            return "write_stalled";
        case EndReason::server_stops:
            return "server_stops";
        case EndReason::no_handshake:
            return "no_handshake";
        case EndReason::no_setup:
            return "no_setup";
        case EndReason::setup_refused:
            return "setup_refused";
        case EndReason::no_channel:
            return "no_channel";
        case EndReason::bad_frame:
            return "bad_frame";
        case EndReason::frame_too_long:
            return "frame_too_long";
        case EndReason::too_many_bad_shares:
            return "too_many_bad_shares";
        case EndReason::too_many_requests:
            return "too_many_requests";
        case EndReason::banned:
            return "banned";
        case EndReason::too_many_connections:
            return "too_many_connections";
        case EndReason::connects_too_fast:
            return "connects_too_fast";
        case EndReason::untrusted_proxy:
            return "untrusted_proxy";
        case EndReason::bad_proxy_header:
            return "bad_proxy_header";
        case EndReason::tls_failed:
            return "tls_failed";
        case EndReason::shed:
            return "shed";
        case EndReason::too_many_stale_shares:
            return "too_many_stale_shares";
        case EndReason::nonces_used_up:
            return "nonces_used_up";
        case EndReason::slow_first_line:
            return "slow_first_line";
        case EndReason::crowded_address:
            return "crowded_address";
        case EndReason::too_many_easy_shares:
            return "too_many_easy_shares";
    }
    return "unknown";
}

}  // namespace stratum
