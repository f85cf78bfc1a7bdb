#include "payouts/mysql_payout_mark.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"
#include "pool/base/replace_file.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::string_view first_line = "zubr-payout-mark-1\n";

std::string sum_line(std::string_view text)
{
    return "crc " + std::to_string(pool::crc32c(pool::as_bytes(text))) + "\n";
}

Result<BooksMark> read_books(MysqlConnection& db)
{
    BooksMark now;
    const auto head = db.query("SELECT id, hash FROM ledger_event ORDER BY id DESC LIMIT 1");
    if (!head) return fail(head.error());
    if (!head->empty()) {
        now.event = head->front().u64(0);
        now.hash = head->front().digest(1);
    }
    const auto rows = db.query(
        "SELECT id, anchor_txid, anchor_vout FROM payout_batch "
        "WHERE anchor_txid IS NOT NULL AND closed = 0 ORDER BY id");
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        now.anchored.push_back(
            {row.u64(0), {pool::TxId{row.digest(1)}, static_cast<std::uint32_t>(row.u64(2))}});
    }
    return now;
}

/// Whether payout and anchor belong together in the books, closed ones included.
Result<bool> still_anchored(MysqlConnection& db, const AnchoredPayout& payout)
{
    const auto rows =
        db.query("SELECT 1 FROM payout_batch WHERE id = ? AND anchor_txid = ? AND anchor_vout = ?",
                 {payout.batch, sql(payout.anchor.txid.bytes), std::uint64_t{payout.anchor.index}});
    if (!rows) return fail(rows.error());
    return !rows->empty();
}

/// How the books of now differ from what was seen; "" when they follow from it.
Result<std::string> compare(MysqlConnection& db, const BooksMark& seen, const BooksMark& now)
{
    if (seen.event > 0) {
        const auto rows = db.query("SELECT hash FROM ledger_event WHERE id = ?", {seen.event});
        if (!rows) return fail(rows.error());
        const std::string event = "event " + std::to_string(seen.event) + " of the ledger";
        if (rows->empty()) return "the books lack " + event + ", which this server has seen";
        if (rows->front().digest(0) != seen.hash) {
            return "the books hold another " + event + " than this server has seen";
        }
    }
    for (const AnchoredPayout& each : seen.anchored) {
        const bool open =
            std::find(now.anchored.begin(), now.anchored.end(), each) != now.anchored.end();
        const auto there = open ? Result<bool>{true} : still_anchored(db, each);
        if (!there) return fail(there.error());
        if (*there) continue;
        return "the books do not know that payout " + std::to_string(each.batch) +
               " may have been sent";
    }
    return "";
}

}  // namespace

std::string to_text(const BooksMark& mark)
{
    std::string text{first_line};
    text += "event " + std::to_string(mark.event) + " " + pool::to_display_hex(mark.hash) + "\n";
    for (const AnchoredPayout& each : mark.anchored) {
        text += "payout " + std::to_string(each.batch) + " " +
                pool::to_display_hex(each.anchor.txid) + " " + std::to_string(each.anchor.index) +
                "\n";
    }
    return text + sum_line(text);
}

Result<BooksMark> books_mark_from(std::string_view text)
{
    const auto damaged = fail(Error::Code::invalid, "it is damaged");
    const auto sum = text.rfind("crc ");
    if (sum == std::string_view::npos || !text.starts_with(first_line)) return damaged;
    if (text.substr(sum) != sum_line(text.substr(0, sum))) return damaged;
    std::istringstream lines{std::string{text.substr(first_line.size(), sum - first_line.size())}};
    BooksMark mark;
    std::string word;
    std::string hex;
    while (lines >> word) {
        AnchoredPayout payout;
        const bool payout_line = word == "payout";
        lines >> (payout_line ? payout.batch : mark.event) >> hex;
        if (payout_line) lines >> payout.anchor.index;
        const auto digest = pool::digest_from_display_hex(hex);
        if (!lines || !digest || (!payout_line && word != "event")) return damaged;
        if (payout_line) {
            payout.anchor.txid = pool::TxId{*digest};
            mark.anchored.push_back(payout);
        } else {
            mark.hash = *digest;
        }
    }
    return mark;
}

Result<std::string> PayoutMark::follow(MysqlConnection& db)
{
    if (path_.empty()) return "";
    if (!known_) {
        const auto text = pool::read_whole_file(path_);
        if (!text) return "the mark of what was paid: " + text.error().detail;
        if (*text) {
            auto mark = books_mark_from(**text);
            if (!mark) return "the mark in " + path_ + ": " + mark.error().detail;
            known_ = std::move(*mark);
        }
    }
    const auto now = read_books(db);
    if (!now) return fail(now.error());
    if (const std::optional<BooksMark>& seen = known_; seen) {
        auto difference = compare(db, *seen, *now);
        if (!difference || !difference->empty()) return difference;
        if (*seen == *now) return "";
    }
    if (auto done = write(*now); !done) return fail(done.error());
    return "";
}

Result<void> PayoutMark::adopt(MysqlConnection& db)
{
    if (path_.empty()) return {};
    const auto now = read_books(db);
    if (!now) return fail(now.error());
    return write(*now);
}

// There for good before anything is sent on its ground.
Result<void> PayoutMark::write(const BooksMark& mark)
{
    if (auto kept = pool::replace_file(path_, to_text(mark), 0600); !kept) {
        return fail(Error::Code::unavailable, kept.error().detail + "; nothing is paid without it");
    }
    known_ = mark;
    return {};
}

}  // namespace payouts
