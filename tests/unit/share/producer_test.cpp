#include "pool/share/producer.h"

#include <csignal>
#include <memory>
#include <random>
#include <sys/resource.h>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace pool {
namespace {

struct Life {
    explicit Life(const std::filesystem::path& directory)
        : journal(*Journal::open(directory, {})), producer("test-0", journal)
    {
    }
    Journal journal;
    Producer producer;

    std::vector<Record> written() const
    {
        std::vector<RecordBytes> raw;
        EXPECT_TRUE(journal.read(journal.first_seq(), 10'000, raw));
        std::vector<Record> out;
        for (const RecordBytes& bytes : raw) {
            auto record = decode(bytes);
            EXPECT_TRUE(record);
            out.push_back(std::move(*record));
        }
        return out;
    }
};

AccountKey account(std::uint8_t number)
{
    return {.script = {0x51, number}, .registered = {}, .name = "a"};
}

ShareRecord share_of(ShareLog& log, std::uint8_t number, std::string_view worker)
{
    ShareRecord share;
    share.member = log.member(account(number));
    share.worker = log.worker(share.member, worker);
    return share;
}

Result<void> append_one(ShareLog& log, ShareRecord share, UnixMillis now)
{
    return log.append(std::span{&share, 1}, now);
}

constexpr UnixMillis noon{1'800'000'000'000};

template <typename T>
const T& as(const std::vector<Record>& records, std::size_t at)
{
    return std::get<T>(records.at(at));
}

TEST(Producer, BeginsALifeAndDeclaresAccountsAndWorkersBeforeTheyAreNamed)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
    const auto records = life.written();
    ASSERT_EQ(records.size(), 5U);
    EXPECT_EQ(as<StartRecord>(records, 0).seq, 1U);
    EXPECT_EQ(as<AccountRecord>(records, 1).member, MemberHandle{1});
    EXPECT_EQ(as<AccountRecord>(records, 1).script, account(1).script);
    EXPECT_EQ(as<WorkerRecord>(records, 2).name, "rig");
    EXPECT_EQ(as<WorkerRecord>(records, 2).member, MemberHandle{1});
    EXPECT_EQ(as<ShareRecord>(records, 3).member, MemberHandle{1});
    EXPECT_EQ(as<ShareRecord>(records, 3).worker, WorkerHandle{1});
    EXPECT_EQ(as<ShareRecord>(records, 4).seq, 5U);  // declared once
}

TEST(Producer, TellsAccountsWorkersAndRegisteredNamesApart)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    Producer& log = life.producer;
    const MemberHandle first = log.member(account(1));
    const MemberHandle second = log.member(account(2));
    const MemberHandle row = log.member({.script = {}, .registered = {7}, .name = "farm"});
    EXPECT_NE(first, second);
    EXPECT_NE(second, row);
    EXPECT_EQ(log.member({.script = {}, .registered = {7}, .name = "renamed"}), row);
    EXPECT_NE(log.worker(first, "rig"), log.worker(second, "rig"));
    EXPECT_EQ(log.worker(first, "rig"), log.worker(first, "rig"));
}

// Each name stays in memory for a life, and in the books: nobody makes them without end.
TEST(Producer, FoldsNamesBeyondTheConfiguredNumberAndCountsThem)
{
    const tests::TempDir dir;
    auto journal = *Journal::open(dir.path(), {});
    Producer log{"test-0", journal, [] { return SteadyTime{}; }, {.workers = 3}};
    const MemberHandle farm = log.member(account(1));
    for (const auto* name : {"a", "b", "c", "a"}) log.worker(farm, name);
    EXPECT_EQ(log.names_folded(), 0U);
    const WorkerHandle beyond = log.worker(farm, "d");
    EXPECT_EQ(log.worker(farm, "e"), beyond);
    EXPECT_EQ(log.worker(farm, Producer::worker_beyond), beyond);
    EXPECT_EQ(log.names_folded(), 2U) << "who is named so is no excess";
}

TEST(Producer, KnowsTenThousandWorkersOfAnAccountAndTheRestAsOne)
{
    const tests::TempDir dir;
    Life life{dir.path()};
    ShareLog& log = life.producer;
    const MemberHandle farm = log.member(account(1));
    const WorkerHandle first = log.worker(farm, "rig0");
    for (int i = 1; i < 10'000; ++i) log.worker(farm, "rig" + std::to_string(i));
    const WorkerHandle beyond = log.worker(farm, "rig10000");
    EXPECT_EQ(log.worker(farm, "rig10001"), beyond);
    EXPECT_EQ(log.worker(farm, "other"), beyond);
    EXPECT_EQ(log.worker(farm, "rig0"), first);
    EXPECT_NE(log.worker(log.member(account(2)), "rig10000"), beyond);
}

// An address costs nothing but a share: of many the oldest are forgotten. Who is known by a number
// keeps it, and who comes back gets another that means the same account.
TEST(Producer, ForgetsWhoWasLongestAwayAndGivesNoNumberTwice)
{
    const tests::TempDir dir;
    auto journal = *Journal::open(dir.path(), {});
    Producer log{"test-0", journal, [] { return SteadyTime{}; }, {.workers = 3, .remembered = 30}};
    const auto by_address = [&log](int number) {
        const auto high = static_cast<std::uint8_t>(number / 256);
        const auto low = static_cast<std::uint8_t>(number % 256);
        return log.member({.script = {0x51, high, low}, .registered = {}, .name = "a"});
    };
    std::map<std::uint64_t, int> meant;
    const MemberHandle faithful = by_address(1000);
    const WorkerHandle rig = log.worker(faithful, "rig");
    const MemberHandle farm = by_address(1001);
    for (const auto* name : {"a", "b", "c"}) log.worker(farm, name);
    for (int round = 0; round < 3; ++round) {
        for (int number = 0; number < 100; ++number) {
            const MemberHandle given = by_address(number);
            EXPECT_TRUE(meant.emplace(given.value, number).second) << "it meant somebody else";
            log.worker(given, "a");
            EXPECT_EQ(by_address(1000), faithful) << "who mines is remembered";
            EXPECT_EQ(log.worker(faithful, "rig"), rig);
        }
        EXPECT_LE(log.remembered(), 60U);
    }
    for (const auto* name : {"d", "e", "f"}) log.worker(farm, name);
    EXPECT_EQ(log.names_folded(), 0U) << "those that were forgotten are no excess";
    ASSERT_TRUE(append_one(log, share_of(log, 7, "rig"), noon));
    std::vector<RecordBytes> raw;
    ASSERT_TRUE(journal.read(journal.first_seq(), 10'000, raw));
    std::map<std::uint64_t, Script> declared;
    for (const RecordBytes& bytes : raw) {
        const auto record = decode(bytes);
        ASSERT_TRUE(record);
        if (const auto* one = std::get_if<AccountRecord>(&*record)) {
            EXPECT_TRUE(declared.emplace(one->member.value, one->script).second);
        }
    }
    for (const auto& [handle, number] : meant) {
        EXPECT_EQ(declared.at(handle).back(), number % 256) << "each number was declared";
    }
}

TEST(Producer, LetsSoManyAccountsByAddressBeginInAnHour)
{
    const tests::TempDir dir;
    auto journal = *Journal::open(dir.path(), {});
    SteadyTime now{std::chrono::hours{50}};
    Producer log{"test-0", journal, [&now] { return now; }, {.accounts_an_hour = 4}};
    for (std::uint8_t number = 0; number < 4; ++number) {
        EXPECT_NE(log.member(account(number)), MemberHandle{}) << "at once";
    }
    EXPECT_EQ(log.member(account(4)), MemberHandle{});
    EXPECT_NE(log.member(account(0)), MemberHandle{}) << "it has begun";
    EXPECT_NE(log.member({.script = {}, .registered = {7}, .name = "farm"}), MemberHandle{});
    now += std::chrono::minutes{14};
    EXPECT_EQ(log.member(account(4)), MemberHandle{});
    now += std::chrono::minutes{1};
    EXPECT_NE(log.member(account(4)), MemberHandle{});
    EXPECT_EQ(log.member(account(5)), MemberHandle{});
    now += std::chrono::hours{9};
    for (std::uint8_t number = 5; number < 9; ++number) {
        EXPECT_NE(log.member(account(number)), MemberHandle{});
    }
    EXPECT_EQ(log.member(account(9)), MemberHandle{}) << "what was not used is not saved up";
    ASSERT_TRUE(append_one(log, share_of(log, 1, "rig"), noon));
    std::vector<RecordBytes> raw;
    ASSERT_TRUE(journal.read(journal.first_seq(), 100, raw));
    EXPECT_EQ(raw.size(), 13U) << "a start, ten accounts, a worker, a share";
}

TEST(Producer, CountsNoAccountThatTheBooksHadAtTheStart)
{
    const tests::TempDir dir;
    auto journal = *Journal::open(dir.path(), {});
    std::vector<KnownScripts::Print> prints;
    for (std::uint8_t number = 100; number < 200; ++number) {
        prints.push_back(KnownScripts::print_of(account(number).script));
    }
    const SteadyTime now{std::chrono::hours{50}};
    Producer log{"test-0",
                 journal,
                 [&now] { return now; },
                 {.accounts_an_hour = 2, .known = std::make_shared<const KnownScripts>(prints)}};
    for (std::uint8_t number = 100; number < 200; ++number) {
        EXPECT_NE(log.member(account(number)), MemberHandle{}) << "all come back at once";
    }
    for (std::uint8_t number = 0; number < 2; ++number) {
        EXPECT_NE(log.member(account(number)), MemberHandle{}) << "none of them was counted";
    }
    EXPECT_EQ(log.member(account(2)), MemberHandle{});
    ASSERT_TRUE(append_one(log, share_of(log, 150, "rig"), noon));
    std::vector<RecordBytes> raw;
    ASSERT_TRUE(journal.read(journal.first_seq(), 200, raw));
    EXPECT_EQ(raw.size(), 105U) << "a start, 102 accounts, a worker, a share: all are declared";
}

TEST(Producer, VoidsHandlesInTheNextLife)
{
    const tests::TempDir directory;
    {
        Life life{directory.path()};
        ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
    }
    Life life{directory.path()};
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 2, "rig"), noon));
    const auto records = life.written();
    ASSERT_EQ(records.size(), 8U);
    EXPECT_EQ(as<StartRecord>(records, 4).seq, 5U);
    EXPECT_EQ(as<AccountRecord>(records, 5).member, MemberHandle{1});
    EXPECT_EQ(as<AccountRecord>(records, 5).script, account(2).script);
}

/// All of a share that its producer does not set.
auto as_judged(const ShareRecord& share)
{
    return std::tuple{share.kind,      share.bits.value, share.member, share.worker,
                      share.work,      share.version,    share.time,   share.nonce,
                      share.job.value, share.extranonce};
}

// Thousands of them: what shares are looked up by, and hashed by, is what miners were told is good.
TEST(Producer, WritesEachShareAsItWasJudged)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    std::mt19937 random{7};  // fixed: a failure must replay
    std::vector<ShareRecord> judged;
    while (judged.size() < 3000) {
        std::vector<ShareRecord> batch(1 + random() % 40);
        for (ShareRecord& share : batch) {
            share = share_of(life.producer, static_cast<std::uint8_t>(random() % 5), "rig");
            share.kind = random() % 5 == 0 ? RecordKind::stale : RecordKind::share;
            share.bits = CompactBits{static_cast<std::uint32_t>(random())};
            share.work = random();
            share.version = static_cast<std::uint32_t>(random());
            share.time = static_cast<std::uint32_t>(random());
            share.nonce = static_cast<std::uint32_t>(random());
            share.job = JobId{random()};
            for (std::uint8_t& byte : share.extranonce) byte = static_cast<std::uint8_t>(random());
        }
        judged.insert(judged.end(), batch.begin(), batch.end());
        ASSERT_TRUE(life.producer.append(batch, noon));
    }
    std::size_t at = 0;
    for (const Record& record : life.written()) {
        const auto* share = std::get_if<ShareRecord>(&record);
        if (share == nullptr) continue;
        ASSERT_LT(at, judged.size());
        EXPECT_TRUE(as_judged(*share) == as_judged(judged[at])) << "share " << at;
        ++at;
    }
    EXPECT_EQ(at, judged.size());
}

