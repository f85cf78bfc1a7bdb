#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"
#include "pool/share/redis_client.h"
#include "pool/share/redis_share_log.h"
#include "tests/support/process.h"

// The share log's way into a real redis-server, which each test may stop, starve or empty.
namespace pool {

/// One of the test's own.
class RedisServer {
public:
    RedisServer() { start({}); }

    void start(const std::vector<std::string>& more)
    {
        std::vector<std::string> words{tests::required("ZUBR_TEST_REDIS_SERVER"),
                                       "--port",
                                       "0",
                                       "--unixsocket",
                                       options().socket,
                                       "--dir",
                                       directory_.path(),
                                       "--save",
                                       "",
                                       "--appendonly",
                                       "yes",
                                       "--appendfsync",
                                       "always",
                                       "--maxmemory-policy",
                                       "noeviction"};
        words.insert(words.end(), more.begin(), more.end());
        process_ = std::make_unique<tests::Process>(words, directory_.path() / "log");
        EXPECT_TRUE(tests::eventually(std::chrono::seconds{20}, [this] {
            return RedisClient{options()}.command({"PING"}).has_value();
        }));
    }
    void kill()
    {
        process_->signal(SIGKILL);
        process_->wait(std::chrono::seconds{10});
    }
    RedisReply ask(std::initializer_list<std::string_view> words)
    {
        auto reply = RedisClient{options()}.command(words);
        EXPECT_TRUE(reply) << (reply ? "" : reply.error().detail);
        return reply ? *reply : RedisReply{};
    }
    /// Nothing can take the place of a directory.
    void block_dump() { std::filesystem::create_directory(directory_.path() / "dump.rdb"); }
    void unblock_dump() { std::filesystem::remove(directory_.path() / "dump.rdb"); }
    /// From now on it wants this password, of new connections.
    void want(const std::string& password)
    {
        ask({"CONFIG", "SET", "requirepass", password});
        password_ = password;
    }
    RedisOptions options() const
    {
        return {.socket = (directory_.path() / "s").string(), .password = password_};
    }

private:
    std::string password_;
    tests::TempDir directory_;
    std::unique_ptr<tests::Process> process_;
};

/// A journal and its shipper on a loop that turns only inside until().
struct Producing {
    RedisServer server;
    tests::TempDir directory;
    Loop loop;
    Journal journal = *Journal::open(directory.path(), {});
    std::unique_ptr<RedisShareLog> log;
    std::uint64_t unbooked_max = RedisShareLog::unbooked_max_default;
    std::set<std::uint64_t> damaged;  // in the journal
    int unnamed = 0;  // entries of stream() that do not say which record they go on from

    Producing() { life(); }
    void life()
    {
        log.reset();
        log = std::make_unique<RedisShareLog>(loop, server.options(), "p", journal, unbooked_max);
        log->start();
    }

    void append(std::uint64_t count)
    {
        std::vector<RecordBytes> records;
        for (std::uint64_t i = 0; i < count; ++i) {
            records.push_back(encode(MarkRecord{journal.last_seq() + 1 + i, {1000}}));
        }
        ASSERT_TRUE(journal.append(records));
    }

    [[nodiscard]] bool until(const std::function<bool()>& holds)
    {
        bool held = false;
        const Watch asking = loop.every(std::chrono::milliseconds{2}, [&] {
            held = holds();
            if (held) loop.stop();
        });
        const Watch deadline = loop.after(std::chrono::seconds{30}, [&] { loop.stop(); });
        loop.run();
        return held;
    }
    [[nodiscard]] bool shipped()
    {
        return until([this] { return log->backlog() == 0; });
    }

    /// As a disk does that has failed; in the first file.
    void damage_record(std::uint64_t seq)
    {
        constexpr std::uint64_t head = 32;
        constexpr std::uint64_t entry = record_bytes + 4;
        for (const auto& file : std::filesystem::directory_iterator{directory.path()}) {
            if (file.path().extension() != ".journal") continue;
            std::fstream stream{file.path(), std::ios::in | std::ios::out | std::ios::binary};
            stream.seekp(static_cast<std::streamoff>(head + (seq - 1) * entry + 20));
            stream.put('\xff');
        }
        damaged.insert(seq);
        std::vector<RecordBytes> out;
        ASSERT_FALSE(journal.read(seq, 1, out)) << "it can be read all the same";
    }

    void names_predecessor(const RedisReply& fields)
    {
        const std::uint64_t first = std::stoull(fields.field("f")->text);
        const RedisReply* print = fields.field("p");
        if (print == nullptr) {
            if (first > 1) ++unnamed;
            return;
        }
        std::vector<RecordBytes> before;
        if (!journal.read(first - 1, 1, before)) {
            EXPECT_TRUE(damaged.contains(first - 1));
            return;
        }
        ASSERT_EQ(before.size(), 1U);
        EXPECT_EQ(print->text, std::to_string(print_of(before.front())));
    }

    // Sequence numbers in the stream, in its order; fails the test on an entry whose id, first
    // number and records do not agree.
    std::vector<std::uint64_t> stream()
    {
        std::vector<std::uint64_t> out;
        const RedisReply all = server.ask({"XRANGE", "zubr:sh:p", "-", "+"});
        for (const RedisReply& item : all.elements) {
            const RedisReply& fields = item.elements.at(1);
            const std::string blob = fields.field("d")->text;
            const RedisReply* sum = fields.field("c");
            EXPECT_TRUE(sum != nullptr && sum->text == std::to_string(crc32c(as_bytes(blob))));
            const RedisReply* all_of_it = fields.field("s");
            const RedisReply* print = fields.field("p");
            EXPECT_TRUE(sum != nullptr && all_of_it != nullptr &&
                        all_of_it->text == std::to_string(sum_of_entry(
                                               fields.field("f")->text,
                                               print == nullptr ? "" : print->text, sum->text)));
            names_predecessor(fields);
            EXPECT_EQ(blob.size() % record_bytes, 0U);
            const std::size_t before = out.size();
            for (std::size_t at = 0; at + record_bytes <= blob.size(); at += record_bytes) {
                RecordBytes bytes{};
                std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(at), record_bytes,
                            reinterpret_cast<char*>(bytes.data()));
                out.push_back(seq_of(*decode(bytes)));
            }
            EXPECT_EQ(fields.field("f")->text, std::to_string(out.at(before)));
            EXPECT_EQ(item.elements.at(0).text, std::to_string(out.back()) + "-0");
        }
        return out;
    }
    static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last)
    {
        std::vector<std::uint64_t> out;
        for (std::uint64_t seq = first; seq <= last; ++seq) out.push_back(seq);
        return out;
    }
};

}  // namespace pool
