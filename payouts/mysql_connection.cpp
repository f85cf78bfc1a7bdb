#include "payouts/mysql_connection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <mysql.h>

#include "payouts/mysql_errors.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

// MySQL's C API calls its truth value my_bool before 8.0, bool since.
using SqlBool = std::remove_pointer_t<decltype(MYSQL_BIND::is_null)>;

constexpr unsigned connect_seconds = 5;
constexpr std::size_t column_bytes = 256;  // longer values are fetched in a second go

// Numbers of mysqld_error.h and errmsg.h, which differ in names between MySQL and MariaDB.
constexpr std::array<unsigned, 10> lost_numbers{2002, 2003, 2006, 2013, 2055,
                                                1053, 1152, 1158, 1927, 4031};
constexpr unsigned no_definer = 1449;
// Lock wait, deadlock, too many connections; disk or table full; the user behind a trigger.
constexpr std::array<unsigned, 8> retry_numbers{1205, 1213, 1040, 1203, 3, 1021, 1114, no_definer};
// The server is read-only: a replica, or no primary any more. Another may stand at its address when
// the next session is begun.
constexpr std::array<unsigned, 2> read_only_numbers{1290, 1836};
constexpr std::array<unsigned, 2> taken_numbers{1062, 1586};
constexpr std::array<unsigned, 10> refused_numbers{1044, 1045, 1049, 1130, 1142,
                                                   1143, 1227, 1419, 1644, 1698};

template <std::size_t Count>
bool among(const std::array<unsigned, Count>& numbers, unsigned number)
{
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Error::Code code_of(unsigned number)
{
    if (among(lost_numbers, number) || among(retry_numbers, number) ||
        among(read_only_numbers, number)) {
        return Error::Code::unavailable;
    }
    if (among(taken_numbers, number)) return Error::Code::conflict;
    if (among(refused_numbers, number) || violates_check(number)) {
        return Error::Code::refused;
    }
    return Error::Code::invalid;
}

std::string place_of(const MysqlOptions& options)
{
    if (!options.socket.empty()) return options.socket;
    return options.host + ":" + std::to_string(options.port);
}

/// A value as the C API wants it. Points into `value`, which outlives the statement's execution.
void bind_value(const SqlValue& value, MYSQL_BIND& bind, unsigned long& length)
{
    const auto point = [&bind, &length](const void* data, std::size_t size, enum_field_types type) {
        bind.buffer_type = type;
        // An empty vector has no address, and MariaDB's client sends NULL for a buffer without one.
        bind.buffer = const_cast<void*>(data == nullptr ? "" : data);
        length = static_cast<unsigned long>(size);
        bind.buffer_length = length;
        bind.length = &length;
    };
    if (const auto* number = std::get_if<std::uint64_t>(&value)) {
        bind.is_unsigned = true;
        point(number, sizeof *number, MYSQL_TYPE_LONGLONG);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        point(text->data(), text->size(), MYSQL_TYPE_STRING);
    } else if (const auto* bytes = std::get_if<pool::Bytes>(&value)) {
        point(bytes->data(), bytes->size(), MYSQL_TYPE_BLOB);
    } else {
        bind.buffer_type = MYSQL_TYPE_NULL;
    }
}

/// Room for one row, bound to a statement.
struct RowBuffer {
    explicit RowBuffer(unsigned columns)
        : binds(columns), lengths(columns), nulls(columns), errors(columns), texts(columns)
    {
        for (unsigned i = 0; i < columns; ++i) {
            texts[i].resize(column_bytes);
            binds[i].buffer_type = MYSQL_TYPE_STRING;
            binds[i].buffer = texts[i].data();
            binds[i].buffer_length = column_bytes;
            binds[i].length = &lengths[i];
            binds[i].is_null = &nulls[i].value;
            binds[i].error = &errors[i].value;
        }
    }
    // In a struct, for a vector<bool> has no addresses.
    struct Flag {
        SqlBool value = 0;
    };
    std::vector<MYSQL_BIND> binds;
    std::vector<unsigned long> lengths;
    std::vector<Flag> nulls;
    std::vector<Flag> errors;
    std::vector<std::string> texts;
};

}  // namespace

