#include "pool/app/books_status.h"

#include <chrono>
#include <utility>

namespace pool {
namespace {

// Steps rest in between; that is no lag.
constexpr std::chrono::seconds between_steps{2};

}  // namespace

void BooksStatus::stepped(const payouts::StepReport& report, Now now)
{
    mysql_ok = true;
    mysql_trouble.clear();
    streams_trouble = report.streams_trouble;
    records += report.records;
    if (!streams_trouble.empty()) return;  // nothing else is known
    trouble = report.trouble;
    for (const payouts::ProducerReport& producer : report.producers) {
        if (!producer.trouble.empty()) trouble = producer.name + ": " + producer.trouble;
    }
    backlog = report.backlog;
    sealed_through = report.sealed_through;
    good_at = now.steady;
    lag_ms = 0;
    if (report.oldest_pending && *report.oldest_pending < now.wall) {
        lag_ms = now.wall.value - report.oldest_pending->value;
    }
}

void BooksStatus::failed(std::string why)
{
    mysql_ok = false;
    mysql_trouble = std::move(why);
}

std::uint64_t BooksStatus::lag_at(SteadyTime now) const
{
    if (now - good_at < between_steps) return lag_ms;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - good_at);
    return lag_ms + static_cast<std::uint64_t>(since.count());
}

}  // namespace pool
