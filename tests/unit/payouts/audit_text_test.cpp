#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_audit.h"

namespace payouts {
namespace {

AuditRow row()
{
    AuditRow row;
    row.id = 3;
    row.at = pool::UnixMillis{4};
    row.kind = "done";
    row.about = 5;
    row.actor = "olga";
    row.role = "operator";
    row.host = "::1";
    row.method = "setban";
    row.params = "{}";
    row.repeats = 6;
    return row;
}

// What it left out, somebody with all rights could change without a word from verifyaudit.
TEST(AuditText, IsAnotherOneWhicheverFieldOfTheRowIsAnother)
{
    const std::vector<std::function<void(AuditRow&)>> changes{[](AuditRow& row) { row.id = 2; },
                                                              [](AuditRow& row) { row.at = pool::UnixMillis{5}; },
                                                              [](AuditRow& row) { row.kind = "call"; },
                                                              [](AuditRow& row) { row.about = 4; },
                                                              [](AuditRow& row) { row.actor = "ann"; },
                                                              [](AuditRow& row) { row.role = "admin"; },
                                                              [](AuditRow& row) { row.host = "::2"; },
                                                              [](AuditRow& row) { row.method = "clearbanned"; },
                                                              [](AuditRow& row) { row.params = "[]"; },
                                                              [](AuditRow& row) { row.repeats = 7; }};
    std::set<std::string> texts{canonical_text(row())};
    for (const auto& change : changes) {
        AuditRow changed = row();
        change(changed);
        texts.insert(canonical_text(changed));
    }
    EXPECT_EQ(texts.size(), changes.size() + 1);
}

TEST(AuditText, LetsNothingOfOneFieldPassForTheNext)
{
    AuditRow one = row();
    one.actor = "a";
    one.role = "b\nc";
    AuditRow other = row();
    other.actor = "a\nb";
    other.role = "c";
    EXPECT_NE(canonical_text(one), canonical_text(other));
}

}  // namespace
}  // namespace payouts