struct MysqlConnection::Impl {
    MYSQL* raw = nullptr;
    std::unordered_map<std::string, MYSQL_STMT*> statements;
    unsigned last_error = 0;
    std::chrono::steady_clock::time_point spoken;  // when the server last heard of us, or before

    /// Ends a session that has been idle for `patience` and that the server has ended already.
    void look_after(std::chrono::milliseconds patience)
    {
        if (raw == nullptr || std::chrono::steady_clock::now() - spoken < patience) return;
        if (mysql_ping(raw) != 0) close();
        spoken = std::chrono::steady_clock::now();
    }

    void close()
    {
        for (auto& [text, statement] : statements) mysql_stmt_close(statement);
        statements.clear();
        if (raw != nullptr) mysql_close(raw);
        raw = nullptr;
    }

    tl::unexpected<Error> failed(unsigned number, const char* said)
    {
        last_error = number;
        std::string detail = "MySQL error " + std::to_string(number) + ": " + said;
        if (number == no_definer) {
            detail +=
                "; triggers act for the user who migrated: create it again, with all rights on "
                "the database (it may be locked, and not dropped)";
        }
        if (among(lost_numbers, number) || among(read_only_numbers, number)) close();
        return fail(code_of(number), std::move(detail));
    }

    Result<MYSQL_STMT*> start(const std::string& text, const std::vector<SqlValue>& values);
    Result<MYSQL_STMT*> prepare(const std::string& text);
    Result<SqlRows> fetch(MYSQL_STMT* statement);
};

Result<MYSQL_STMT*> MysqlConnection::Impl::prepare(const std::string& text)
{
    if (raw == nullptr) return fail(Error::Code::unavailable, "not connected to MySQL");
    const auto known = statements.find(text);
    if (known != statements.end()) return known->second;
    MYSQL_STMT* const made = mysql_stmt_init(raw);
    pool::check(made != nullptr, "there is memory for a statement");
    if (mysql_stmt_prepare(made, text.data(), static_cast<unsigned long>(text.size())) != 0) {
        const std::string said = mysql_stmt_error(made);
        const unsigned number = mysql_stmt_errno(made);
        mysql_stmt_close(made);
        return failed(number, said.c_str());
    }
    statements.emplace(text, made);
    return made;
}

Result<MYSQL_STMT*> MysqlConnection::Impl::start(const std::string& text,
                                                 const std::vector<SqlValue>& values)
{
    last_error = 0;
    spoken = std::chrono::steady_clock::now();
    const auto prepared = prepare(text);
    if (!prepared) return fail(prepared.error());
    MYSQL_STMT* const statement = *prepared;
    pool::check(mysql_stmt_param_count(statement) == values.size(), "a value for each ?");

    std::vector<MYSQL_BIND> binds(values.size());
    std::vector<unsigned long> lengths(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) bind_value(values[i], binds[i], lengths[i]);
    if ((!binds.empty() && mysql_stmt_bind_param(statement, binds.data()) != 0) ||
        mysql_stmt_execute(statement) != 0) {
        const std::string said = mysql_stmt_error(statement);
        return failed(mysql_stmt_errno(statement), said.c_str());
    }
    return statement;
}

Result<SqlRows> MysqlConnection::Impl::fetch(MYSQL_STMT* statement)
{
    const unsigned columns = mysql_stmt_field_count(statement);
    RowBuffer row{columns};
    SqlRows rows;
    int state = mysql_stmt_bind_result(statement, row.binds.data()) != 0 ||
                        mysql_stmt_store_result(statement) != 0
                    ? 1
                    : 0;
    while (state == 0) {
        state = mysql_stmt_fetch(statement);
        if (state == MYSQL_DATA_TRUNCATED) state = 0;
        if (state != 0) break;
        std::vector<std::optional<std::string>> out(columns);
        for (unsigned i = 0; i < columns; ++i) {
            if (row.nulls[i].value) continue;
            std::string value{row.texts[i], 0, std::min<std::size_t>(row.lengths[i], column_bytes)};
            if (row.lengths[i] > column_bytes) {
                value.resize(row.lengths[i]);
                MYSQL_BIND whole{};
                whole.buffer_type = MYSQL_TYPE_STRING;
                whole.buffer = value.data();
                whole.buffer_length = row.lengths[i];
                mysql_stmt_fetch_column(statement, &whole, i, 0);
            }
            out[i] = std::move(value);
        }
        rows.emplace_back(std::move(out));
    }
    if (state != MYSQL_NO_DATA) {
        const std::string said = mysql_stmt_error(statement);
        const unsigned number = mysql_stmt_errno(statement);
        mysql_stmt_free_result(statement);
        return failed(number, said.c_str());
    }
    mysql_stmt_free_result(statement);
    return rows;
}

