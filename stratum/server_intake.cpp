#include "stratum/server_intake.h"

#include <algorithm>
#include <span>
#include <utility>

#include "stratum/proxy_header.h"
#include "stratum/record_counter.h"
#include "stratum/server.h"
#include "stratum/v2/noise.h"

namespace stratum {
namespace {

std::span<const std::uint8_t> as_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Records {
    std::size_t bytes = 0;
    std::size_t count = 0;
};

// The whole records at the front, at most so many: a handshake has no use for less than one, and
// who sends it byte by byte asks for no round before. What is no record of TLS is OpenSSL's to say
// no to.
Records whole_records(std::string_view cipher, std::size_t most)
{
    constexpr std::size_t head = RecordCounter::head_bytes;
    constexpr std::size_t record_max = (std::size_t{1} << 14) + 2048;
    Records whole;
    while (whole.count < most && cipher.size() - whole.bytes >= head) {
        const auto byte = [&](std::size_t at) {
            return static_cast<unsigned char>(cipher[whole.bytes + at]);
        };
        const std::size_t length = std::size_t{byte(3)} << 8U | byte(4);
        if (length > record_max) return {cipher.size(), whole.count + 1};
        if (cipher.size() - whole.bytes < head + length) break;
        whole.bytes += head + length;
        ++whole.count;
    }
    return whole;
}

}  // namespace

Intake::Intake(const PortOptions& port, const IpAddress& peer, std::uint16_t peer_port)
    : port_(port), peer_(peer), address_(peer), address_port_(peer_port)
{
}

Intake::Step Intake::receive(std::string_view bytes, const std::shared_ptr<const TlsContext>& tls,
                             bool v2_open)
{
    Step step;
    if (in_tls()) {
        wait_for_hand(bytes, step);
    } else {
        front_.append(bytes);
        decide_layers(step, tls, v2_open);
    }
    return step;
}

Intake::Step Intake::shake_hands(bool v2_open)
{
    Step step;
    if (greets_) {
        step.caller = Caller::stratum_v2;
        if (!v2_open) step.refused = EndReason::not_stratum;  // it was turned off meanwhile
        return step;
    }
    if (!in_tls()) return step;
    if (tls_ == nullptr) tls_ = std::make_unique<TlsSession>(context_);
    const Records whole = whole_records(cipher_, records_a_round);
    receive_cipher(cipher_.substr(0, whole.bytes), step);
    cipher_.erase(0, whole.bytes);
    records_ += whole.count;
    shaken_ = true;
    if (!step.refused) decide_layers(step, nullptr, v2_open);
    if (step.refused || step.caller != Caller::more) return step;
    if (records_ >= records_max) step.refused = EndReason::tls_failed;
    step.shakes = whole_records(cipher_, 1).count > 0;
    return step;
}

void Intake::receive_cipher(std::string_view cipher, Step& step)
{
    const auto state = tls_->receive(as_bytes(cipher), front_, step.wire);
    const bool over = state == TlsSession::State::failed || state == TlsSession::State::closed;
    if (over) step.refused = EndReason::tls_failed;
    if (state == TlsSession::State::rekeying) step.refused = EndReason::too_many_new_keys;
}

// Every round takes a layer off: a PROXY header, then TLS, once each.
void Intake::decide_layers(Step& step, const std::shared_ptr<const TlsContext>& tls, bool v2_open)
{
    for (int layer = 0; layer < 3 && !step.refused && !step.shakes && step.caller == Caller::more;
         ++layer) {
        decide(step, tls, v2_open);
    }
}

void Intake::decide(Step& step, const std::shared_ptr<const TlsContext>& tls, bool v2_open)
{
    Caller caller = caller_of(front_);
    // Noise is a cipher of its own: inside TLS nobody speaks it.
    const bool noise = v2_open && !in_tls() && !port_.tls_only;
    if (caller == Caller::stratum_v2 && !noise) caller = Caller::nobody;
    const bool last_layer = caller != Caller::proxy && caller != Caller::more;
    if (last_layer && port_.proxy_only && !proxied_) {
        step.refused = EndReason::untrusted_proxy;
        return;
    }
    switch (caller) {
        case Caller::more:
            return;
        case Caller::proxy:
            return take_proxy_header(step);
        case Caller::tls:
            return begin_tls(step, tls);
        case Caller::nobody:
            step.refused = EndReason::not_stratum;
            return;
        case Caller::stratum_v2:
            return take_act(step);
        case Caller::stratum_v1:
        case Caller::http:
            if (port_.tls_only && !in_tls() && caller != Caller::http) {
                step.refused = EndReason::not_stratum;
                return;
            }
            step.caller = caller;
    }
}

// Only those who were told to send one may: it decides who is banned and whose caps count.
void Intake::take_proxy_header(Step& step)
{
    const bool trusted =
        std::any_of(port_.proxies.begin(), port_.proxies.end(),
                    [this](const Network& network) { return network.holds(peer_); });
    if (!trusted || proxied_ || in_tls()) {
        step.refused = EndReason::untrusted_proxy;
        return;
    }
    const ProxyHeader header = read_proxy_header(front_);
    if (header.state == ProxyHeader::State::bad) step.refused = EndReason::bad_proxy_header;
    if (header.state != ProxyHeader::State::whole) return;
    front_.erase(0, header.length);
    proxied_ = true;
    step.proxied = true;
    if (!header.source) return;
    address_ = *header.source;
    address_port_ = header.source_port;
}

void Intake::begin_tls(Step& step, const std::shared_ptr<const TlsContext>& tls)
{
    if (tls == nullptr || in_tls()) {
        step.refused = EndReason::not_stratum;
        return;
    }
    step.tls_begun = true;
    context_ = tls;
    wait_for_hand(std::exchange(front_, {}), step);
}

void Intake::wait_for_hand(std::string_view bytes, Step& step)
{
    if (cipher_.size() + bytes.size() > (shaken_ ? cipher_max : hello_max)) {
        step.refused = EndReason::tls_failed;
        return;
    }
    cipher_.append(bytes);
    step.shakes = whole_records(cipher_, 1).count > 0;
}

// Nobody has a frame to send before he has heard our act.
void Intake::take_act(Step& step)
{
    greets_ = true;
    step.shakes = front_.size() >= v2::act1_bytes;
    if (front_.size() > hello_max) step.refused = EndReason::bad_frame;
}

EndReason reason_of(pool::CloseReason reason)
{
    return reason == pool::CloseReason::write_overflow ? EndReason::write_stalled
                                                       : EndReason::peer_left;
}

EndReason reason_of(Gate::Answer answer)
{
    switch (answer) {
        case Gate::Answer::banned:
            return EndReason::banned;
        case Gate::Answer::too_fast:
        case Gate::Answer::prefix_too_fast:
            return EndReason::connects_too_fast;
        default:
            return EndReason::too_many_connections;
    }
}

}  // namespace stratum
