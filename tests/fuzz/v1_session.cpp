#include <algorithm>
#include <cctype>
#include <string>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "tests/fuzz/one_loop.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using stratum::EndReason;

constexpr pool::JsonLimits generous{std::size_t{1} << 20, 64, 1 << 16};

// These bytes can not stand in JSON unescaped: between the client's words they move the world.
constexpr std::uint8_t a_second_passes = 1;  // 2: a job comes
constexpr std::uint8_t a_tip_comes = 3;

bool moves_the_world(std::uint8_t byte) { return byte >= a_second_passes && byte <= a_tip_comes; }

struct Outcome {
    std::string written;
    std::optional<EndReason> ended;
    std::size_t logged = 0;
    std::size_t good = 0;  // shares that were answered as accepted
};

Outcome talk(Input stream, std::uint8_t choice)
{
    OneLoop loop;
    const pool::SessionId id = loop.shard.open("192.0.2.1:4000", loop.now);
    while (!stream.empty()) {
        const auto end = std::find_if(stream.begin(), stream.end(), moves_the_world);
        Input words = stream.first(static_cast<std::size_t>(end - stream.begin()));
        stream = stream.subspan(words.size());
        while (!words.empty()) {
            const std::size_t piece = std::min(piece_bytes(choice, words.size()), words.size());
            loop.say(id, {reinterpret_cast<const char*>(words.data()), piece});
            words = words.subspan(piece);
        }
        if (stream.empty()) break;
        if (stream[0] == a_second_passes) {
            loop.second_passes();
        } else {
            loop.new_job(stream[0] == a_tip_comes);
        }
        stream = stream.subspan(1);
    }
    return {std::move(loop.written), loop.ended, loop.logged(), loop.answered_as_accepted()};
}

struct Replies {
    std::size_t all = 0;
    std::size_t true_ones = 0;
};

Replies check_lines(std::string_view written)
{
    Replies replies;
    pool::JsonDocument document;
    while (!written.empty()) {
        const std::size_t end = written.find('\n');
        pool::check(end != std::string_view::npos, "what is written ends with a line's end");
        const std::string_view line = written.substr(0, end);
        written.remove_prefix(end + 1);
        pool::check(
            std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }),
            "firmware reads C strings of ASCII");
        const auto message = document.parse(line, generous);
        pool::check(message.has_value(), "a line is JSON");
        pool::check(message->type() == pool::JsonValue::Type::object, "a line is an object");
        if (message->find("method").exists()) continue;
        pool::check(message->find("result").exists() && message->find("error").exists(),
                    "a reply has both");
        ++replies.all;
        if (message->find("result").boolean().value_or(false)) ++replies.true_ones;
    }
    return replies;
}

}  // namespace

void v1_session(Input input)
{
    if (input.empty()) return;
    const Input stream = input.subspan(1);
    const Outcome whole = talk(stream, 0);
    const Replies replies = check_lines(whole.written);
    const auto asked = static_cast<std::size_t>(std::count(stream.begin(), stream.end(), '\n'));
    pool::check(replies.all <= asked, "nobody gets more replies than it sent lines");
    pool::check(whole.good == whole.logged, "shares answered as accepted are those logged");
    pool::check(whole.logged <= replies.true_ones || whole.ended.has_value(),
                "what is logged was answered with true");

    if (input[0] == 0) return;
    const Outcome cut = talk(stream, input[0]);
    check_lines(cut.written);
    // How many bad or stale shares are too many is asked at the end of a turn.
    for (const auto& ended : {whole.ended, cut.ended}) {
        if (ended == EndReason::too_many_bad_shares) return;
        if (ended == EndReason::too_many_stale_shares) return;
    }
    pool::check(whole.written == cut.written, "answers do not depend on how the stream is cut");
    pool::check(whole.ended == cut.ended, "nor does the end");
    pool::check(whole.logged == cut.logged, "nor do shares");
}

}  // namespace tests::fuzz
