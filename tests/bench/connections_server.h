#pragma once

#include <cstdint>
#include <string>

/// The other process of connections_bench: one Stratum loop as zubrd has it, without journal and
/// stores, in a process of its own so that its memory and its CPU time are its alone.
namespace bench {

/// What the server is told by its pipe, one struct a command.
struct Command {
    enum class What : std::uint8_t { publish, stop };
    What what = What::publish;
    std::uint32_t jobs = 0;
    std::uint32_t gap_ms = 0;  ///< between them
};

/// What it says by the other: first its port, then the moment each job was published, in
/// nanoseconds of CLOCK_MONOTONIC.
using Word = std::int64_t;

/// Runs until it is told to stop. certificate, key: PEM files.
void serve(int commands, int words, const std::string& certificate, const std::string& key);

}  // namespace bench
