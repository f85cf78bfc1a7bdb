#include "pool/app/backup_run.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Script {
    std::string path = "/tmp/zubr-backup-run-XXXXXX";
    std::string begun = path;  // made by the script, which so tells that it runs
    explicit Script(const std::string& text)
    {
        ::close(::mkstemp(path.data()));
        begun = path + ".begun";
        std::ofstream{path} << "#!/bin/sh\n" << text;
        ::chmod(path.c_str(), 0700);
    }
    ~Script()
    {
        ::unlink(path.c_str());
        ::unlink(begun.c_str());
    }
};

/// Runs it, tells it to stop once it has begun, and gives its outcome.
Result<rpc::BackupOutcome> stopped_run(BackupRun& backup, const Script& script)
{
    std::thread ender{[&] {
        EXPECT_TRUE(tests::eventually(seconds{10},
                                      [&] { return ::access(script.begun.c_str(), F_OK) == 0; }));
        backup.stop();
    }};
    auto outcome = backup.run(script.path);
    ender.join();
    return outcome;
}

TEST(BackupRun, TellsTheLastLineOfAProgramThatSucceeds)
{
    const Script script{"echo first\necho /var/backups/zubr-1\n"};
    const auto outcome = BackupRun{}.run(script.path);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->said, "/var/backups/zubr-1");
}

TEST(BackupRun, TellsWhyAProgramFails)
{
    const Script script{"echo 'the disk is full' >&2\nexit 3\n"};
    BackupRun backup;
    const auto outcome = backup.run(script.path);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, Error::Code::io);
    EXPECT_EQ(outcome.error().detail, "the backup failed: the disk is full");
    EXPECT_FALSE(backup.run("/nonexistent/backup").has_value());
}

TEST(BackupRun, EndsWithAllItsProgramsWhenItIsTold)
{
    const Script script{": >\"$0.begun\"\nsleep 600 | cat\n"};
    BackupRun backup{seconds{600}};
    EXPECT_FALSE(stopped_run(backup, script).has_value());
}

TEST(BackupRun, KillsAProgramThatDoesNotHearAndStartsNoOther)
{
    const Script script{"trap '' TERM\n: >\"$0.begun\"\nwhile :; do sleep 600; done\n"};
    BackupRun backup{milliseconds{50}};
    EXPECT_FALSE(stopped_run(backup, script).has_value());
    const auto after = backup.run(script.path);
    ASSERT_FALSE(after.has_value());
    EXPECT_EQ(after.error().code, Error::Code::unavailable);
}

TEST(BackupRun, DoesNotWaitForWhomAProgramLeavesBehind)
{
    const Script script{"setsid sleep 600 &\necho $!\n"};
    const auto outcome = BackupRun{}.run(script.path);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(::kill(std::atoi(outcome->said.c_str()), SIGKILL), 0) << "it holds our pipe still";
}

TEST(BackupRun, IsNotHeldUpByAProgramThatSaysMuch)
{
    const Script script{"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done\n"};
    const auto outcome = BackupRun{}.run(script.path);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->said, "line 19999");
}

}  // namespace
}  // namespace pool
