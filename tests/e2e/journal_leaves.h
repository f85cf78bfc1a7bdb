#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/slot_tree.h"
#include "pool/base/bytes.h"
#include "pool/bitcoin/target.h"
#include "tests/support/journal_records.h"
#include "tests/support/stores_fixture.h"

namespace tests {

/// The leaves of each slot's tree, made again from journals. Of pools with one account, of whose
/// records none was late.
inline std::map<std::uint64_t, std::vector<payouts::SumNode>> journal_leaves(
    const std::filesystem::path& journals)
{
    std::map<std::uint64_t, std::vector<payouts::SumNode>> slots;
    for (const auto& [producer, records] : journal_records_by_producer(journals)) {
        for (const pool::Record& record : records) {
            const auto* share = std::get_if<pool::ShareRecord>(&record);
            if (share == nullptr) continue;
            const pool::U128 network = pool::work_of(*pool::target_from_compact(share->bits));
            const bool stale = share->kind == pool::RecordKind::stale;
            slots[share->slot].push_back(payouts::share_leaf(
                pool::encode(record), stale ? 0 : pool::score_of(share->work, network)));
        }
    }
    return slots;
}

/// A leaf hashes its whole record: one that was changed on its way into the books shows here, also
/// when its work was not. Sealed slots have a root of them, the open ones have them all.
inline void expect_books_hold_the_journals_leaves(const MysqlFixture& mysql,
                                                  const std::filesystem::path& journals)
{
    ASSERT_EQ(mysql.scalar("select count(distinct account_id) from slot_account"), "1");
    ASSERT_EQ(mysql.scalar("select sum(late) from slot_account"), "0");
    const auto slots = journal_leaves(journals);
    ASSERT_FALSE(slots.empty());
    const auto salt = pool::from_hex(
        mysql.scalar("select lower(hex(salt)) from account where id = (select min(account_id) from "
                     "slot_account)"));
    ASSERT_TRUE(salt.has_value());
    pool::Digest salted{};
    ASSERT_EQ(salt->size(), salted.size());
    std::copy(salt->begin(), salt->end(), salted.begin());
    for (const auto& [slot, leaves] : slots) {
        payouts::SumTree own;
        pool::Bytes all;
        for (const payouts::SumNode& leaf : leaves) {
            own.add(leaf);
            all.insert(all.end(), leaf.hash.begin(), leaf.hash.end());
            for (int shift = 120; shift >= 0; shift -= 8) {
                all.push_back(static_cast<std::uint8_t>(leaf.sum >> shift));
            }
        }
        payouts::SumTree whole;
        whole.add(payouts::member_leaf(salted, own.leaves(), own.root()));
        const std::string where = " where slot_id = " + std::to_string(slot);
        const std::string root = mysql.scalar("select lower(hex(root)) from slot" + where);
        if (!root.empty()) {
            EXPECT_EQ(root, pool::to_hex(whole.root().hash)) << "slot " << slot;
            continue;
        }
        const std::string open = mysql.scalar(
            "set statement group_concat_max_len = 1000000000 for select lower(group_concat("
            "hex(leaves) order by producer, first_seq separator '')) from slot_leaves" +
            where);
        EXPECT_TRUE(open == pool::to_hex(all)) << "slot " << slot << ", which is open";
    }
}

}  // namespace tests
