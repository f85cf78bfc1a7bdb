#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "stratum/v1/codec.h"
#include "stratum/v1/framing.h"
#include "stratum/v1/render.h"
#include "stratum/v1/submit_line.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using namespace stratum::v1;  // NOLINT(google-build-using-namespace): all of it, here

constexpr pool::JsonLimits generous{std::size_t{1} << 20, 64, 1 << 16};

struct Cut {
    std::vector<std::string> lines;
    bool too_long = false;
    bool unfinished = false;
    friend bool operator==(const Cut&, const Cut&) = default;
};

Cut cut(Input stream, std::size_t piece)
{
    Cut found;
    LineReader reader;
    while (!stream.empty() && !found.too_long) {
        const Input part = stream.first(std::min(piece, stream.size()));
        stream = stream.subspan(part.size());
        reader.feed(part);
        while (const auto line = reader.next(line_bytes_max)) found.lines.emplace_back(*line);
        found.too_long = reader.too_long();
    }
    found.unfinished = !found.too_long && reader.unfinished();
    return found;
}

// Views of either request point into text that must outlive this.
void check_same(const Submit& quick, const Submit& slow)
{
    pool::check(quick.worker == slow.worker && quick.job == slow.job, "the same worker and job");
    pool::check(quick.extranonce2_length == slow.extranonce2_length &&
                    quick.extranonce2 == slow.extranonce2,
                "the same extranonce");
    pool::check(quick.time == slow.time && quick.nonce == slow.nonce &&
                    quick.version_bits == slow.version_bits,
                "the same header fields");
}

void check_submit(const std::string& line, pool::JsonDocument& document)
{
    const auto quick = read_submit_line(line);
    if (!quick) return;
    // A member that means nothing hides the line from the short way.
    std::string hidden = line;
    hidden.insert(hidden.find('{') + 1, "\"x\":0,");
    const auto slow = read_request(hidden, document);
    pool::check(slow.has_value(), "the short way reads nothing that the general way does not");
    pool::check(quick->id == slow->id, "the same id");
    const auto* const other = std::get_if<Submit>(&slow->call);
    pool::check(other != nullptr, "a submit, both ways");
    check_same(std::get<Submit>(quick->call), *other);
}

// Clients compare ids by value; a string that hides a quote would end the reply early.
void check_reply(const std::string& id, pool::JsonDocument& document)
{
    std::string reply;
    append_result(reply, id, true);
    pool::check(reply.find('\n') == reply.size() - 1, "a reply is one line");
    reply.pop_back();
    const auto parsed = document.parse(reply, generous);
    pool::check(parsed.has_value(), "a reply is JSON whatever the id was");
    const pool::JsonValue echoed = parsed->find("id");
    using Type = pool::JsonValue::Type;
    const Type type = echoed.type();
    pool::check(
        type == Type::null || type == Type::boolean || type == Type::number || type == Type::string,
        "an id is a scalar");
    pool::check(parsed->size() == 3, "an id adds no member");
}

}  // namespace

void v1_line(Input input)
{
    if (input.empty()) return;
    const Input stream = input.subspan(1);
    const Cut whole = cut(stream, stream.size());
    pool::check(whole == cut(stream, piece_bytes(input[0], stream.size() + 1)),
                "lines do not depend on how the stream is cut");
    pool::JsonDocument document;
    for (const std::string& line : whole.lines) {
        pool::check(!line.empty() && line.size() <= line_bytes_max, "a line within its bounds");
        pool::check(line.find('\n') == std::string::npos, "a line is one line");
        check_submit(line, document);
        const auto request = read_request(line, document);
        if (!request) continue;
        const std::string id = request->id;
        check_reply(id, document);
    }
}

}  // namespace tests::fuzz
