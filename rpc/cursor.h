#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/types.h"

/// Where the next page of a list begins, as the text that an answer calls "next" and a query
/// "cursor". Each names the row that was shown last, so that pages neither repeat nor skip a row
/// while newer ones come. Parsing gives nothing for what is no cursor. Pure.
namespace rpc {

/// Of blocks, and of an account's earnings from them, newest first: "812:<hash>".
struct BlockCursor {
    pool::Height height;
    std::string hash;  ///< 64 hex digits, as people are shown it
    friend bool operator==(const BlockCursor&, const BlockCursor&) = default;
};
std::string to_text(const BlockCursor& cursor);
std::optional<BlockCursor> parse_block_cursor(std::string_view text);

/// Of what payouts paid an account, newest first: "17:3".
struct PaidCursor {
    std::uint64_t payout = 0;
    std::uint64_t line = 0;
    friend bool operator==(const PaidCursor&, const PaidCursor&) = default;
};
std::string to_text(const PaidCursor& cursor);
std::optional<PaidCursor> parse_paid_cursor(std::string_view text);

}  // namespace rpc
