// The tree of each sealed slot and the chain over them, made again from the records.
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/slot_tree.h"
#include "pool/base/bytes.h"
#include "pool/bitcoin/target.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::SumNode;
using payouts::SumTree;

constexpr std::uint64_t slot = 1000;

pool::Digest digest_of(const std::string& raw)
{
    pool::Digest out{};
    EXPECT_EQ(raw.size(), out.size());
    std::copy_n(raw.begin(), std::min(raw.size(), out.size()), out.begin());
    return out;
}

/// All leaves of one slot in the order that the format wants: account, producer, number.
class Expected {
public:
    explicit Expected(const BooksFixture& books) : books_(books) {}

    void add(std::uint64_t account, const StreamWriter& stream, const std::string& producer,
             std::uint64_t seq)
    {
        const auto& share = std::get<pool::ShareRecord>(stream.record(seq));
        const pool::U128 network = pool::work_of(*pool::target_from_compact(share.bits));
        const bool stale = share.kind == pool::RecordKind::stale;
        leaves_[{account, producer, seq}] = payouts::share_leaf(
            pool::encode(share), stale ? 0 : pool::score_of(share.work, network));
    }

    payouts::SlotLink link(const pool::Digest& previous, std::uint64_t number) const
    {
        std::map<std::uint64_t, SumTree> members;
        for (const auto& [key, leaf] : leaves_) members[std::get<0>(key)].add(leaf);
        SumTree whole;
        for (const auto& [account, tree] : members) {
            const auto salt = digest_of(
                books_.scalar("select salt from account where id = " + std::to_string(account)));
            whole.add(payouts::member_leaf(salt, tree.leaves(), tree.root()));
        }
        return {previous, number, static_cast<std::uint32_t>(leaves_.size()), whole.root()};
    }

private:
    const BooksFixture& books_;
    std::map<std::tuple<std::uint64_t, std::string, std::uint64_t>, SumNode> leaves_;
};

TEST(SlotChain, CommitsToEveryRecordOfEverySealedSlot)
{
    BooksFixture books;
    auto options = books.options();
    options.own_producers = {"a-0", "a-1"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ((*opened)->chain_head().value(), pool::Digest{});

    auto one = books.producer("a-0");
    auto two = books.producer("a-1");
    one.start(slot);
    one.account(1, 1, slot);
    one.account(2, 2, slot);
    two.start(slot);
    two.account(1, 2, slot);  // another handle of the second account
    two.account(2, 1, slot);
    Expected first{books};
    Expected second{books};
    for (std::uint64_t i = 1; i <= 300; ++i) {
        one.share(1 + i % 2, slot, i,
                  i % 7 == 0 ? pool::RecordKind::stale : pool::RecordKind::share);
        two.share(1 + i % 2, slot, i + 5);
        first.add(1 + i % 2, one, "a-0", one.last());
        first.add(2 - i % 2, two, "a-1", two.last());
    }
    one.share(1, slot + 1, 9);
    second.add(1, one, "a-0", one.last());
    // In several batches and two services: where a batch ends changes no tree.
    ASSERT_TRUE(one.ship(1, 100));
    settle(**opened, slot);
    opened->reset();  // gives the lease back
    auto other = books.open();
    one.ship_rest();
    two.ship_rest();
    settle(*other, slot);
    one.mark(slot + 3);
    two.mark(slot + 3);
    one.ship_rest();
    two.ship_rest();
    const auto report = settle(*other, slot + 3);
    ASSERT_EQ(report.sealed_through, slot + 2);

    const auto expected_first = first.link({}, slot);
    EXPECT_EQ(digest_of(books.scalar("select root from slot where slot_id = 1000")),
              expected_first.root.hash);
    const auto expected =
        payouts::chain_hash(second.link(payouts::chain_hash(expected_first), slot + 1));
    EXPECT_EQ(report.chain_head, expected);
    EXPECT_EQ(other->chain_head().value(), expected);
    EXPECT_EQ(books.scalar("select count(*) from slot_leaves"), "0") << "leaves go with the seal";
    EXPECT_EQ(books.number("select sum(records) from slot_root"), 601U);
}

TEST(SlotChain, SealsNothingWhenLeavesAndSumsDiffer)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 5);
    stream.ship_rest();
    settle(*service, slot);
    books.scalar("update slot_account set score = score + 1");
    stream.mark(slot + 2);
    stream.ship_rest();
    const auto refused = service->step(now_in(slot + 2));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, pool::Error::Code::refused);
    EXPECT_EQ(books.number("select count(*) from slot"), 0U);
}

TEST(SlotChain, SealsALongAbsenceInPieces)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    for (std::uint64_t i = 0; i < 50; ++i) stream.share(1, slot + 2 * i, 1);
    stream.mark(slot + 200);
    stream.ship_rest();
    EXPECT_EQ(settle(*service, slot + 200).sealed_through, slot + 199);
    EXPECT_EQ(books.number("select count(*) from slot"), 50U);
    EXPECT_EQ(books.number("select cum_shares from slot order by slot_id desc limit 1"), 50U);
}

}  // namespace
}  // namespace tests
