#pragma once

#include <cstddef>
#include <vector>

#include <uv.h>

namespace pool {

/// What the connections of one loop share. uv_loop_t::data of every Loop points at it.
struct LoopShared {
    static constexpr std::size_t read_bytes = std::size_t{64} << 10;
    /// Readable bytes behind what was read, for parsers that look at whole vectors (simdjson).
    static constexpr std::size_t read_padding = 64;

    /// All connections read into it: libuv hands it out and takes it back within one read.
    std::vector<char> read_buffer = std::vector<char>(read_bytes + read_padding);
    /// The Loop is being destroyed: callbacks of libuv free what they hold and call nobody.
    bool ending = false;

    static LoopShared& of(const uv_loop_t* loop) { return *static_cast<LoopShared*>(loop->data); }
};

}  // namespace pool
