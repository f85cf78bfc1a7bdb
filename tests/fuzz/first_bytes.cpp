#include "stratum/first_bytes.h"

#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "stratum/server.h"
#include "stratum/server_intake.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using stratum::Caller;
using stratum::Intake;

const stratum::IpAddress& peer()
{
    static const stratum::IpAddress address =
        stratum::parse_ip("192.0.2.7").value_or(stratum::IpAddress{});
    return address;
}

struct Outcome {
    Caller caller = Caller::more;
    std::optional<stratum::EndReason> refused;
    stratum::IpAddress address;
    std::string front;
    std::size_t taken = 0;
    bool proxied = false;
};

Outcome come_in(const stratum::PortOptions& port, std::string_view stream, std::size_t piece)
{
    Outcome outcome;
    Intake intake{port, peer(), 4000};
    while (outcome.taken < stream.size() && outcome.caller == Caller::more && !outcome.refused) {
        const std::string_view part = stream.substr(outcome.taken, piece);
        outcome.taken += part.size();
        Intake::Step step = intake.receive(part, nullptr, true);
        outcome.proxied = outcome.proxied || step.proxied;
        if (step.shakes && !step.refused) step = intake.shake_hands(true);
        pool::check(step.wire.empty(), "nothing is said before it is known what they speak");
        outcome.caller = step.caller;
        outcome.refused = step.refused;
    }
    outcome.address = intake.address();
    outcome.front = intake.take_front();
    return outcome;
}

void check_one(const Outcome& outcome, std::string_view stream, bool trusted)
{
    pool::check(stream.substr(0, outcome.taken).ends_with(outcome.front), "no byte is lost");
    pool::check(outcome.proxied || outcome.front.size() == outcome.taken, "or taken off");
    pool::check(trusted || !outcome.proxied, "only who may says who is behind him");
    pool::check(outcome.proxied || outcome.address == peer(), "without a header it is the peer");
    const bool decided = outcome.caller != Caller::more || outcome.refused.has_value();
    pool::check(decided || outcome.taken == stream.size(), "undecided: all was looked at");
}

// A first act of v2 may begin like anything: only these are certain.
bool certain(const Outcome& outcome)
{
    return outcome.caller == Caller::stratum_v1 || outcome.caller == Caller::http;
}

}  // namespace

void first_bytes(Input input)
{
    if (input.empty()) return;
    const std::string_view stream{reinterpret_cast<const char*>(input.data()) + 1,
                                  input.size() - 1};
    const Caller caller = stratum::caller_of(stream);
    pool::check(caller != Caller::more || stream.size() < stratum::first_bytes_max,
                "two dozen bytes decide");
    if (stream.empty()) return;

    stratum::PortOptions port;
    const bool trusted = input[0] % 2 == 1;
    if (trusted) port.proxies.push_back({peer(), 128});
    const Outcome whole = come_in(port, stream, stream.size());
    const Outcome cut = come_in(port, stream, piece_bytes(input[0] / 2, stream.size()));
    check_one(whole, stream, trusted);
    check_one(cut, stream, trusted);
    if (!certain(whole) || !certain(cut)) return;
    pool::check(whole.caller == cut.caller, "it does not depend on how they are cut");
    pool::check(whole.address == cut.address, "nor does who it is");
}

}  // namespace tests::fuzz
