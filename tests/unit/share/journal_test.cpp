#include "pool/share/journal.h"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pool/share/journal_segment.h"
#include "tests/support/process.h"

namespace pool {
namespace {

constexpr std::size_t head = 32;
constexpr std::size_t entry = 104;

std::vector<RecordBytes> records(std::uint64_t first, std::uint64_t count)
{
    std::vector<RecordBytes> out;
    for (std::uint64_t seq = first; seq < first + count; ++seq) {
        out.push_back(encode(MarkRecord{seq, {1000 + seq}}));
    }
    return out;
}

// A journal in a directory of its own; a small segment so that files roll.
struct Disk {
    tests::TempDir directory;
    JournalOptions options{.segment_bytes = head + 10 * entry, .kept_for = {}};

    Journal open() const
    {
        auto journal = Journal::open(directory.path(), options);
        EXPECT_TRUE(journal) << (journal ? "" : journal.error().detail);
        return std::move(*journal);
    }
    Error refusal() const
    {
        auto journal = Journal::open(directory.path(), options);
        EXPECT_FALSE(journal);
        return journal ? Error{} : journal.error();
    }
    std::vector<std::filesystem::path> files() const { return *journal_files(directory.path()); }
    void fill(std::uint64_t count) const
    {
        Journal journal = open();
        for (std::uint64_t seq = 1; seq <= count; ++seq) {
            ASSERT_TRUE(journal.append(records(seq, 1)));
        }
    }
};

void damage(const std::filesystem::path& file, std::size_t at)
{
    std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 0x40));
}

