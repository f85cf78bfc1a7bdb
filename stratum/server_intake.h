#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/base/time.h"
#include "pool/runtime/tcp.h"
#include "stratum/first_bytes.h"
#include "stratum/gate.h"
#include "stratum/ip_address.h"
#include "stratum/metrics.h"
#include "stratum/tls.h"

namespace stratum {

struct PortOptions;

/// Why a connection is over that the kernel or the gate has ended.
EndReason reason_of(pool::CloseReason reason);
EndReason reason_of(Gate::Answer answer);

/// The front of a connection until it is known what it speaks: holds the first bytes, takes a
/// PROXY header and TLS off. No I/O.
class Intake {
public:
    /// peer: the address at the other end of the socket.
    Intake(const PortOptions& port, const IpAddress& peer, std::uint16_t peer_port);

    struct Step {
        Caller caller = Caller::more;  ///< stratum_v1, stratum_v2, http; more: nothing yet
        std::string wire{};            ///< to be sent back at once, by TLS
        std::optional<EndReason> refused{};
        bool proxied = false;    ///< in this step: `address()` is the client's now
        bool tls_begun = false;  ///< in this step
        bool shakes = false;     ///< a handshake waits for its round: see shake_hands()
    };
    /// Takes what came from the socket. After a decision `front()` holds the client's plain bytes.
    Step receive(std::string_view bytes, const std::shared_ptr<const TlsContext>& tls,
                 bool v2_open = false);
    /// Goes on with the handshake, of TLS or, whose first act is then in the front, of Stratum v2:
    /// it costs as much as hundreds of shares, so when is its caller's to say. A round opens at
    /// most records_a_round records of TLS; what waits behind them asks for another one.
    Step shake_hands(bool v2_open = false);
    static constexpr std::size_t records_a_round = 16;
    /// Before it is known what it speaks, which twenty-four bytes of plain text tell: a handshake
    /// has some five of them.
    static constexpr std::size_t records_max = 128;
    /// Bytes that wait, at most: nobody says more before he has heard from us. A ClientHello has
    /// some 500 bytes, 1,800 with a key that withstands quantum computers.
    static constexpr std::size_t hello_max = std::size_t{6} << 10;
    /// And then: a proxy may send all its workers' words behind the handshake's last.
    static constexpr std::size_t cipher_max = std::size_t{96} << 10;

    /// It has said something, and not enough.
    bool begun() const { return in_tls() || !front_.empty(); }
    bool in_tls() const { return context_ != nullptr; }
    /// It had a round of its handshake.
    bool shaken() const { return shaken_; }
    /// It speaks Stratum v2, and has not ended its first act or waits for its round.
    bool greets() const { return greets_; }
    std::string take_front() { return std::exchange(front_, {}); }
    /// What came behind the front and was not opened.
    std::string take_cipher() { return std::exchange(cipher_, {}); }
    std::unique_ptr<TlsSession> take_tls() { return std::move(tls_); }
    const IpAddress& address() const { return address_; }
    std::uint16_t address_port() const { return address_port_; }

private:
    void decide(Step& step, const std::shared_ptr<const TlsContext>& tls, bool v2_open);
    void take_proxy_header(Step& step);
    void begin_tls(Step& step, const std::shared_ptr<const TlsContext>& tls);
    void wait_for_hand(std::string_view bytes, Step& step);
    void receive_cipher(std::string_view cipher, Step& step);
    void take_act(Step& step);
    void decide_layers(Step& step, const std::shared_ptr<const TlsContext>& tls, bool v2_open);

    const PortOptions& port_;
    IpAddress peer_;
    IpAddress address_;
    std::uint16_t address_port_;
    std::string front_;
    std::shared_ptr<const TlsContext> context_;  // null: not in TLS
    std::unique_ptr<TlsSession> tls_;            // from its first round on: it is large
    std::string cipher_;                         // not yet given to tls_
    std::size_t records_ = 0;                    // that were
    bool shaken_ = false;
    bool greets_ = false;
    bool proxied_ = false;
};

}  // namespace stratum
