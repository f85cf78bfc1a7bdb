#pragma once

namespace pool {

/// Empties a string or vector and gives its memory back. `x = {}` empties it and keeps the memory:
/// of the assignments the one from a list of elements is taken, not that of a moved container.
template <typename Container>
void release_memory(Container& container)
{
    Container{}.swap(container);
}

}  // namespace pool