TEST(Producer, StampsSharesWithTheMinuteOfTheirTime)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), {119'999}));
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), {120'000}));
    const auto records = life.written();
    EXPECT_EQ(as<ShareRecord>(records, 3).slot, 1U);
    EXPECT_EQ(as<ShareRecord>(records, 4).slot, 2U);
}

TEST(Producer, NeverSpeaksOfAnEarlierTimeAlsoInTheNextLife)
{
    const tests::TempDir directory;
    {
        Life life{directory.path()};
        ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
        ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), {1000}));
    }
    Life life{directory.path()};
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), {2000}));
    for (const Record& record : life.written()) {
        std::visit([](const auto& each) { EXPECT_EQ(each.at, noon); }, record);
    }
}

// The journal's file may not grow while this lives.
class FullDisk {
public:
    explicit FullDisk(std::uint64_t bytes)
    {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
};

TEST(Producer, DeclaresAgainWhatAFailedAppendHasNotWritten)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
    {
        const FullDisk full{32 + 5 * 104};
        EXPECT_FALSE(append_one(life.producer, share_of(life.producer, 2, "new"), noon));
        EXPECT_FALSE(life.producer.tick({noon.value + slot_ms}));
    }
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 2, "new"), noon));
    const auto records = life.written();
    ASSERT_EQ(records.size(), 7U);
    EXPECT_EQ(as<AccountRecord>(records, 4).member, MemberHandle{2});
    EXPECT_EQ(as<WorkerRecord>(records, 5).name, "new");
    EXPECT_EQ(as<ShareRecord>(records, 6).worker, WorkerHandle{2});
}

