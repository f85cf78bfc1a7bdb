#include <array>

#include "pool/app/config_gate.h"
#include "pool/app/config_setters.h"
#include "pool/app/config_table.h"

// [limits]: what miners may do.
namespace pool {
namespace {

using C = Config;
using G = stratum::GateOptions;

constexpr std::array table{
    ConfigOption{"limits", "connections_per_address", "whole number", "4096",
                 "of one IPv4 address or IPv6 /64 at once; 0 means no limit",
                 set_gate_limit<&G::address, &stratum::ConnectLimits::connections>},
    ConfigOption{"limits", "connects_per_second", "whole number", "100",
                 "of one address, beyond the burst; 0 means no limit",
                 set_gate_limit<&G::address, &stratum::ConnectLimits::connects_per_second>},
    ConfigOption{"limits", "connects_burst", "whole number", "4096",
                 "a farm behind one address comes back all at once",
                 set_gate_limit<&G::address, &stratum::ConnectLimits::connects_burst>},
    ConfigOption{"limits", "connections_per_prefix", "whole number", "16384",
                 "of all addresses of one IPv4 /24 or IPv6 /48 at once; 0 means no limit",
                 set_gate_limit<&G::prefix, &stratum::ConnectLimits::connections>},
    ConfigOption{"limits", "prefix_connects_per_second", "whole number", "400",
                 "of all addresses of one /24 or /48, beyond the burst; 0 means no limit",
                 set_gate_limit<&G::prefix, &stratum::ConnectLimits::connects_per_second>},
    ConfigOption{"limits", "prefix_connects_burst", "whole number", "16384", "",
                 set_gate_limit<&G::prefix, &stratum::ConnectLimits::connects_burst>},
    ConfigOption{
        "limits", "channels_per_address", "whole number", "8192",
        "of Stratum v2, or workers, of each connection whichever are more, beside its first; 0 "
        "means no limit",
        set_gate_limit<&G::address, &stratum::ConnectLimits::channels>},
    ConfigOption{"limits", "channels_per_prefix", "whole number", "32768",
                 "of all addresses of one /24 or /48; 0 means no limit",
                 set_gate_limit<&G::prefix, &stratum::ConnectLimits::channels>},
    ConfigOption{"limits", "address_lines_per_second", "whole number", "4000",
                 "of one address on one loop, with a burst of five seconds' worth; beyond it each "
                 "connection may send 64 in five seconds; 0 means no limit",
                 set_gate_limit<&G::lines_per_second>},
    ConfigOption{
        "limits", "networks", "list of texts", "[]",
        "other limits for some, the first that fits; they count for no prefix. For a farm "
        "behind one address: "
        "[\"203.0.113.7 connections=0 connects_per_second=0 channels=0 lines_per_second=0\"]",
        set_networks},
    ConfigOption{"limits", "connections_max", "whole number", "0",
                 "of all; 0 means nine tenths of the open files that the system allows",
                 set_connections_max},
    ConfigOption{"limits", "handshaking_max", "whole number", "8192",
                 "connected and not authorised, on one loop; then others wait their turn",
                 set_between<&C::handshaking_max, 1, 10'000'000>},
    ConfigOption{"limits", "ban_seconds", "whole number", "600",
                 "for an address that misbehaves and has no miner with an accepted share in 10 min",
                 set_ban},
    ConfigOption{"limits", "misbehaviours_max", "whole number", "3",
                 "connections of an address closed for what they did, within ban_seconds, before "
                 "the ban",
                 set_misbehaviours},
    ConfigOption{"limits", "workers_per_connection", "whole number", "1000", "",
                 set_between<&C::workers_max, 1, 100'000>},
    ConfigOption{"limits", "worker_names", "whole number", "10000",
                 "of an account's workers with accepted shares, that one loop remembers; "
                 "further ones are booked as one worker, other",
                 set_between<&C::worker_names_max, 1, 1'000'000>},
    ConfigOption{
        "limits", "new_accounts", "whole number", "50000",
        "by payout address and not in MySQL at the start, that begin within an hour on one "
        "loop; shares of more are refused until their turn has come; 0 means no limit",
        set_whole<&C::new_accounts_max, 1'000'000>},
    ConfigOption{
        "limits", "bad_shares", "whole number", "160",
        "of the last 256 of a connection; then it is closed and its worker delayed. 257 means "
        "no limit",
        set_between<&C::bad_shares_max, 1, 60'000>},
    ConfigOption{
        "limits", "stale_shares", "whole number", "224",
        "of the last 256 of a connection; then it is closed: it works on old jobs only. 257 "
        "means no limit",
        set_between<&C::stale_shares_max, 1, 60'000>},
    ConfigOption{"limits", "easy_shares", "whole number", "5000",
                 "of jobs from before a connection's difficulty rose, at once; ten times "
                 "stratum.shares_per_minute beyond; then it is closed and its worker delayed. 0 "
                 "means no limit",
                 set_whole<&C::easy_shares, 10'000'000>},
    ConfigOption{"limits", "withheld_blocks", "number", "7",
                 "an account that found so much too few blocks for its shares as one that found "
                 "none of so many is suspected; 0: nobody is",
                 set_difficulty<&C::withheld_blocks>},
    ConfigOption{"limits", "block_answer_ms", "whole number", "20",
                 "a block's answer that took longer is counted, and logged: it shall tell no more "
                 "than a share's",
                 set_between<&C::block_answer_ms, 1, 10'000>},
    ConfigOption{"limits", "line_bytes", "whole number", "8192", "of a v1 miner, at most",
                 set_between<&C::line_bytes, 1024, 65'536>},
    ConfigOption{"limits", "line_bytes_handshake", "whole number", "4096",
                 "the same before it has authorised",
                 set_between<&C::line_bytes_handshake, 1024, 65'536>},
    ConfigOption{"limits", "json_depth", "whole number", "6",
                 "of a v1 miner's line: arrays and objects in one another; miners use four",
                 set_between<&C::json_depth, 4, 100>},
    ConfigOption{"limits", "json_values", "whole number", "256", "of a v1 miner's line, in all",
                 set_between<&C::json_values, 32, 65'536>},
    ConfigOption{"limits", "job_line_bytes", "whole number", "3584",
                 "longer jobs break old firmware: they are counted, and logged",
                 set_between<&C::job_line_bytes, 256, 1'000'000>},
    ConfigOption{"limits", "lines_per_second", "whole number", "10000",
                 "of one connection, with a burst of five seconds' worth; 0 means no limit",
                 set_whole<&C::lines_per_second, 100'000'000>},
    ConfigOption{"limits", "write_queue_kib", "whole number", "256",
                 "unread bytes of a connection before it is closed",
                 set_between<&C::write_queue_kib, 1, 1'000'000>},
    ConfigOption{"limits", "write_stall_seconds", "whole number", "60",
                 "how long a peer may leave bytes unread",
                 set_between<&C::write_stall_seconds, 1, 86'400>},
    ConfigOption{"limits", "first_line_seconds", "whole number", "15",
                 "from connecting to the first whole line",
                 set_between<&C::first_line_seconds, 1, 3600>},
    ConfigOption{"limits", "subscribe_seconds", "whole number", "30",
                 "from connecting to mining.subscribe",
                 set_between<&C::subscribe_seconds, 1, 3600>},
    ConfigOption{"limits", "authorize_seconds", "whole number", "60",
                 "from connecting to the first worker, or v2 channel",
                 set_between<&C::authorize_seconds, 1, 3600>},
    ConfigOption{"limits", "line_seconds", "whole number", "15",
                 "from a line's or frame's first byte to its last",
                 set_between<&C::line_seconds, 1, 3600>},
    ConfigOption{"limits", "bad_requests", "whole number", "32",
                 "unknown or senseless requests without a good share between",
                 set_between<&C::bad_requests, 1, 1'000'000>},
    ConfigOption{"limits", "shed_seconds", "whole number", "3",
                 "who has not authorised for so long makes room when handshaking_max is reached",
                 set_whole<&C::shed_seconds, 3600>},
    ConfigOption{"limits", "idle_minutes", "whole number", "30",
                 "without a byte, or 20 times a connection's usual time between shares",
                 set_between<&C::idle_minutes, 1, 100'000>},
};

}  // namespace

std::span<const ConfigOption> limit_config_options() { return table; }

}  // namespace pool
