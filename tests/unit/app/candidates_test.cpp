#include "pool/app/candidates.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/block.h"
#include "tests/support/process.h"

namespace pool {
namespace {

namespace fs = std::filesystem;

FoundFile found_block(std::uint32_t nonce)
{
    FoundFile found;
    Header header;
    header.nonce = nonce;
    found.header = serialise(header);
    found.hash = hash_of(header);
    found.height = {840'000};
    found.found_at = {1'700'000'000'123};
    found.reward = {312'500'000};
    found.account = "bc1qminer";
    found.worker = "rig.1";
    found.coinbase = Bytes(200, 7);
    found.branch = {{{Digest{1}}, {Digest{2}}}};
    found.block = Bytes(100'000, 9);
    return found;
}

fs::path only_file(const fs::path& directory)
{
    fs::path out;
    for (const auto& entry : fs::directory_iterator{directory}) {
        EXPECT_TRUE(out.empty()) << "one file was expected";
        out = entry.path();
    }
    return out;
}

class Candidates : public ::testing::Test {
protected:
    CandidateStore open()
    {
        auto store = CandidateStore::open(directory.path() / "blocks");
        EXPECT_TRUE(store.has_value());
        return *std::move(store);
    }
    fs::path folder() const { return directory.path() / "blocks"; }
    tests::TempDir directory;
};

TEST_F(Candidates, AreThereInTheNextLifeWithAllThatNodeAndBooksNeed)
{
    const FoundFile found = found_block(1);
    ASSERT_TRUE(open().write(found).has_value());
    const auto all = open().load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    const FoundFile& read = all->front();
    EXPECT_EQ(read.hash, found.hash);
    EXPECT_EQ(read.height, found.height);
    EXPECT_EQ(read.found_at, found.found_at);
    EXPECT_EQ(read.reward, found.reward);
    EXPECT_EQ(read.account, found.account);
    EXPECT_EQ(read.worker, found.worker);
    EXPECT_EQ(read.header, found.header);
    EXPECT_EQ(read.coinbase, found.coinbase);
    EXPECT_EQ(read.block, found.block);
    EXPECT_EQ(read.branch, found.branch);
}

// A block that was found just before an upgrade: such a file says nothing of it.
TEST_F(Candidates, AreReadThoughNobodyKeptTheirBranch)
{
    FoundFile found = found_block(1);
    found.branch.reset();
    ASSERT_TRUE(open().write(found).has_value());
    const auto all = open().load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().branch, std::nullopt);
    EXPECT_EQ(all->front().block, found.block);
}

TEST_F(Candidates, AreForgottenWhenRemovedAndOnlyThen)
{
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(1)).has_value());
    ASSERT_TRUE(store.write(found_block(1)).has_value()) << "saving twice is saving once";
    ASSERT_TRUE(store.write(found_block(2)).has_value());
    store.remove(found_block(1).hash);
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().hash, found_block(2).hash);
}

// A kill in the middle of writing leaves the temporary name: nothing was promised of it yet.
TEST_F(Candidates, AFileThatWasBeingWrittenWhenTheProcessDiedIsNoCandidate)
{
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(1)).has_value());
    const fs::path file = only_file(folder());
    fs::copy_file(file, file.string() + ".part");
    fs::resize_file(file.string() + ".part", 1000);
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->size(), 1U);
    open();
    EXPECT_FALSE(fs::exists(file.string() + ".part"));
}

TEST_F(Candidates, ATornFileIsSetAsideForAPersonAndTheOthersAreRead)
{
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(1)).has_value());
    const fs::path torn = only_file(folder());
    fs::resize_file(torn, fs::file_size(torn) / 2);
    ASSERT_TRUE(store.write(found_block(2)).has_value());
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().hash, found_block(2).hash);
    EXPECT_FALSE(fs::exists(torn));
    EXPECT_TRUE(fs::exists(torn.string() + ".damaged"));
}

// A disk's error is no judgement on the block; a directory is what root can't read either.
TEST_F(Candidates, AFileThatCannotBeReadIsLeftAloneAndTheOthersAreRead)
{
    const CandidateStore store = open();
    const fs::path unreadable = folder() / (std::string(64, '0') + ".block");
    fs::create_directory(unreadable);
    ASSERT_TRUE(store.write(found_block(2)).has_value());
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    EXPECT_TRUE(fs::exists(unreadable));
}

TEST_F(Candidates, AreTakenUpParentsFirstAndOfOneHeightInTheOrderOfTheirTimes)
{
    const CandidateStore store = open();
    for (const std::uint32_t height : {9U, 7U, 8U}) {
        FoundFile found = found_block(height);
        found.height = {height};
        ASSERT_TRUE(store.write(found).has_value());
    }
    for (const std::uint64_t at : {5U, 3U, 4U, 1U, 2U}) {
        FoundFile sibling = found_block(20 + static_cast<std::uint32_t>(at));
        sibling.height = {8};
        sibling.found_at = {at};
        ASSERT_TRUE(store.write(sibling).has_value());
    }
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 8U);
    for (std::size_t i = 1; i < all->size(); ++i) {
        if (all->at(i).height != all->at(i - 1).height) continue;
        EXPECT_LT(all->at(i - 1).found_at, all->at(i).found_at);
    }
    EXPECT_EQ(all->front().height, Height{7});
    EXPECT_EQ(all->back().height, Height{9});
}

