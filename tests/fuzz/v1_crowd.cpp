#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "pool/base/result.h"
#include "stratum/burst_budget.h"
#include "stratum/gate.h"
#include "tests/fuzz/one_loop.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using stratum::EndReason;
using Budget = stratum::BurstBudget;

// These bytes can not stand in JSON unescaped: between the clients' words they move the world.
constexpr std::uint8_t a_second_passes = 1;  // 2: a job comes
constexpr std::uint8_t a_tip_comes = 3;
constexpr std::uint8_t first_speaks = 4;  // 5, 6, 7: the others do
constexpr std::uint8_t it_hangs_up = 8;
// And these, in their words, the session that the speaker, or the first of them, had before. Where
// one of them stands the loop lets sessions be resumed.
constexpr std::uint8_t own_session_before = 14;
constexpr std::uint8_t firsts_session_before = 15;

constexpr std::array<const char*, 4> peers{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3",
                                           "198.51.100.1:4"};
constexpr std::size_t answers_bytes = 8192;
// A reply echoes an id as long as a line.
constexpr std::size_t reply_bytes = 3 * 8192;

stratum::GateOptions tight()
{
    stratum::GateOptions options;
    options.lines_per_second = 40;
    options.misbehaviours_max = 1;
    return options;
}

stratum::ShardOptions tight_options(stratum::Gate& gate, stratum::KnownDifficulties& known,
                                    bool resume)
{
    stratum::ShardOptions options = OneLoop::default_options();
    options.gate = &gate;
    options.known = &known;
    options.session.resume = resume;
    options.session.answers_bytes = answers_bytes;
    options.session.lines_per_second = 50;
    options.session.lines_burst = 400;
    options.session.bad_shares_max = 20;
    options.session.workers_max = 8;
    return options;
}

class Crowd {
public:
    explicit Crowd(bool resumes) : resumes_(resumes), loop_(tight_options(gate_, known_, resumes))
    {
        for (std::size_t at = 0; at < peers.size(); ++at) open(at);
    }

    void speak(std::size_t who) { speaks_ = who; }
    void say(Input words)
    {
        Client& client = clients_[speaks_];
        const std::string text = with_sessions(words);
        const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        client.asked += lines;
        client.sent += Budget::cost(lines, text.size());
        loop_.say(client.id, text);
        check();
    }
    void move_the_world(std::uint8_t how)
    {
        if (how == a_second_passes) {
            loop_.second_passes();
        } else {
            loop_.new_job(how == a_tip_comes);
        }
        check();
    }
    void hang_up()
    {
        const pool::SessionId id = clients_[speaks_].id;
        loop_.shard.closed(id, EndReason::peer_left, loop_.now);
        OneLoop::Heard& one = loop_.heard[id.value];
        one.ended = EndReason::peer_left;
        const std::string session = session_in(one.written);
        if (!session.empty()) before_[speaks_] = session;
        open(speaks_);
    }
    void end()
    {
        for (const Client& client : clients_) {
            loop_.shard.closed(client.id, EndReason::peer_left, loop_.now);
        }
        loop_.shard.flush(loop_.now);
        pool::check(loop_.shard.session_count() == 0, "nobody stays who has gone");
    }

private:
    struct Client {
        pool::SessionId id;
        std::size_t asked = 0;
        double sent = 0;  // in lines
    };

