#include "payouts/mysql_idle_tables.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

bool in_word(std::string_view text, std::size_t at)
{
    return at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
}

bool names(std::string_view text, std::string_view word)
{
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const bool begins = at == 0 || !in_word(text, at - 1);
        if (begins && !in_word(text, at + word.size())) return true;
    }
    return false;
}

}  // namespace

Result<std::vector<std::string>> tables_named(MysqlConnection& db,
                                              std::span<const std::string> steps)
{
    const auto rows = db.query(
        "SELECT t.table_name, r.trigger_name FROM information_schema.tables t "
        "LEFT JOIN information_schema.triggers r ON r.event_object_schema = t.table_schema "
        "AND r.event_object_table = t.table_name "
        "WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' ORDER BY 1");
    if (!rows) return fail(rows.error());
    const auto named = [steps](std::string_view word) {
        return std::any_of(steps.begin(), steps.end(),
                           [word](const std::string& step) { return names(step, word); });
    };
    std::vector<std::string> tables;
    for (const SqlRow& row : *rows) {
        const std::string& table = row.text(0);
        if (!tables.empty() && tables.back() == table) continue;
        if (named(table) || (!row.null(1) && named(row.text(1)))) tables.push_back(table);
    }
    return tables;
}

Result<void> try_tables(MysqlConnection& db, std::span<const std::string> tables)
{
    if (tables.empty()) return {};
    std::string text = "LOCK TABLES ";
    for (const std::string& table : tables) {
        if (&table != tables.data()) text += ", ";
        text += "`" + table + "` WRITE";
    }
    if (auto locked = db.run(text); !locked) return locked;
    return db.run("UNLOCK TABLES");
}

}  // namespace payouts
