#include "payouts/mysql_handles.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

/// Handles that are named and neither known nor declared by the records before.
struct Lacking {
    std::unordered_set<std::uint64_t> members;
    std::unordered_set<std::uint64_t> workers;
};

Lacking lacking_in(std::span<const pool::Record> records, const ProducerState& state)
{
    Lacking lacking;
    Lacking declared;
    for (const pool::Record& record : records) {
        // What comes after it names handles of the new life only.
        if (std::holds_alternative<pool::StartRecord>(record)) break;
        if (const auto* account = std::get_if<pool::AccountRecord>(&record)) {
            declared.members.insert(account->member.value);
        } else if (const auto* worker = std::get_if<pool::WorkerRecord>(&record)) {
            declared.workers.insert(worker->worker.value);
        } else if (const auto* share = std::get_if<pool::ShareRecord>(&record)) {
            const std::uint64_t member = share->member.value;
            if (!state.members.contains(member) && !declared.members.contains(member)) {
                lacking.members.insert(member);
            }
            const std::uint32_t name = share->worker.value;  // 0: none
            if (name != 0 && !state.workers.contains(name) && !declared.workers.contains(name)) {
                lacking.workers.insert(name);
            }
        }
    }
    return lacking;
}

/// Rows (handle, value) of those that there are.
Result<SqlRows> read_rows(MysqlConnection& db, const std::string& select,
                          const std::string& producer,
                          const std::unordered_set<std::uint64_t>& handles)
{
    constexpr std::size_t few = 20;
    constexpr std::size_t many = 500;  // two texts to prepare
    SqlRows all;
    const std::vector<std::uint64_t> list(handles.begin(), handles.end());
    for (std::size_t done = 0; done < list.size();) {
        const std::size_t count = list.size() - done > few ? many : few;
        std::string text = select + " WHERE producer = ? AND handle IN (?";
        for (std::size_t i = 1; i < count; ++i) text += ",?";
        std::vector<SqlValue> values{producer};
        // The last one once more where there are fewer.
        for (std::size_t i = 0; i < count; ++i) {
            values.emplace_back(list[std::min(done + i, list.size() - 1)]);
        }
        const auto rows = db.query(text + ")", values);
        if (!rows) return fail(rows.error());
        all.insert(all.end(), rows->begin(), rows->end());
        done += count;
    }
    return all;
}

}  // namespace

Result<void> load_handles(MysqlConnection& db, const std::string& producer,
                          std::span<const pool::Record> records, ProducerState& state)
{
    const Lacking lacking = lacking_in(records, state);
    const auto members =
        read_rows(db, "SELECT handle, account_id FROM producer_member", producer, lacking.members);
    if (!members) return fail(members.error());
    for (const SqlRow& row : *members) state.members[row.u64(0)] = pool::AccountId{row.u64(1)};
    const auto workers =
        read_rows(db, "SELECT handle, name FROM producer_worker", producer, lacking.workers);
    if (!workers) return fail(workers.error());
    for (const SqlRow& row : *workers) {
        state.workers[static_cast<std::uint32_t>(row.u64(0))] = row.text(1);
    }
    return {};
}

}  // namespace payouts
