#pragma once

#include <array>
#include <cstddef>

#include "pool/base/metrics.h"
#include "pool/share/share.h"

namespace stratum {

/// Why a connection was ended, by us unless it says otherwise.
enum class EndReason : std::uint8_t {
    peer_left,  ///< the peer closed, or the network did
    bad_line,   ///< no JSON object
    line_too_long,
    too_many_bad_requests,
    no_first_line,  ///< not a byte of it within 15 s
    no_subscribe,   ///< within 30 s
    no_authorize,   ///< within 60 s
    slow_line,      ///< a line was begun and not ended for 15 s
    idle,
    no_prefix_left,  ///< extranonce prefixes are exhausted
    asked,           ///< mining.bye and the like
    kicked,          ///< an admin's word
    not_stratum,     ///< HTTP, a scanner
    write_stalled,   ///< the peer does not read
    server_stops,
    no_handshake,   ///< v2: no whole first act within 5 s
    no_setup,       ///< v2: no SetupConnection within 10 s
    setup_refused,  ///< v2: another protocol or version
    no_channel,     ///< v2: no channel opened within 60 s
    bad_frame,      ///< v2: not sealed by the peer, or no message of ours
    frame_too_long,
    too_many_bad_shares,
    too_many_requests,
    banned,
    too_many_connections,  ///< of its address, or of all
    connects_too_fast,
    untrusted_proxy,  ///< a PROXY header from an address that may send none
    bad_proxy_header,
    tls_failed,
    shed,  ///< had not authorised when room was needed for others
    too_many_stale_shares,
    nonces_used_up,        ///< v2: no more may be sealed or opened under the connection's keys
    slow_first_line,       ///< it was begun, and not ended within 15 s of the connect
    crowded_address,       ///< took most of what its address may send at a time, see BurstBudget
    too_many_easy_shares,  ///< kept to jobs from before its difficulty rose
    too_many_new_keys,     ///< TLS: asked for other keys again and again
    tls_backlog,           ///< brought much while too many records waited to be opened
};
inline constexpr std::size_t end_reasons = 37;

/// True for what no honest client does: counted against its address.
bool is_misbehaviour(EndReason reason);

/// Numbers of one loop. The loop adds, any thread reads.
struct ShardMetrics {
    std::array<pool::Counter, 10> judgements;  ///< by Judgement; one for each submit that was
                                               ///< hashed or named an unknown job
    pool::Total accepted_difficulty;           ///< of accepted shares, in units of 2^32 hashes
    pool::Counter malformed_submits;           ///< refused before anything could be hashed
    pool::Counter shares_unlogged;             ///< good ones, refused because the share log failed
    pool::Counter shares_too_new;  ///< good ones, refused because too many accounts began lately
    pool::Gauge share_log_failed;  ///< 1 while it does
    pool::Counter block_candidates;
    pool::Counter slow_block_answers;  ///< turns, see ServerOptions::block_answer_max
    pool::Counter long_job_lines;      ///< mining.notify lines beyond what old firmware bears
    pool::Counter low_hints;           ///< asked for less than the port allows, and did not get it
    pool::Counter variant_jobs;        ///< other work of the current template, for a new difficulty
    pool::Counter lines;
    pool::Counter bad_lines;
    pool::Counter unknown_methods;
    pool::Counter authorized;
    pool::Counter resumed;         ///< v1: got the prefix of the connection before
    pool::Counter prefixes_moved;  ///< v1: by mining.set_extranonce, from another's prefix
    pool::Counter authorize_refused;
    pool::Counter handshakes;  ///< v2: answered
    pool::Counter frames;      ///< v2: opened
    pool::Counter bad_frames;
    pool::Counter channels_refused;
    pool::Counter tokens_issued;  ///< v2: for jobs that miners put together themselves
    pool::Counter custom_jobs;    ///< v2: taken
    pool::Counter custom_jobs_refused;
    pool::Gauge custom_jobs_live;                 ///< v2: shares of so many are known
    pool::Gauge channels;                         ///< v2: open
    pool::Counter connections;                    ///< ever opened
    std::array<pool::Counter, end_reasons> ends;  ///< by EndReason
    pool::Counter
        crowded_bursts;  ///< connections ended for what their address sent, see BurstBudget
    pool::Counter jobs_superseded;     ///< not sent, because the peer had not read the one before
    pool::Counter delayed_authorizes;  ///< refused, because of what the worker did before
    pool::Counter http_callers;
    pool::Counter tls_connections;
    pool::Counter tls_rounds;  ///< of handshakes
    pool::Counter proxied_connections;
    pool::Counter accept_pauses;  ///< too many were in their handshake
    pool::Gauge handshaking;      ///< connected and not authorised
    pool::Gauge sessions;
    pool::Gauge prefixes_leased;
    pool::Gauge prefixes_resting;

    std::uint64_t judged() const
    {
        std::uint64_t sum = 0;
        for (const pool::Counter& each : judgements) sum += each.value();
        return sum;
    }
    pool::Counter& of(pool::Judgement judgement)
    {
        return judgements[static_cast<std::size_t>(judgement)];
    }
    pool::Counter& of(EndReason reason) { return ends[static_cast<std::size_t>(reason)]; }
    const pool::Counter& of(pool::Judgement judgement) const
    {
        return judgements[static_cast<std::size_t>(judgement)];
    }
    const pool::Counter& of(EndReason reason) const
    {
        return ends[static_cast<std::size_t>(reason)];
    }
};

/// snake_case, for logs and metric labels.
const char* to_string(EndReason reason);

}  // namespace stratum