MysqlConnection::MysqlConnection(MysqlOptions options)
    : options_(std::move(options)), impl_(std::make_unique<Impl>())
{
    // Before any thread of ours may race for it.
    static const int library = mysql_library_init(0, nullptr, nullptr);
    pool::check(library == 0, "the MySQL client library can start");
}

MysqlConnection::~MysqlConnection() { impl_->close(); }

bool MysqlConnection::connected() const { return impl_->raw != nullptr; }
unsigned MysqlConnection::last_error() const { return impl_->last_error; }

Result<void> MysqlConnection::connect()
{
    impl_->look_after(options_.silence / 2);
    if (impl_->raw != nullptr) return {};
    MYSQL* const made = mysql_init(nullptr);
    pool::check(made != nullptr, "there is memory for a connection");
    mysql_options(made, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
    const auto answer_seconds = static_cast<unsigned>(options_.patience.count());
    mysql_options(made, MYSQL_OPT_READ_TIMEOUT, &answer_seconds);
    mysql_options(made, MYSQL_OPT_WRITE_TIMEOUT, &answer_seconds);
    mysql_options(made, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const bool by_socket = !options_.socket.empty();
    const unsigned protocol = by_socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    mysql_options(made, MYSQL_OPT_PROTOCOL, &protocol);
    if (mysql_real_connect(made, by_socket ? nullptr : options_.host.c_str(), options_.user.c_str(),
                           options_.password.c_str(),
                           options_.database.empty() ? nullptr : options_.database.c_str(),
                           by_socket ? 0 : options_.port,
                           by_socket ? options_.socket.c_str() : nullptr,
                           CLIENT_FOUND_ROWS) == nullptr) {
        const unsigned number = mysql_errno(made);
        std::string detail = "can't use database " + options_.database + " of MySQL at " +
                             place_of(options_) + " as " + options_.user + ": " +
                             mysql_error(made) + "; start it, or correct [mysql]";
        mysql_close(made);
        impl_->last_error = number;
        // Anything but a plain no (password, database) may pass: a server that is starting says
        // many things.
        const bool no = code_of(number) == Error::Code::refused;
        return fail(no ? Error::Code::refused : Error::Code::unavailable, std::move(detail));
    }
    impl_->raw = made;
    // wait_timeout is for silence between statements, the others for silence amid one.
    const std::string seconds = std::to_string(options_.silence.count());
    const std::string silence = "SET SESSION wait_timeout = " + seconds +
                                ", net_read_timeout = " + seconds +
                                ", net_write_timeout = " + seconds;
    const std::array<std::string_view, 4> settings{
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION innodb_lock_wait_timeout = 20", silence};
    for (const std::string_view setting : settings) {
        if (auto done = run(setting); !done) {
            impl_->close();
            return done;
        }
    }
    return {};
}

Result<void> MysqlConnection::run(std::string_view statement)
{
    if (impl_->raw == nullptr) return fail(Error::Code::unavailable, "not connected to MySQL");
    impl_->last_error = 0;
    impl_->spoken = std::chrono::steady_clock::now();
    if (mysql_real_query(impl_->raw, statement.data(),
                         static_cast<unsigned long>(statement.size())) != 0) {
        const std::string said = mysql_error(impl_->raw);
        return impl_->failed(mysql_errno(impl_->raw), said.c_str());
    }
    return {};
}

Result<SqlRows> MysqlConnection::query(const std::string& statement,
                                       const std::vector<SqlValue>& values)
{
    const auto started = impl_->start(statement, values);
    if (!started) return fail(started.error());
    return impl_->fetch(*started);
}

Result<SqlDone> MysqlConnection::execute(const std::string& statement,
                                         const std::vector<SqlValue>& values)
{
    const auto started = impl_->start(statement, values);
    if (!started) return fail(started.error());
    return SqlDone{mysql_stmt_affected_rows(*started), mysql_stmt_insert_id(*started)};
}

}  // namespace payouts
