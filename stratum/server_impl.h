#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/base/time.h"
#include "stratum/address_turns.h"
#include "stratum/first_bytes.h"
#include "stratum/handshake_pace.h"
#include "stratum/record_counter.h"
#include "stratum/server.h"
#include "stratum/server_intake.h"
#include "stratum/waiting_room.h"

namespace stratum {

/// The server's own; server.cpp does what sockets and clocks ask for, server_closing.cpp ends
/// connections, server_turns.cpp does what has to wait for a part of the loop's time,
/// server_calls.cpp what the loop's owner asks for.
struct Server::Impl {
    static constexpr std::chrono::milliseconds pace_every{10};
    // Records of TLS: of one read; of one connection that waits, before another one has its turn;
    // and of all reads, and again of all that wait, in a turn of the loop. A record costs some two
    // microseconds.
    static constexpr std::size_t records_at_once = 16;
    static constexpr std::size_t records_a_piece = 64;
    static constexpr std::size_t records_a_turn = 256;
    // What waits to be opened, of all connections together; whoever brings less than held_small is
    // kept beyond it.
    static constexpr std::size_t held_max = std::size_t{8} << 20;
    static constexpr std::size_t held_small = std::size_t{4} << 10;

    struct Conn {
        std::unique_ptr<pool::TcpConn> tcp;
        IpAddress address;
        std::unique_ptr<Intake> intake;  // until it is known what it speaks
        std::unique_ptr<TlsSession> tls;
        std::string cipher;  // not opened yet: it stands in `ciphers`, and is not read
        std::optional<pool::SteadyTime> waits_since;  // some of `cipher`: read then
        std::optional<pool::SteadyTime> unsent_since;
        pool::Now opened;
        const PortOptions* port = nullptr;
        pool::Gauge* counted = nullptr;  // of `port`, once it has a session
        bool admitted = false;
        bool holding = false;
        bool unread = false;                           // stands in `unread`
        bool overdue = false;                          // stands in `overdue`
        std::optional<pool::SteadyTime> shakes_since;  // stands in `handshakes`
    };
    using Conns = std::unordered_map<std::uint64_t, Conn>;

    Impl(pool::Loop& on_loop, ServerOptions wanted, pool::ShareLog& log,
         std::shared_ptr<const AccountDirectory> directory, Shard::OnCandidate on_candidate)
        : loop(on_loop),
          options(std::move(wanted)),
          gate(options.shard.gate),
          shard(options.shard, log, std::move(directory), std::move(on_candidate)),
          room(options.handshaking_max, static_cast<std::uint32_t>(options.shed_after.count()))
    {
        pool::check(gate != nullptr, "somebody decides who may connect");
    }

    pool::Result<std::vector<std::uint16_t>> start();
    void accept(const PortOptions& port, std::unique_ptr<pool::TcpConn> tcp);
    bool admit(Conn& conn, const IpAddress& address);
    void on_bytes(pool::SessionId id, std::span<const std::uint8_t> bytes);
    void take_in(pool::SessionId id, Conn& conn, std::string_view bytes);
    void take_step(pool::SessionId id, Conn& conn, const Intake::Step& step);
    void line_up(pool::SessionId id, Conn& conn);
    void shake_hands();
    void shake_hand(pool::SessionId id, Conn& conn);
    RecordCounter::Counted open_records(pool::SessionId id, Conn& conn,
                                        std::span<const std::uint8_t> bytes, std::size_t most);
    void take_cipher(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes);
    void hold(pool::SessionId id, Conn& conn, std::span<const std::uint8_t> bytes);
    std::string let_go(Conn& conn);
    void open_waiting();
    void open_rest();
    void lose(pool::SessionId id, EndReason reason);
    void greet(pool::SessionId id, Conn& conn, Caller caller);
    void on_end(pool::SessionId id);
    void write(pool::SessionId id, Conn& conn, std::string_view wire);
    void send(pool::SessionId id, Conn& conn, std::string_view bytes);
    void part(pool::SessionId id, Conn& conn);
    void refuse(pool::SessionId id, EndReason reason);
    void forget(Conns::iterator at);
    void misbehaved(const Conn& conn, EndReason reason);
    void end_turn(std::size_t closes_max = Shard::closes_a_turn);
    void time_answers(pool::SteadyTime began, std::uint64_t shares);
    void write_out();
    void on_tick();
    std::chrono::nanoseconds front_within(const Conn& conn) const;
    void note_overdue(pool::Now now);
    void close_overdue();
    void shed();
    PortOptions* port_at(std::uint16_t number);
    void pace();
    void stop();

    pool::Loop& loop;
    ServerOptions options;
    Gate* gate;
    Shard shard;
    std::shared_ptr<const TlsContext> tls;
    Conns conns;
    WaitingRoom room;
    bool accepting = true;
    ServerTimes times;
    std::deque<PortSessions> sessions_by_port;
    std::optional<pool::SteadyTime> turn_began;  // with the first bytes that came
    std::uint64_t judged = 0;                    // before this turn
    std::uint64_t candidates = 0;                // likewise
    Effects effects;
    std::vector<Conn*> receivers;          // of effects.writes; kept for its memory
    std::vector<pool::SessionId> unheard;  // of those of which it was not known what they speak
    std::vector<pool::SessionId> unread;   // of those that had not read all
    std::vector<pool::SessionId> overdue;  // have said, or read, nothing in time
    AddressTurns handshakes;               // of TLS and Noise
    AddressTurns ciphers;                  // records of TLS that wait to be opened
    std::size_t held_bytes = 0;            // of all of them
    std::size_t records_read = 0;          // of TLS: opened as they were read, in this turn
    HandshakePace handshake_pace;          // likewise
    std::vector<std::unique_ptr<pool::TcpListener>> listeners;
    pool::Watch ticking;
    pool::Watch pacing;
    pool::Watch closing;
    pool::Watch shaking;
    pool::Watch opening;
    pool::Watch turn_end;
};

}  // namespace stratum
