#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/submitter.h"
#include "pool/bitcoin/block.h"
#include "tests/sim/fake_node.h"
#include "tests/support/process.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {

/// A block of height 7.
inline BlockCandidate candidate(std::uint32_t nonce)
{
    auto source = std::make_shared<BlockTemplate>();
    source->height = {7};
    auto job = std::make_shared<Job>();
    job->height = {7};
    job->reward = {50};
    job->source = source;
    Header header;
    header.nonce = nonce;
    BlockCandidate out;
    out.job = job;
    out.header = serialise(header);
    out.hash = hash_of(header);
    out.coinbase = Bytes(100, 1);
    out.account = "bc1qminer";
    return out;
}

class SubmitterTest : public ::testing::Test {
protected:
    /// A busy machine's disk gets its time, but where the test is about a disk that hangs.
    std::unique_ptr<Submitter> life(std::chrono::milliseconds patience = std::chrono::seconds{20})
    {
        auto store = CandidateStore::open(folder());
        EXPECT_TRUE(store.has_value());
        return std::make_unique<Submitter>(
            test.loop, std::vector<Node*>{&gives, &first, &second}, *std::move(store),
            Submitter::Out{
                .found = [this](const FoundFile& found) { to_books.push_back(found); },
                .answer = [this](const NodeAnswer& answer) { answers.push_back(answer); }},
            patience);
    }
    /// A Stratum loop has a block, and the core loop a turn.
    void found(Submitter& submitter, std::uint32_t nonce)
    {
        submitter.found(candidate(nonce));
        turn();
    }
    void turn()
    {
        test.loop.stop();  // after what was posted
        test.run();
    }
    static void book(Submitter& submitter, std::uint32_t nonce, int answered)
    {
        submitter.booked(candidate(nonce).hash);
        for (int i = 0; i < answered; ++i) submitter.answer_booked(candidate(nonce).hash);
    }
    /// Answers the oldest look at a block.
    static void answer_sight(tests::FakeNode& node, const Sighting& seen)
    {
        const auto done = std::move(node.sights.front().second);
        node.sights.pop_front();
        done(seen);
    }
    /// The disk's thread has done what it was asked to.
    bool files_become(std::size_t count)
    {
        return tests::eventually(std::chrono::seconds{20}, [&] {
            turn();
            return files() == count;
        });
    }
    std::filesystem::path folder() const { return directory.path() / "blocks"; }
    std::size_t files() const { return count_of(".block"); }
    std::size_t count_of(const std::string& extension) const
    {
        const std::filesystem::directory_iterator all{folder()};
        return static_cast<std::size_t>(std::count_if(begin(all), end(all), [&](const auto& entry) {
            return entry.path().extension() == extension;
        }));
    }

    TestLoop test;
    tests::FakeNode first{"first"};
    tests::FakeNode second{"second"};
    tests::FakeNode gives{"gives", NodeRole::templates};
    tests::TempDir directory;
    std::vector<FoundFile> to_books;
    std::vector<NodeAnswer> answers;
};

}  // namespace pool