TEST(Producer, MarksAMinuteInWhichNothingHappenedAndOnlySuch)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    ASSERT_TRUE(life.producer.tick(noon));  // the life's first word
    ASSERT_EQ(life.written().size(), 2U);
    EXPECT_EQ(as<MarkRecord>(life.written(), 1).at, noon);
    ASSERT_TRUE(life.producer.tick({noon.value + 1000}));
    EXPECT_EQ(life.written().size(), 2U);
    ASSERT_TRUE(
        append_one(life.producer, share_of(life.producer, 1, "rig"), {noon.value + slot_ms}));
    ASSERT_TRUE(life.producer.tick({noon.value + slot_ms + 1000}));
    EXPECT_EQ(life.written().size(), 5U);  // the share has said it
    ASSERT_TRUE(life.producer.tick({noon.value + 2 * slot_ms}));
    EXPECT_EQ(as<MarkRecord>(life.written(), 5).at, UnixMillis{noon.value + 2 * slot_ms});
}

TEST(Producer, NotesJobsInOrderWithShares)
{
    const tests::TempDir directory;
    Life life{directory.path()};
    ASSERT_TRUE(
        life.producer.note_job({.bits = {0x1d00ffff}, .seq = 0, .at = {}, .job = {9}}, noon));
    ASSERT_TRUE(append_one(life.producer, share_of(life.producer, 1, "rig"), noon));
    const auto records = life.written();
    EXPECT_EQ(as<JobRecord>(records, 1).job, JobId{9});
    EXPECT_EQ(as<JobRecord>(records, 1).seq, 2U);
    EXPECT_EQ(as<ShareRecord>(records, 4).seq, 5U);
}

}  // namespace
}  // namespace pool