std::vector<RecordBytes> all_of(const Journal& journal)
{
    std::vector<RecordBytes> out;
    EXPECT_TRUE(journal.read(journal.first_seq(), 100'000, out));
    return out;
}

TEST(Journal, KeepsRecordsOverAReopening)
{
    const Disk disk;
    disk.fill(25);
    const Journal journal = disk.open();
    EXPECT_EQ(journal.last_seq(), 25U);
    EXPECT_EQ(journal.synced_seq(), 25U);
    EXPECT_EQ(journal.first_seq(), 1U);
    EXPECT_EQ(journal.last_at(), UnixMillis{1025});
    EXPECT_EQ(all_of(journal), records(1, 25));
}

TEST(Journal, CutsATornEndAtEveryByte)
{
    for (std::size_t kept = 0; kept < entry; ++kept) {
        const Disk disk;
        disk.fill(3);
        std::filesystem::resize_file(disk.files().front(), head + 2 * entry + kept);
        Journal journal = disk.open();
        ASSERT_EQ(journal.last_seq(), 2U) << kept;
        ASSERT_TRUE(journal.append(records(3, 2)));
        ASSERT_EQ(all_of(journal), records(1, 4)) << kept;
    }
}

TEST(Journal, TakesADamagedLastRecordForATornOne)
{
    const Disk disk;
    disk.fill(3);
    damage(disk.files().front(), head + 2 * entry + 50);
    EXPECT_EQ(disk.open().last_seq(), 2U);
}

TEST(Journal, TakesWhatAPowerCutLeftUnsyncedForTheEnd)
{
    const Disk disk;
    disk.fill(5);  // never synced: the page with record 3 may be missing
    damage(disk.files().front(), head + 2 * entry + 50);
    Journal journal = disk.open();
    EXPECT_EQ(all_of(journal), records(1, 2));
    ASSERT_TRUE(journal.append(records(3, 1)));
}

TEST(Journal, RefusesADamagedMiddleThatWasSyncedAndChangesNothing)
{
    const Disk disk;
    disk.fill(3);
    {
        Journal journal = disk.open();  // syncs what it finds
        ASSERT_TRUE(journal.append(records(4, 2)));
    }
    const auto file = disk.files().front();
    damage(file, head + 2 * entry + 50);
    const std::string before = tests::read_file(file);
    const Error error = disk.refusal();
    EXPECT_EQ(error.code, Error::Code::invalid);
    EXPECT_NE(error.detail.find("record 3 in " + file.string() + " is damaged"), std::string::npos)
        << error.detail;
    EXPECT_NE(error.detail.find("truncate the file to 240 bytes"), std::string::npos);
    EXPECT_EQ(tests::read_file(file), before);
}

TEST(Journal, SaysWhichRecordCanNotBeReadInAnOlderFile)
{
    const Disk disk;
    disk.fill(15);
    damage(disk.files().front(), head + 4 * entry);
    const Journal journal = disk.open();
    std::vector<RecordBytes> out;
    const auto read = journal.read(1, 100, out);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Error::Code::io);
    EXPECT_NE(read.error().detail.find("record 5"), std::string::npos) << read.error().detail;
}

TEST(Journal, RefusesWhenAFileBetweenOthersIsMissing)
{
    const Disk disk;
    disk.fill(35);
    ASSERT_EQ(disk.files().size(), 4U);
    std::filesystem::remove(disk.files()[1]);
    const Error error = disk.refusal();
    EXPECT_EQ(error.code, Error::Code::invalid);
    EXPECT_NE(error.detail.find("records from 11 on are missing"), std::string::npos)
        << error.detail;
}

TEST(Journal, RefusesAnOlderFileThatWasCut)
{
    const Disk disk;
    disk.fill(15);
    std::filesystem::resize_file(disk.files().front(), head + 9 * entry + 5);
    EXPECT_EQ(disk.refusal().code, Error::Code::invalid);
}

TEST(Journal, RefusesAFileThatIsNoJournal)
{
    const Disk disk;
    disk.fill(1);
    damage(disk.files().front(), 0);
    EXPECT_NE(disk.refusal().detail.find("does not begin like a journal"), std::string::npos);
}

TEST(Journal, ForgetsAFileWhoseHeadWasNeverWritten)
{
    for (const std::size_t length : {std::size_t{0}, std::size_t{10}, head, head + 3 * entry}) {
        const Disk disk;
        disk.fill(10);
        {
            const std::ofstream made{disk.directory.path() / "00000000000000000011.journal"};
        }
        std::filesystem::resize_file(disk.files().back(), length);  // zeros: a power cut
        Journal journal = disk.open();
        ASSERT_EQ(journal.last_seq(), 10U) << length;
        ASSERT_TRUE(journal.append(records(11, 1)));
        ASSERT_EQ(all_of(journal), records(1, 11));
    }
}

TEST(Journal, LetsNoSecondProcessIn)
{
    const Disk disk;
    const Journal journal = disk.open();
    const Error error = disk.refusal();
    EXPECT_EQ(error.code, Error::Code::conflict);
    EXPECT_NE(error.detail.find("in use by another process"), std::string::npos);
}

TEST(Journal, RollsFilesAndDropsOldOnesButNeverTheNewest)
{
    const Disk disk;
    disk.fill(30);
    Journal journal = disk.open();
    ASSERT_EQ(disk.files().size(), 3U);
    journal.drop_below(10);  // 10 itself is still wanted
    EXPECT_EQ(disk.files().size(), 3U);
    journal.drop_below(11);
    EXPECT_EQ(disk.files().size(), 2U);
    EXPECT_EQ(journal.first_seq(), 11U);
    EXPECT_TRUE(journal.holds_all_from(11));
    EXPECT_FALSE(journal.holds_all_from(10));
    std::vector<RecordBytes> out;
    EXPECT_EQ(journal.read(10, 1, out).error().code, Error::Code::not_found);
    journal.drop_below(1'000'000);
    EXPECT_EQ(disk.files().size(), 1U);
    EXPECT_EQ(journal.last_seq(), 30U);
    ASSERT_TRUE(journal.append(records(31, 1)));
}

// Books may go back: a replica that is minutes behind is promoted, a backup is restored.
TEST(Journal, KeepsForAWhileWhatIsNotWantedAnyMore)
{
    Disk disk;
    disk.options.kept_for = std::chrono::milliseconds{15};  // records are a millisecond apart
    disk.fill(40);
    {
        Journal journal = disk.open();
        journal.drop_below(31);
        // Files end with records 10, 20 and 30: the last is less than 15 ms older than the newest.
        EXPECT_EQ(journal.first_seq(), 21U);
        EXPECT_TRUE(journal.holds_all_from(21));
        ASSERT_TRUE(journal.append(records(41, 10)));
        journal.drop_below(31);
        EXPECT_EQ(journal.first_seq(), 31U);
    }
    // In its next life, too.
    Journal journal = disk.open();
    journal.drop_below(51);
    EXPECT_EQ(journal.first_seq(), 31U);
}

TEST(Journal, KeepsNoMoreThanItsBoundOfWhatIsNotWantedAnyMore)
{
    Disk disk;
    disk.options.kept_for = std::chrono::hours{1};
    disk.options.kept_bytes = 2 * disk.options.segment_bytes;
    disk.fill(60);
    Journal journal = disk.open();
    journal.drop_below(41);  // the fifth file is wanted, and does not count
    EXPECT_EQ(journal.first_seq(), 21U);
    journal.drop_below(11);  // books that went back bring nothing back
    EXPECT_EQ(journal.first_seq(), 21U);
}

TEST(Journal, ReadsOverTheEdgesOfFilesAndNoFurtherThanAsked)
{
    const Disk disk;
    disk.fill(25);
    const Journal journal = disk.open();
    std::vector<RecordBytes> out;
    ASSERT_TRUE(journal.read(8, 6, out));
    EXPECT_EQ(out, records(8, 6));
    out.clear();
    ASSERT_TRUE(journal.read(26, 6, out));  // beyond the end: none, and no error
    EXPECT_TRUE(out.empty());
}

TEST(Journal, JumpsOverNumbersThatOthersKnow)
{
    const Disk disk;
    disk.fill(3);
    {
        Journal journal = disk.open();
        journal.advance_to(100);
        journal.advance_to(50);  // never back
        EXPECT_EQ(journal.last_seq(), 100U);
        EXPECT_EQ(journal.synced_seq(), 100U);
        ASSERT_TRUE(journal.append(records(101, 2)));
        std::vector<RecordBytes> out;
        EXPECT_EQ(journal.read(50, 1, out).error().code, Error::Code::not_found);
        EXPECT_FALSE(journal.holds_all_from(3));
        EXPECT_TRUE(journal.holds_all_from(101));
    }
    const Journal journal = disk.open();  // the jump is no missing file
    EXPECT_EQ(journal.last_seq(), 102U);
    std::vector<RecordBytes> out;
    ASSERT_TRUE(journal.read(101, 9, out));
    EXPECT_EQ(out, records(101, 2));
}

TEST(Journal, SaysHowFarASyncMadeRecordsSafe)
{
    const Disk disk;
    Journal journal = disk.open();
    EXPECT_FALSE(journal.begin_sync());
    ASSERT_TRUE(journal.append(records(1, 2)));
    EXPECT_EQ(journal.synced_seq(), 0U);
    const auto sync = journal.begin_sync();
    ASSERT_TRUE(sync);
    ASSERT_TRUE(journal.append(records(3, 1)));  // meanwhile: not covered
    ASSERT_EQ(::fdatasync(sync->fd), 0);
    journal.end_sync(*sync);
    EXPECT_EQ(journal.synced_seq(), 2U);
}

TEST(Journal, TakesNothingMoreOnceASyncHasFailed)
{
    const Disk disk;
    Journal journal = disk.open();
    ASSERT_TRUE(journal.append(records(1, 1)));
    journal.fail_sync();
    EXPECT_EQ(journal.append(records(2, 1)).error().code, Error::Code::io);
    EXPECT_FALSE(journal.begin_sync());
}

TEST(Journal, CallsItsOwnerAfterEachAppend)
{
    const Disk disk;
    Journal journal = disk.open();
    int calls = 0;
    journal.on_append([&calls] { ++calls; });
    ASSERT_TRUE(journal.append(records(1, 3)));
    ASSERT_TRUE(journal.append({}));
    EXPECT_EQ(calls, 1);
}

TEST(JournalDeathTest, EndsTheProcessWhenNumbersDoNotFollow)
{
    const Disk disk;
    Journal journal = disk.open();
    EXPECT_DEATH(static_cast<void>(journal.append(records(2, 1))), "without gaps");
}

// A full disk, as a limit on the size of files. Back to the old limit with the object.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes)
    {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

TEST(Journal, GivesUpWhatNobodyWantsBeforeItRefusesAShare)
{
    Disk disk;
    disk.options.kept_for = std::chrono::hours{1};
    disk.fill(30);
    Journal journal = disk.open();
    journal.drop_below(21);
    ASSERT_EQ(journal.first_seq(), 1U);
    {
        const FileSizeLimit full{head};
        ASSERT_FALSE(journal.append(records(31, 1)));
    }
    EXPECT_EQ(journal.first_seq(), 21U);
    ASSERT_TRUE(journal.append(records(31, 1)));
    EXPECT_EQ(all_of(journal), records(21, 11));
}

TEST(Journal, RefusesAWholeBatchWhenTheDiskIsFullAndTakesItAgainLater)
{
    // At many bytes of the second of three records.
    for (std::size_t room = entry; room < 2 * entry; room += 7) {
        const Disk disk;
        Journal journal = disk.open();
        ASSERT_TRUE(journal.append(records(1, 1)));
        {
            const FileSizeLimit full{head + entry + room};
            const auto put = journal.append(records(2, 3));
            ASSERT_FALSE(put);
            ASSERT_EQ(put.error().code, Error::Code::io);
            ASSERT_EQ(journal.last_seq(), 1U);
            ASSERT_EQ(all_of(journal), records(1, 1));
        }
        ASSERT_TRUE(journal.append(records(2, 3)));
        ASSERT_EQ(all_of(journal), records(1, 4));
    }
}

TEST(Journal, SurvivesADiskThatIsFullWhenAFileBegins)
{
    const Disk disk;
    Journal journal = disk.open();
    {
        const FileSizeLimit full{head / 2};
        ASSERT_FALSE(journal.append(records(1, 1)));
    }
    ASSERT_TRUE(journal.append(records(1, 1)));
    EXPECT_EQ(all_of(journal), records(1, 1));
}

// What a child had appended when it was killed, at no moment of its choosing, is there.
TEST(Journal, HoldsEverythingAppendedBeforeAKill)
{
    for (int round = 0; round < 5; ++round) {
        const Disk disk{.directory = {},
                        .options = {.segment_bytes = head + 5000 * entry, .kept_for = {}}};
        std::array<int, 2> told{};
        ASSERT_EQ(::pipe(told.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            Journal journal = disk.open();
            for (std::uint64_t seq = 1;; seq += 7) {
                if (!journal.append(records(seq, 7))) ::_exit(1);
                const std::uint64_t last = journal.last_seq();
                if (::write(told[1], &last, sizeof last) != sizeof last) ::_exit(1);
            }
        }
        ::close(told[1]);
        std::uint64_t acknowledged = 0;
        while (acknowledged < 1000U * static_cast<unsigned>(round + 1)) {
            ASSERT_EQ(::read(told[0], &acknowledged, sizeof acknowledged),
                      static_cast<ssize_t>(sizeof acknowledged));
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(told[0], &acknowledged, sizeof acknowledged) > 0) continue;
        ::close(told[0]);
        const Journal journal = disk.open();
        EXPECT_GE(journal.last_seq(), acknowledged);
        std::vector<RecordBytes> out;
        ASSERT_TRUE(journal.read(1, journal.last_seq(), out));
        EXPECT_EQ(out, records(1, journal.last_seq()));
    }
}

}  // namespace
}  // namespace pool