    void open(std::size_t at)
    {
        clients_[at] = {};
        clients_[at].id = loop_.shard.open(peers[at], loop_.now);
    }
    static std::size_t count(std::string_view text, std::string_view part)
    {
        std::size_t found = 0;
        for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
        return found;
    }
    void check()
    {
        pool::check(loop_.answered_as_accepted() == loop_.logged(),
                    "shares answered as accepted are those logged");
        for (; logged_ < loop_.log.shares.size(); ++logged_) {
            const pool::ShareRecord& share = loop_.log.shares[logged_];
            pool::check(known_shares_
                            .emplace(share.job.value, share.extranonce, share.version, share.time,
                                     share.nonce)
                            .second,
                        "no work is paid for twice, whoever hands it in");
        }
        std::set<std::string> prefixes;
        for (Client& client : clients_) {
            OneLoop::Heard& one = loop_.heard[client.id.value];
            pool::check(count(one.written, "\"result\":") <= client.asked,
                        "nobody gets more replies than it sent lines");
            pool::check(one.most_in_a_turn <= answers_bytes + reply_bytes,
                        "what a turn says to somebody is bounded");
            const bool modest = client.sent <= Budget::part_least;
            pool::check(!modest || one.ended != EndReason::crowded_address,
                        "nobody pays for his neighbours");
            const std::string prefix = prefix_in(one.written);
            // Of whom we have sent away, too: his last shares were answered before. Nobody leaves
            // by himself but in hang_up(), which comes behind this.
            pool::check(loop_.logged_under(prefix) <= accepted_under(prefix, one),
                        "what is logged was answered with true");
            pool::check(one.ended || prefix.empty() || prefixes.insert(prefix).second,
                        "no two have the same extranonce prefix");
        }
    }
    // The last that it was told, of the digits behind `before`; empty before the first.
    static std::string last_behind(std::string_view written, std::string_view before,
                                   std::size_t digits)
    {
        const auto at = written.rfind(before);
        return at == written.npos ? "" : std::string{written.substr(at + before.size(), digits)};
    }
    static std::string prefix_in(std::string_view written)
    {
        // Nobody subscribes again, and is moved before it has a job at the latest.
        const std::string moved =
            last_behind(written, "\"mining.set_extranonce\",\"params\":[\"", 8);
        return moved.empty() ? last_behind(written, "\"]],\"", 8) : moved;
    }
    static std::string session_in(std::string_view written)
    {
        return last_behind(written, "[\"mining.notify\",\"", 16);
    }
    std::string with_sessions(Input words) const
    {
        std::string text;
        for (const std::uint8_t byte : words) {
            const bool named = byte == own_session_before || byte == firsts_session_before;
            const std::size_t whose = byte == own_session_before ? speaks_ : 0;
            if (named && !before_[whose].empty()) {
                text += before_[whose];
            } else {
                text += static_cast<char>(byte);
            }
        }
        return text;
    }
    // By whoever had the prefix, one after the other.
    std::size_t accepted_under(const std::string& prefix, const OneLoop::Heard& one) const
    {
        constexpr std::string_view accepted = "\"result\":true";
        if (!resumes_) return count(one.written, accepted);
        std::size_t all = 0;
        for (const auto& [id, each] : loop_.heard) {
            if (prefix_in(each.written) == prefix) all += count(each.written, accepted);
        }
        return all;
    }

    bool resumes_;
    stratum::Gate gate_{tight()};
    stratum::KnownDifficulties known_;
    OneLoop loop_;
    std::array<Client, peers.size()> clients_;
    std::array<std::string, peers.size()> before_;  // the session of the connection before
    std::set<std::tuple<std::uint64_t, std::array<std::uint8_t, pool::extranonce_bytes_max>,
                        std::uint32_t, std::uint32_t, std::uint32_t>>
        known_shares_;
    std::size_t logged_ = 0;
    std::size_t speaks_ = 0;
};

}  // namespace

void v1_crowd(Input stream)
{
    const bool resumes = std::any_of(stream.begin(), stream.end(), [](std::uint8_t byte) {
        return byte == own_session_before || byte == firsts_session_before;
    });
    Crowd crowd{resumes};
    while (!stream.empty()) {
        const auto end = std::find_if(stream.begin(), stream.end(), [](std::uint8_t byte) {
            return byte >= a_second_passes && byte <= it_hangs_up;
        });
        const Input words = stream.first(static_cast<std::size_t>(end - stream.begin()));
        if (!words.empty()) crowd.say(words);
        stream = stream.subspan(words.size());
        if (stream.empty()) break;
        const std::uint8_t moves = stream[0];
        if (moves < first_speaks) {
            crowd.move_the_world(moves);
        } else if (moves == it_hangs_up) {
            crowd.hang_up();
        } else {
            crowd.speak(moves - first_speaks);
        }
        stream = stream.subspan(1);
    }
    crowd.end();
}

}  // namespace tests::fuzz
