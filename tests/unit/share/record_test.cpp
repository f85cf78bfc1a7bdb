#include "pool/share/record.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

namespace pool {
namespace {

std::string hex_of(const Record& record) { return to_hex(encode(record)); }

ShareRecord full_share()
{
    ShareRecord share;
    share.kind = RecordKind::block;
    share.flags = 0x0201;
    share.bits = {0x1701f0cc};
    share.seq = 0x0807060504030201;
    share.at = {0x1817161514131211};
    share.slot = 0x2827262524232221;
    share.member = {0x3837363534333231};
    share.worker = {0x44434241};
    share.work = U128{0x5c5b5a59} << 64 | 0x5857565554535251;
    share.version = 0x64636261;
    share.time = 0x68676665;
    share.nonce = 0x6c6b6a69;
    share.job = {0x7877767574737271};
    std::iota(share.extranonce.begin(), share.extranonce.end(), std::uint8_t{0x80});
    return share;
}

// The layout is for ever: leaves of the slot tree and journals on disk are made of it.
TEST(Record, PutsEachFieldOfAShareWhereTheDocsSay)
{
    EXPECT_EQ(hex_of(full_share()),
              "0101"
              "0102"
              "ccf00117"
              "0102030405060708"
              "1112131415161718"
              "2122232425262728"
              "3132333435363738"
              "41424344"
              "5152535455565758595a5b5c"
              "61626364"
              "65666768"
              "696a6b6c"
              "7172737475767778"
              "808182838485868788898a8b8c8d8e8f9091929394959697");
}

TEST(Record, PutsEachFieldOfAJobWhereTheDocsSay)
{
    JobRecord job;
    job.bits = {0x1d00ffff};  // difficulty 1: work 0x100010001
    job.seq = 9;
    job.at = {120'001};
    job.job = {0x7877767574737271};
    job.version = 0x20000000;
    job.time = 0x68676665;
    job.prefix_length = 4;
    job.rolled_length = 8;
    EXPECT_EQ(hex_of(job),
              "0103"
              "0000"
              "ffff001d"
              "0900000000000000"
              "c1d4010000000000"
              "0200000000000000"
              "0000000000000000"
              "00000000"
              "010001000100000000000000"
              "00000020"
              "65666768"
              "00000000"
              "7172737475767778"
              "040800000000000000000000000000000000000000000000");
}

TEST(Record, PutsAccountsWorkersMarksAndStartsWhereTheDocsSay)
{
    AccountRecord by_script;
    by_script.seq = 1;
    by_script.at = {2};
    by_script.member = {3};
    by_script.script = {0x00, 0x14, 0xaa};
    EXPECT_EQ(hex_of(by_script),
              "01040300000000000100000000000000020000000000000003000000000000000"
              "00000000014aa" +
                  std::string(122, '0'));
    AccountRecord by_row;
    by_row.seq = 1;
    by_row.at = {2};
    by_row.member = {3};
    by_row.registered = {0x1716151413121110};
    EXPECT_EQ(hex_of(by_row),
              "010400000000000001000000000000000200000000000000030000000000000010111"
              "21314151617" +
                  std::string(120, '0'));
    WorkerRecord worker;
    worker.seq = 1;
    worker.at = {2};
    worker.member = {3};
    worker.worker = {4};
    worker.name = "rig";
    EXPECT_EQ(hex_of(worker),
              "0105030000000000010000000000000002000000000000000300000000000000040"
              "00000726967" +
                  std::string(122, '0'));
    EXPECT_EQ(hex_of(MarkRecord{1, {2}}),
              "010600000000000001000000000000000200000000000000" + std::string(152, '0'));
    EXPECT_EQ(
        hex_of(StartRecord{1, {2}, 3}),
        "0107000000000000010000000000000002000000000000000300000000000000" + std::string(136, '0'));
}

void expect_round_trip(const Record& record)
{
    const RecordBytes bytes = encode(record);
    const auto back = decode(bytes);
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->index(), record.index());
    EXPECT_EQ(seq_of(*back), seq_of(record));
    EXPECT_EQ(encode(*back), bytes);
}

TEST(Record, ReadsWhatItWroteOfEveryKind)
{
    for (const RecordKind kind : {RecordKind::share, RecordKind::block, RecordKind::stale}) {
        ShareRecord share = full_share();
        share.kind = kind;
        expect_round_trip(share);
    }
    expect_round_trip(ShareRecord{});
    expect_round_trip(JobRecord{.bits = {0x1701f0cc},
                                .seq = 7,
                                .at = {60'000},
                                .job = {8},
                                .version = 1,
                                .time = 2,
                                .prefix_length = 4,
                                .rolled_length = 20});
    for (const std::size_t length : {1U, 22U, 42U, 64U}) {
        AccountRecord account;
        account.seq = 1;
        account.member = {2};
        account.script.assign(length, 0xff);
        expect_round_trip(account);
        WorkerRecord worker;
        worker.seq = 1;
        worker.member = {2};
        worker.worker = {3};
        worker.name.assign(length, 'w');
        expect_round_trip(worker);
    }
    AccountRecord registered;
    registered.member = {1};
    registered.registered = {~std::uint64_t{0}};
    expect_round_trip(registered);
    expect_round_trip(MarkRecord{3, {4}});
    expect_round_trip(StartRecord{5, {6}, 7});
}

TEST(Record, GivesBackEveryFieldOfAShare)
{
    const ShareRecord share = full_share();
    const auto back = decode(encode(share));
    ASSERT_TRUE(back);
    const auto& read = std::get<ShareRecord>(*back);
    EXPECT_EQ(read.kind, share.kind);
    EXPECT_EQ(read.flags, share.flags);
    EXPECT_EQ(read.bits, share.bits);
    EXPECT_EQ(read.at, share.at);
    EXPECT_EQ(read.slot, share.slot);
    EXPECT_EQ(read.member, share.member);
    EXPECT_EQ(read.worker, share.worker);
    EXPECT_TRUE(read.work == share.work);
    EXPECT_EQ(read.version, share.version);
    EXPECT_EQ(read.time, share.time);
    EXPECT_EQ(read.nonce, share.nonce);
    EXPECT_EQ(read.job, share.job);
    EXPECT_EQ(read.extranonce, share.extranonce);
}

TEST(Record, SaturatesWorkThatDoesNotFitIn96Bits)
{
    ShareRecord share;
    share.work = U128{1} << 96;
    const auto back = decode(encode(share));
    ASSERT_TRUE(back);
    EXPECT_TRUE(std::get<ShareRecord>(*back).work == (U128{1} << 96) - 1);
}

struct Malformed {
    std::string what;
    std::size_t at;
    std::uint8_t value;
    Record of;
};

TEST(Record, RefusesWhatItNeverWrites)
{
    AccountRecord account;
    account.member = {1};
    account.script = {1};
    AccountRecord registered;
    registered.member = {1};
    registered.registered = {1};
    WorkerRecord worker;
    worker.member = {1};
    worker.name = "w";
    const std::array cases{
        Malformed{"version 0", 0, 0, MarkRecord{}},
        Malformed{"version 2", 0, 2, MarkRecord{}},
        Malformed{"kind 8", 1, 8, MarkRecord{}},
        Malformed{"kind 255", 1, 255, MarkRecord{}},
        Malformed{"a script of 65 bytes", 2, 65, account},
        Malformed{"a script of 256 bytes and more", 3, 1, account},
        Malformed{"an account without script and row", 2, 0, account},
        Malformed{"row 0", 32, 0, registered},
        Malformed{"a worker without a name", 2, 0, worker},
        Malformed{"a name of 65 bytes", 2, 65, worker},
        Malformed{"an extranonce of 25 bytes", 77, 25, JobRecord{}},
        Malformed{"lengths that wrap a byte", 76, 255, JobRecord{}},
    };
    for (const Malformed& each : cases) {
        RecordBytes bytes = encode(each.of);
        bytes[each.at] = each.value;
        if (each.what == "an account without script and row") bytes[36] = 0;
        const auto read = decode(bytes);
        ASSERT_FALSE(read) << each.what;
        EXPECT_EQ(read.error().code, Error::Code::invalid) << each.what;
    }
}

}  // namespace
}  // namespace pool
