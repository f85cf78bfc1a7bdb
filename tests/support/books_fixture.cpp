#include "tests/support/books_fixture.h"

#include <chrono>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_rebuild.h"
#include "pool/bitcoin/address.h"

namespace tests {
namespace {

pool::RedisOptions redis_of(const std::string& prefix)
{
    pool::RedisOptions options;
    options.socket = required("ZUBR_TEST_REDIS");
    options.key_prefix = prefix;
    return options;
}

}  // namespace

StreamWriter::StreamWriter(const std::string& prefix, const std::string& producer)
    : key_(prefix + producer), redis_(redis_of(prefix))
{
}

void StreamWriter::add(pool::Record record, std::uint64_t slot)
{
    std::visit(
        [this, slot](auto& each) {
            each.seq = records_.size() + 1;
            each.at = pool::UnixMillis{slot * pool::slot_ms};
        },
        record);
    records_.push_back(std::move(record));
}

void StreamWriter::start(std::uint64_t slot) { add(pool::StartRecord{}, slot); }
void StreamWriter::mark(std::uint64_t slot) { add(pool::MarkRecord{}, slot); }

void StreamWriter::account(std::uint64_t member, unsigned address, std::uint64_t slot)
{
    const auto parsed = pool::parse_address(test_address("regtest", address), pool::Chain::regtest);
    ASSERT_TRUE(parsed.has_value());
    pool::AccountRecord record;
    record.member = pool::MemberHandle{member};
    record.script = parsed->script;
    add(record, slot);
}

void StreamWriter::registered(std::uint64_t member, pool::AccountId account, std::uint64_t slot)
{
    pool::AccountRecord record;
    record.member = pool::MemberHandle{member};
    record.registered = account;
    add(record, slot);
}

void StreamWriter::worker(std::uint32_t worker, std::uint64_t member, const std::string& name,
                          std::uint64_t slot)
{
    pool::WorkerRecord record;
    record.worker = pool::WorkerHandle{worker};
    record.member = pool::MemberHandle{member};
    record.name = name;
    add(record, slot);
}

void StreamWriter::share(std::uint64_t member, std::uint64_t slot, std::uint64_t work,
                         pool::RecordKind kind, std::uint32_t worker, pool::CompactBits bits)
{
    pool::ShareRecord record;
    record.kind = kind;
    record.bits = bits;
    record.slot = slot;
    record.member = pool::MemberHandle{member};
    record.work = work;
    record.worker = pool::WorkerHandle{worker};
    add(record, slot);
}

bool StreamWriter::ship(std::uint64_t first, std::uint64_t last)
{
    std::string blob;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        const pool::RecordBytes bytes = pool::encode(records_.at(seq - 1));
        blob.append(bytes.begin(), bytes.end());
    }
    const std::string before =
        first > 1 ? std::to_string(pool::print_of(pool::encode(records_.at(first - 2)))) : "0";
    const auto reply =
        first > 1
            ? redis_.command({"XADD", key_, std::to_string(last) + "-0", "f", std::to_string(first),
                              "d", blob, "p", before})
            : redis_.command({"XADD", key_, std::to_string(last) + "-0", "f", "1", "d", blob});
    EXPECT_TRUE(reply.has_value()) << (reply ? "" : reply.error().detail);
    shipped_ = std::max(shipped_, last);
    return reply && !reply->is_error();
}

void StreamWriter::ship_rest()
{
    constexpr std::uint64_t entry_max = 250;
    while (shipped_ < records_.size()) {
        const std::uint64_t first = shipped_ + 1;
        ASSERT_TRUE(ship(first, std::min<std::uint64_t>(records_.size(), first + entry_max - 1)));
    }
}

void StreamWriter::lose_stream()
{
    ASSERT_TRUE(redis_.command({"DEL", key_}).has_value());
    shipped_ = 0;
}

void StreamWriter::trim()
{
    ASSERT_TRUE(
        redis_.command({"XTRIM", key_, "MINID", std::to_string(last() + 1) + "-0"}).has_value());
}

std::uint64_t StreamWriter::length()
{
    const auto reply = redis_.command({"XLEN", key_});
    EXPECT_TRUE(reply.has_value());
    return reply ? static_cast<std::uint64_t>(reply->integer) : 0;
}

BooksFixture::BooksFixture(std::string mysql_socket)
    : database_(std::move(mysql_socket)), prefix_(database_.name() + ":")
{
}

payouts::MysqlOptions BooksFixture::mysql() const
{
    payouts::MysqlOptions options;
    options.socket = database_.socket();
    options.user = "zubr";
    options.password = "zubr";
    options.database = database_.name();
    return options;
}

payouts::ServiceOptions BooksFixture::options() const
{
    payouts::ServiceOptions options;
    options.mysql = mysql();
    options.redis = redis_of(prefix_);
    options.chain = pool::Chain::regtest;
    options.fee_bps = 100;
    options.own_producers = {"a-0"};
    return options;
}

std::unique_ptr<payouts::Service> BooksFixture::open()
{
    auto service = payouts::Service::open(options());
    if (service) return std::move(*service);
    ADD_FAILURE() << service.error().detail;
    return nullptr;
}

std::uint64_t BooksFixture::rebuild() const
{
    payouts::MysqlConnection db{mysql()};
    auto transaction = payouts::Transaction::begin(db);
    if (!transaction) {
        ADD_FAILURE() << transaction.error().detail;
        return 0;
    }
    const auto repaired = payouts::rebuild_balances(db);
    EXPECT_TRUE(repaired.has_value() && transaction->commit().has_value());
    return repaired.value_or(0);
}

std::uint64_t BooksFixture::number(const std::string& sql) const
{
    return std::strtoull(scalar(sql).c_str(), nullptr, 10);
}

void BooksFixture::turn_database_clock(pool::UnixMillis to) const
{
    scalar("drop trigger if exists address_change_fixed");  // it shortens no lock
    scalar(
        "update address_change set lock_ends_ms = cast(unix_timestamp() * 1000 as signed) + "
        "cast(locked_until_ms as signed) - " +
        std::to_string(to.value) + " where state = 'locked'");
}

pool::Now now_in(std::uint64_t slot)
{
    const std::uint64_t ms = slot * pool::slot_ms;
    return {pool::SteadyTime{} + std::chrono::milliseconds{ms}, pool::UnixMillis{ms}};
}

payouts::StepReport settle(payouts::Service& service, std::uint64_t slot)
{
    payouts::StepReport all;
    constexpr int steps_max = 10'000;
    for (int steps = 0; steps < steps_max; ++steps) {
        auto report = service.step(now_in(slot));
        if (!report) {
            ADD_FAILURE() << report.error().detail;
            return all;
        }
        report->records += all.records;
        all = std::move(*report);
        if (!all.more) return all;
    }
    ADD_FAILURE() << "there is no end of it";
    return all;
}

}  // namespace tests
