#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace pool {

/// Why the world failed us. `detail` is a sentence for an operator: what failed and what to do.
/// Outcomes that a miner can cause (a stale share) are enums of their own, never an Error.
struct Error {
    enum class Code : std::uint8_t {
        invalid,      ///< malformed input: text, bytes, JSON, configuration
        limit,        ///< well formed, but larger than we accept
        unavailable,  ///< the other side is not there, or says "later": retry
        refused,      ///< the other side understood and said no: a retry will not help
        not_found,    ///< what was asked for does not exist
        conflict,     ///< someone else was faster, or it is done already
        io,           ///< a file or the disk failed
    };
    Code code = Code::invalid;
    std::string detail;
};

template <typename T>
using Result = tl::expected<T, Error>;

/// `return fail(Error::Code::limit, "…")` from any function that returns a Result.
inline tl::unexpected<Error> fail(Error::Code code, std::string detail)
{
    return tl::unexpected<Error>{Error{code, std::move(detail)}};
}

/// Passes on an error of another Result.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>{std::move(error)}; }

/// Says where a bug showed, and ends the process.
[[noreturn]] void end_of_bug(std::string_view why,
                             std::source_location where = std::source_location::current());

/// Ends the process, in every build, when `condition` does not hold: a bug, not an input.
/// `why`: the reason it was believed to hold.
inline void check(bool condition, std::string_view why,
                  std::source_location where = std::source_location::current())
{
    if (!condition) [[unlikely]] {
        end_of_bug(why, where);
    }
}

}  // namespace pool
