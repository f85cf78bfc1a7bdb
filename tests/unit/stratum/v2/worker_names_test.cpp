// Names of workers over v2: free for miners, kept until the connection ends, and so counted for
// their address, whether a channel brings them or a share.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "stratum/gate.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here

class V2WorkerNames : public ::testing::Test {
protected:
    V2WorkerNames() { talk.publish(1); }
    static stratum::GateOptions limits()
    {
        stratum::GateOptions out;
        out.address.channels = 20;
        return out;
    }
    stratum::ShardOptions options()
    {
        stratum::ShardOptions out = v2_options();
        out.gate = &gate;
        return out;
    }
    static std::string name(int number) { return "w" + std::to_string(number); }
    // Opens a channel for each of 30 names; how many were let in.
    int open_thirty(Peer& peer, bool close)
    {
        int opened = 0;
        for (int i = 0; i < 30; ++i) {
            const std::string user = "user." + name(i);
            peer.say(OpenExtended{7, {user}, 0, pool::Uint256::max(), 4});
            const auto success = peer.take<OpenExtendedSuccess>();
            if (!success) continue;
            ++opened;
            if (close) peer.say(CloseChannel{success->channel, {"done"}});
        }
        return opened;
    }
    // An own name for each of 30 shares.
    void name_thirty(Peer& peer)
    {
        peer.say(RequestExtensions{5, {{2}}});
        const auto channel = peer.open_extended("user.proxy");
        const auto job = peer.extended_job(channel);
        for (int i = 0; i < 30; ++i) {
            const std::string worker = name(i);
            const std::string head{"\x02\x00\x01", 3};
            peer.say(peer.extended_share(channel, job),
                     head + static_cast<char>(worker.size()) + '\0' + worker);
        }
    }
    std::size_t names_of(const Peer& peer)
    {
        for (const auto& shot : talk.shard.snapshot(talk.now)) {
            if (shot.id == peer.id) return shot.workers.size();
        }
        return 0;
    }

    stratum::Gate gate{limits()};
    Talk talk{options()};
};

TEST_F(V2WorkerNames, OfClosedChannelsCountForTheirAddress)
{
    Peer peer{talk};
    peer.set_up();
    EXPECT_EQ(open_thirty(peer, true), 21) << "its first, and the address's twenty";
    EXPECT_EQ(names_of(peer), 21U);
    EXPECT_EQ(open_thirty(peer, true), 21) << "the same again are no more";
    EXPECT_EQ(talk.end_of(peer.id), std::nullopt);
}

TEST_F(V2WorkerNames, OfChannelsThatAreOpenCountOnce)
{
    Peer peer{talk};
    peer.set_up();
    EXPECT_EQ(open_thirty(peer, false), 21);
    Peer other{talk};
    other.set_up();
    EXPECT_EQ(open_thirty(other, false), 1) << "the first is a connection's own matter";
}

TEST_F(V2WorkerNames, OfSharesCountForTheirAddress)
{
    Peer peer{talk};
    peer.set_up();
    name_thirty(peer);
    EXPECT_EQ(names_of(peer), 21U) << "the channel's, and the address's twenty";
    EXPECT_EQ(talk.log.shares.size(), 30U) << "what has no room for its name counts all the same";
    EXPECT_EQ(talk.log.who(talk.log.shares.back()), "user.proxy");
}

TEST_F(V2WorkerNames, AreGivenBackWhenTheConnectionEnds)
{
    Peer closes{talk};
    closes.set_up();
    open_thirty(closes, true);
    Peer late{talk};
    late.set_up();
    EXPECT_EQ(open_thirty(late, true), 1) << "there is no room beside the first";
    talk.closed(closes.id);
    EXPECT_EQ(open_thirty(late, true), 21);
    talk.closed(late.id);

    Peer names{talk};
    names.set_up();
    name_thirty(names);
    talk.closed(names.id);
    Peer last{talk};
    last.set_up();
    EXPECT_EQ(open_thirty(last, false), 21);
}

// One name on many channels is as many as they are: each costs a job at every tip.
TEST_F(V2WorkerNames, AreNoWayAroundTheBoundOfChannels)
{
    Peer peer{talk};
    peer.set_up();
    for (int i = 0; i < 11; ++i) {
        const std::string user = "user." + name(i);
        peer.say(OpenExtended{7, {user}, 0, pool::Uint256::max(), 4});
    }
    int opened = 0;
    while (const auto success = peer.take<OpenExtendedSuccess>()) {
        peer.say(CloseChannel{success->channel, {"done"}});
        ++opened;
    }
    ASSERT_EQ(opened, 11);
    Peer other{talk};
    other.set_up();
    EXPECT_EQ(open_thirty(other, false), 11) << "ten names are still counted";
    EXPECT_TRUE(peer.open_extended("user.w0").id > 0) << "within what it has";
}

}  // namespace
}  // namespace tests
