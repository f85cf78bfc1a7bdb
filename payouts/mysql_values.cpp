#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "payouts/mysql_connection.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

template <typename Number>
Number number_in(const std::string& text)
{
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    pool::check(error == std::errc{} && end == text.data() + text.size(),
                "the column holds a number of this size");
    return value;
}

}  // namespace

const std::string& SqlRow::text(std::size_t at) const
{
    const auto& column = columns_[at];
    if (!column) pool::end_of_bug("the column is not NULL");
    return *column;
}

std::uint64_t SqlRow::u64(std::size_t at) const { return number_in<std::uint64_t>(text(at)); }
std::int64_t SqlRow::sats(std::size_t at) const { return number_in<std::int64_t>(text(at)); }

pool::U128 SqlRow::u128(std::size_t at) const
{
    const auto value = pool::u128_from_decimal(text(at));
    pool::check(value.has_value(), "the column holds an integer");
    return value.value_or(0);
}

pool::Digest SqlRow::digest(std::size_t at) const
{
    pool::Digest out{};
    pool::check(text(at).size() == out.size(), "the column holds 32 bytes");
    std::copy(text(at).begin(), text(at).end(), out.begin());
    return out;
}

Result<void> insert_rows(MysqlConnection& db, const std::string& head, const std::string& tail,
                         const std::vector<std::vector<SqlValue>>& rows)
{
    std::size_t done = 0;
    while (done < rows.size()) {
        const std::size_t left = rows.size() - done;
        const std::size_t count = left >= 500 ? 500 : left >= 50 ? 50 : 1;
        std::string group = "(?";
        for (std::size_t column = 1; column < rows[done].size(); ++column) group += ",?";
        group += ")";
        std::string text = head;
        text.append(" ").append(group);
        std::vector<SqlValue> values;
        values.reserve(count * rows[done].size());
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) text.append(",").append(group);
            const std::vector<SqlValue>& row = rows[done + i];
            values.insert(values.end(), row.begin(), row.end());
        }
        const auto inserted = db.execute(text + tail, values);
        if (!inserted) return fail(inserted.error());
        done += count;
    }
    return {};
}

Result<Transaction> Transaction::begin(MysqlConnection& connection)
{
    if (auto connected = connection.connect(); !connected) return fail(connected.error());
    if (auto begun = connection.run("START TRANSACTION"); !begun) return fail(begun.error());
    return Transaction{connection};
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr))
{
}

Transaction::~Transaction()
{
    // If this fails the connection is lost, and the server rolls back by itself.
    if (connection_ != nullptr && connection_->connected()) (void)connection_->run("ROLLBACK");
}

Result<void> Transaction::commit()
{
    auto done = connection_->run("COMMIT");
    if (done) connection_ = nullptr;  // else the destructor makes sure that nothing stays open
    return done;
}

}  // namespace payouts
