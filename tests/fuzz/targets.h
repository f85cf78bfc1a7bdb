#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "pool/base/bytes.h"

/// Everything that reads bytes of strangers, each with the property that must hold whatever they
/// are. A target ends the process (pool::check) where it does not. `./dev fuzz NAME` drives one by
/// libFuzzer; the unit tests drive all of them by their seeds and some thousand mutations.
namespace tests::fuzz {

using Input = pool::ByteSpan;

/// Lines are the same however the stream is cut; what is read has an id that is one JSON scalar
/// and comes back as it was; the short way reads a submit as the general way does.
void v1_line(Input input);

/// What is answered does not depend on how the stream is cut; every line out is one JSON object in
/// ASCII; nobody gets more replies than it asked for; shares answered with true are those logged.
void v1_session(Input input);

/// Several connections that share a loop, its gate and its budgets, some behind one address: nobody
/// hears anything after the end, gets more than was asked for or than a turn's bound, has another's
/// prefix, or is ended for his neighbours; nothing is left of who has gone.
void v1_crowd(Input input);

/// A message that can be read is written and read again as the same bytes; behind a real handshake
/// all that the pool answers can be opened and read; shares acknowledged are those logged.
void v2_session(Input input);

/// Two dozen bytes decide; what is decided does not depend on how they are cut; only a trusted
/// peer's header changes the address; no byte of the client's is lost.
void first_bytes(Input input);

/// A whole header stays the same one whatever follows and is undecided in every shorter front;
/// addresses and networks that can be read are written and read as the same.
void proxy_header(Input input);

/// Requests are the same however the stream is cut; every call is answered once, with JSON.
void http(Input input);

/// Whatever stands in a path or a query, every route answers once: with JSON (pages aside), or with
/// a refusal in JSON that repeats nothing of it.
void web(Input input);

struct Target {
    std::string_view name;
    void (*run)(Input);
};
inline constexpr std::array<Target, 8> targets{{
    {"v1_line", v1_line},
    {"v1_session", v1_session},
    {"v1_crowd", v1_crowd},
    {"v2_session", v2_session},
    {"first_bytes", first_bytes},
    {"proxy_header", proxy_header},
    {"http", http},
    {"web", web},
}};

/// The pieces in which a stream arrives, decided by a byte of the input: all at once for 0, else
/// 1 to 32 bytes each.
inline std::size_t piece_bytes(std::uint8_t choice, std::size_t all)
{
    return choice == 0 ? all : 1 + choice % 32;
}

}  // namespace tests::fuzz
