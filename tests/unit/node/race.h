#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pool/node/work_source.h"

namespace pool::race {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ask = WorkSource::Ask;
using Kind = WorkSource::Notice::Kind;
using Step = WorkSource::Step;
using Work = WorkSource::Work;

inline constexpr CompactBits bits{0x1d00ffff};
inline constexpr UnixTime wall{1'700'000'000};
inline const SteadyTime start{seconds{1000}};

// The chain of these tests: block `name` at a height; its hash is its name.
inline BlockHash block(std::uint8_t name)
{
    BlockHash hash;
    hash.bytes.fill(name);
    return hash;
}

inline TipHeader header_of(std::uint8_t name, std::uint8_t previous, std::uint32_t height)
{
    return {.hash = block(name),
            .previous = block(previous),
            .height = {height},
            .bits = bits,
            .median_time = {1'699'999'000}};
}

inline WorkSource::TemplatePtr on(std::uint8_t previous, std::uint32_t tip_height,
                                  std::int64_t fees = 1000)
{
    auto out = std::make_shared<BlockTemplate>();
    out->height = {tip_height + 1};
    out->previous = block(previous);
    out->bits = bits;
    out->time_min = {1'699'999'001};
    out->time_now = wall;
    out->fees = {fees};
    out->reward = {5'000'000'000 + fees};
    out->witness_commitment = Bytes(38, 1);
    return out;
}

inline bool has(const Step& step, Kind kind)
{
    return std::any_of(step.notices.begin(), step.notices.end(),
                       [kind](const auto& notice) { return notice.kind == kind; });
}

inline std::string reason(const Step& step)
{
    for (const auto& notice : step.notices) {
        if (notice.kind == Kind::empty_withheld) return notice.reason;
    }
    return "";
}

// Scripted nodes: what the test has them say, at a time that only the test moves.
class Race {
public:
    explicit Race(std::vector<NodeRole> roles = {NodeRole::both, NodeRole::both},
                  WorkSource::Options options = {.richer_by = {500}, .richer_percent = 0})
        : nodes_(roles.size()), source(options, roles)
    {
    }

    /// All nodes are on block 1 at `height`; node 0 gave the first template.
    Race& begin(std::uint32_t height)
    {
        says(0, 1);
        answers(0, header_of(1, 0, height));
        gives(0, on(1, height));
        for (std::size_t i = 1; i < nodes_; ++i) {
            says(i, 1);
            answers(i, header_of(1, 0, height));
        }
        return *this;
    }
    Step says(std::size_t node, std::uint8_t name) { return source.on_tip(node, block(name), now); }
    Step answers(std::size_t node, const TipHeader& header)
    {
        return source.on_header(node, header.hash, header, now, wall);
    }
    Step gives(std::size_t node, const Result<WorkSource::TemplatePtr>& given)
    {
        return source.on_template(node, given, now);
    }
    /// Time passes; living nodes repeat where they are, as the look a second does.
    Step after(milliseconds passed, const std::vector<std::pair<std::size_t, std::uint8_t>>& looks)
    {
        Step all;
        const SteadyTime until = now + passed;
        while (now < until) {
            now = std::min(now + milliseconds{500}, until);
            for (const auto& [node, name] : looks) join(all, says(node, name));
            join(all, source.on_tick(now));
        }
        return all;
    }
    static void join(Step& all, Step one)
    {
        all.asks.insert(all.asks.end(), one.asks.begin(), one.asks.end());
        all.notices.insert(all.notices.end(), one.notices.begin(), one.notices.end());
        if (one.publication) all.publication = one.publication;
    }

private:
    std::size_t nodes_;

public:
    SteadyTime now = start;
    WorkSource source;
};

inline const Ask header_of_2_from_0{0, block(2)};
inline const Ask template_from_0{0, std::nullopt};
inline const Ask template_from_1{1, std::nullopt};

}  // namespace pool::race
