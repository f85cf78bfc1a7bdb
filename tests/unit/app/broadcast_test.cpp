#include "pool/app/broadcast.h"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// Two Stratum loops that write when the test says so.
struct Writers {
    explicit Writers(milliseconds patience = hours{1})
        : broadcast{loop,
                    [this](const std::shared_ptr<const Job>& job, std::function<void()> written) {
                        sent.push_back(job->id.value);
                        routine = job->routine;
                        done = std::move(written);
                        return std::size_t{2};
                    },
                    patience}
    {
    }
    void publish(std::uint64_t id, bool clean, bool is_routine = false)
    {
        const auto job = std::make_shared<Job>();
        job->id = JobId{id};
        job->clean = clean;
        job->routine = is_routine;
        broadcast.publish(job);
    }

    Loop loop;
    std::vector<std::uint64_t> sent;
    bool routine = false;  // the last of them
    std::function<void()> done;
    Broadcast broadcast;
};

using Ids = std::vector<std::uint64_t>;

TEST(Broadcast, AFullJobWaitsUntilEveryLoopHasWrittenTheCleanOne)
{
    Writers writers;
    writers.publish(1, true);
    writers.publish(2, false);
    EXPECT_EQ(writers.sent, Ids{1});
    writers.done();
    EXPECT_EQ(writers.sent, Ids{1});
    writers.done();
    EXPECT_EQ(writers.sent, (Ids{1, 2}));
    writers.publish(3, false);
    EXPECT_EQ(writers.sent, (Ids{1, 2, 3}));
}

TEST(Broadcast, OfJobsThatWaitTheNewestGoes)
{
    Writers writers;
    writers.publish(1, true);
    writers.publish(2, false);
    writers.publish(3, false);
    writers.done();
    writers.done();
    EXPECT_EQ(writers.sent, (Ids{1, 3}));
}

// Its miners are on empty work: the first full job goes to all at once, not by and by.
TEST(Broadcast, ARoutineJobThatTakesTheFullOnesPlaceIsAsUrgent)
{
    Writers writers;
    writers.publish(1, true);
    writers.publish(2, false);
    writers.publish(3, false, true);
    writers.done();
    writers.done();
    EXPECT_EQ(writers.sent, (Ids{1, 3}));
    EXPECT_FALSE(writers.routine);

    writers.publish(4, true);
    writers.publish(5, false, true);
    writers.publish(6, false, true);
    writers.done();
    writers.done();
    EXPECT_EQ(writers.sent, (Ids{1, 3, 4, 6}));
    EXPECT_TRUE(writers.routine) << "nobody waited for it";
}

TEST(Broadcast, ACleanJobWaitsForNothingAndDropsWhatWaited)
{
    Writers writers;
    writers.publish(1, true);
    const auto of_the_first = writers.done;
    writers.publish(2, false);
    writers.publish(3, true);
    EXPECT_EQ(writers.sent, (Ids{1, 3}));
    writers.publish(4, false);
    of_the_first();
    of_the_first();
    EXPECT_EQ(writers.sent, (Ids{1, 3})) << "the word of an older job's writers was taken";
    writers.done();
    writers.done();
    EXPECT_EQ(writers.sent, (Ids{1, 3, 4}));
}

TEST(Broadcast, ALoopThatHangsDoesNotKeepTheFullJobFromTheOthers)
{
    Writers writers{milliseconds{1}};
    writers.publish(1, true);
    writers.done();
    writers.publish(2, false);
    const Watch look = writers.loop.every(milliseconds{1}, [&] {
        if (writers.sent.size() == 2) writers.loop.stop();
    });
    writers.loop.run();
    EXPECT_EQ(writers.sent, (Ids{1, 2}));
    writers.done();  // late
    writers.publish(3, false);
    EXPECT_EQ(writers.sent, (Ids{1, 2, 3}));
}

}  // namespace
}  // namespace pool
