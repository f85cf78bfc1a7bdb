#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "payouts/mysql_options.h"
#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/uint256.h"

namespace payouts {

/// A value for a `?`. 128-bit numbers go as decimal text (see sql()), bytes as Bytes.
using SqlValue = std::variant<std::monostate, std::uint64_t, std::string, pool::Bytes>;

inline SqlValue sql(pool::U128 value) { return pool::to_decimal(value); }
inline SqlValue sql(const pool::Digest& hash) { return pool::Bytes(hash.begin(), hash.end()); }
inline SqlValue sql(std::string_view text) { return std::string{text}; }

/// One row of an answer. Columns count from 0; asking for a wrong type or for NULL where none may
/// be is a bug (checked), except through the optional forms.
class SqlRow {
public:
    explicit SqlRow(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns))
    {
    }
    bool null(std::size_t at) const { return !columns_.at(at).has_value(); }
    const std::string& text(std::size_t at) const;
    std::uint64_t u64(std::size_t at) const;
    std::int64_t sats(std::size_t at) const;  ///< may be negative
    pool::U128 u128(std::size_t at) const;
    pool::Digest digest(std::size_t at) const;

private:
    std::vector<std::optional<std::string>> columns_;
};
using SqlRows = std::vector<SqlRow>;

struct SqlDone {
    std::uint64_t rows = 0;       ///< matched by the statement
    std::uint64_t insert_id = 0;  ///< of an AUTO_INCREMENT
};

/// A connection to MySQL or MariaDB by its C API. Blocking; one thread.
///
/// Errors of all statements: unavailable, when the server is lost or says "try again" (deadlock,
/// lock wait); conflict, for a key that is taken; refused, when the server forbids it (rights,
/// CHECK, trigger); invalid, for anything else. After a lost server, or one that only reads, it is
/// not connected any more:
/// connect() begins anew, and nothing does so by itself, for it could be amid a transaction.
class MysqlConnection {
public:
    explicit MysqlConnection(MysqlOptions options);
    ~MysqlConnection();
    MysqlConnection(const MysqlConnection&) = delete;
    MysqlConnection& operator=(const MysqlConnection&) = delete;

    /// Call it before the first statement of each piece of work, never amid a transaction: a
    /// session that the server has ended meanwhile (MysqlOptions::silence) is begun anew. Errors:
    /// unavailable; refused (password, database), each a sentence for an operator.
    pool::Result<void> connect();
    bool connected() const;
    const MysqlOptions& options() const { return options_; }

    /// Any one statement without result, not prepared: DDL, BEGIN, COMMIT.
    pool::Result<void> run(std::string_view statement);
    /// Prepared once a connection, then kept: use few different texts.
    pool::Result<SqlRows> query(const std::string& statement,
                                const std::vector<SqlValue>& values = {});
    pool::Result<SqlDone> execute(const std::string& statement,
                                  const std::vector<SqlValue>& values = {});

    /// The server's number of the last error; 0 for none.
    unsigned last_error() const;

private:
    struct Impl;
    MysqlOptions options_;
    std::unique_ptr<Impl> impl_;
};

/// Runs "HEAD (?,…),(?,…) TAIL" over all rows: 500 a statement, then 50, then one by one, so that
/// only three texts need preparing. All rows have the same number of values.
pool::Result<void> insert_rows(MysqlConnection& db, const std::string& head,
                               const std::string& tail,
                               const std::vector<std::vector<SqlValue>>& rows);

/// BEGIN now, ROLLBACK at the end unless commit() was called.
class Transaction {
public:
    static pool::Result<Transaction> begin(MysqlConnection& connection);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// Errors: unavailable, and then nobody knows whether it happened: look.
    pool::Result<void> commit();

private:
    explicit Transaction(MysqlConnection& connection) : connection_(&connection) {}
    MysqlConnection* connection_;
};

}  // namespace payouts