TEST_F(Candidates, ASingleFlippedBitIsDamage)
{
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(1)).has_value());
    const fs::path file = only_file(folder());
    std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(500);
    stream.put(8);
    stream.close();
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(all->empty());
    EXPECT_TRUE(fs::exists(file.string() + ".damaged"));
}

// The newer program was started for an hour, and comes back: it must find its block.
TEST_F(Candidates, AFileOfANewerProgramIsLeftAsItIsForIt)
{
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(1)).has_value());
    const fs::path file = only_file(folder());
    std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
    std::string begin(4, '\0');
    stream.read(begin.data(), 4);
    ASSERT_EQ(begin.substr(0, 3), "ZKB") << "or a change of version is no change of this byte";
    stream.seekp(3);
    stream.put(static_cast<char>(begin[3] + 2));
    stream.close();
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(all->empty());
    EXPECT_EQ(only_file(folder()), file);
    store.keep(found_block(1).hash);
    const auto kept = store.read_kept(found_block(1).hash);
    ASSERT_FALSE(kept.has_value());
    EXPECT_NE(kept.error().detail.find("newer zubrd"), std::string::npos) << kept.error().detail;
}

TEST_F(Candidates, HaveRoomOnTheDiskThatIsKeptForThem)
{
    constexpr std::uint64_t reserve = 1 << 20;
    const auto store = CandidateStore::open(folder(), reserve);
    ASSERT_TRUE(store.has_value());
    struct ::stat file{};
    ASSERT_EQ(::stat((folder() / "reserve").c_str(), &file), 0);
    EXPECT_GE(static_cast<std::uint64_t>(file.st_blocks) * 512, reserve) << "not a hole";
    const auto all = store->load();
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(all->empty()) << "the reserve is no candidate";
}

// A disk that has room as soon as the reserve is gone: two names that lead to each other are no
// file until one of them goes.
TEST_F(Candidates, TakeTheReserveWhereTheDiskRefusesThem)
{
    const FoundFile found = found_block(1);
    const CandidateStore store = open();
    const std::string part = to_display_hex(found.hash) + ".block.part";
    fs::create_symlink(part, folder() / "reserve");
    fs::create_symlink("reserve", folder() / part);
    ASSERT_TRUE(store.write(found).has_value());
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().block, found.block);
}

// The reserve is gone already; the same two names, and one of them is the older of two that are
// kept.
TEST_F(Candidates, TakeTheRoomOfThoseThatAreKeptForLongest)
{
    const FoundFile found = found_block(1);
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found_block(3)).has_value());
    store.keep(found_block(3).hash);
    const std::string part = to_display_hex(found.hash) + ".block.part";
    const fs::path oldest = folder() / (to_display_hex(found_block(2).hash) + ".kept");
    fs::create_symlink(oldest.filename(), folder() / part);
    fs::create_symlink(part, oldest);
    ASSERT_TRUE(store.write(found).has_value());
    ASSERT_EQ(store.load()->size(), 1U);
    EXPECT_EQ(store.load()->front().block, found.block);
}

// Megabytes on a disk that has none left, until the next start.
TEST_F(Candidates, LeaveNothingBehindWhereTheDiskRefusesThem)
{
    const CandidateStore store = open();
    const FoundFile found = found_block(1);
    const fs::path name = folder() / (to_display_hex(found.hash) + ".block");
    fs::create_directory(name);
    EXPECT_FALSE(store.write(found).has_value());
    EXPECT_EQ(only_file(folder()), name);
}

TEST_F(Candidates, AreKeptWholeUntilTheyAreRemoved)
{
    const FoundFile found = found_block(1);
    const CandidateStore store = open();
    ASSERT_TRUE(store.write(found).has_value());
    ASSERT_TRUE(store.write(found_block(2)).has_value());
    store.keep(found.hash);
    ASSERT_EQ(store.load()->size(), 1U) << "what is kept is no more on its way";
    EXPECT_EQ(store.kept(), std::vector{found.hash});
    const auto whole = store.read_kept(found.hash);
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->block, found.block);
    EXPECT_FALSE(store.read_kept(found_block(2).hash).has_value());
    store.remove(found.hash);
    EXPECT_EQ(store.kept(), std::vector<BlockHash>{});
}

TEST_F(Candidates, RefusesToStartOnADiskWithoutThatRoom)
{
    const auto store = CandidateStore::open(folder(), std::uint64_t{1} << 60);
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().code, Error::Code::io);
}

TEST_F(Candidates, AnEmptyFileIsDamage)
{
    const CandidateStore store = open();
    std::ofstream file{folder() / "00.block"};
    file.close();
    const auto all = store.load();
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(all->empty());
    EXPECT_TRUE(fs::exists(folder() / "00.block.damaged"));
}

}  // namespace
}  // namespace pool
