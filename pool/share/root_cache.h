#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pool/crypto/header_kernels.h"
#include "pool/share/share.h"

namespace pool {

/// The last merkle root of each connection: a device that sends many shares changes nonce and
/// version first, and such a share costs three compressions instead of forty-five.
///
/// Direct-mapped by the extranonce prefix, which every connection has to itself: two that meet in
/// one place only cost each other the gain. Fixed size; one owner.
class RootCache {
public:
    struct Entry {
        JobId job;
        Extranonce extranonce;
        std::uint64_t batch = 0;  ///< that last put a root here; 0: none ever
        std::size_t place = 0;    ///< of that root in its batch
        Words8 root{};
    };

    RootCache() : entries_(count) {}

    /// Where the root of this submission is, or will have to be.
    Entry& at(const Submission& submission)
    {
        std::uint64_t prefix = 0;
        const std::size_t bytes =
            std::min<std::size_t>(submission.extranonce.prefix_length, sizeof prefix);
        for (std::size_t i = 0; i < bytes; ++i) {
            prefix = prefix << 8 | submission.extranonce.bytes[i];
        }
        return entries_[prefix * 0x9e3779b97f4a7c15 >> (64 - count_bits)];
    }
    static bool holds(const Entry& entry, const Submission& submission)
    {
        return entry.batch != 0 && entry.job == submission.job &&
               entry.extranonce.length == submission.extranonce.length &&
               entry.extranonce.bytes == submission.extranonce.bytes;
    }

private:
    static constexpr int count_bits = 12;
    static constexpr std::size_t count = std::size_t{1} << count_bits;  // 416 kB
    std::vector<Entry> entries_;
};

}  // namespace pool
