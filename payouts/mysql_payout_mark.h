#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/node/wallet.h"

/// What this server has seen in the books, outside of them (docs/money.md, "Why it cannot be paid
/// twice"): a backup that was restored forgets payouts, and a file beside the journals does not.
namespace payouts {

/// A payout that has its anchor and may have been sent.
struct AnchoredPayout {
    std::uint64_t batch = 0;
    pool::OutPoint anchor;
    friend bool operator==(const AnchoredPayout&, const AnchoredPayout&) = default;
};

struct BooksMark {
    std::uint64_t event = 0;  ///< the newest of the ledger; 0: it was empty
    pool::Digest hash{};      ///< of that event, and so of all before it
    /// Those that the ledger does not tell to have ended: not closed, in order of their numbers.
    std::vector<AnchoredPayout> anchored;
    friend bool operator==(const BooksMark&, const BooksMark&) = default;
};

std::string to_text(const BooksMark& mark);
/// Errors: invalid, when it is not whole.
pool::Result<BooksMark> books_mark_from(std::string_view text);

/// The mark in a file. One thread.
class PayoutMark {
public:
    /// path: empty for none, and then books are never compared.
    explicit PayoutMark(std::string path) : path_(std::move(path)) {}

    /// Compares the books with the mark and, when they follow from it, writes down what they hold
    /// now: it is on the disk when this returns. Without a file the books are believed once.
    /// The answer: how they differ, as a sentence for people; "" when they do not.
    /// Errors: unavailable, when MySQL or the disk fails.
    pool::Result<std::string> follow(MysqlConnection& db);
    /// What the books hold now is right: people have looked.
    pool::Result<void> adopt(MysqlConnection& db);

private:
    pool::Result<void> write(const BooksMark& mark);

    std::string path_;
    std::optional<BooksMark> known_;  // what the file holds
};

}  // namespace payouts
