#include "pool/app/backup_run.h"

#include <atomic>
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

struct Script {
    std::string path = "/tmp/zubr-backup-run-XXXXXX";
    explicit Script(const std::string& text)
    {
        ::close(::mkstemp(path.data()));
        std::ofstream{path} << "#!/bin/sh\n" << text;
        ::chmod(path.c_str(), 0700);
    }
    ~Script() { ::unlink(path.c_str()); }
};

std::atomic<int> child = 0;

TEST(RunBackup, TellsTheLastLineOfAProgramThatSucceeds)
{
    const Script script{"echo first\necho /var/backups/zubr-1\n"};
    const auto outcome = run_backup(script.path, child);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->said, "/var/backups/zubr-1");
}

TEST(RunBackup, TellsWhyAProgramFails)
{
    const Script script{"echo 'the disk is full' >&2\nexit 3\n"};
    const auto outcome = run_backup(script.path, child);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, Error::Code::io);
    EXPECT_EQ(outcome.error().detail, "the backup failed: the disk is full");
    EXPECT_FALSE(run_backup("/nonexistent/backup", child).has_value());
}

TEST(RunBackup, EndsWithAllItsProgramsWhenItIsTold)
{
    const Script script{"sleep 600 | cat\n"};
    std::thread ender{[] {
        EXPECT_TRUE(tests::eventually(std::chrono::seconds{10}, [] { return child > 0; }));
        ::kill(-child, SIGTERM);
    }};
    const auto outcome = run_backup(script.path, child);
    ender.join();
    EXPECT_FALSE(outcome.has_value());
    EXPECT_EQ(child, 0);
}

TEST(RunBackup, IsNotHeldUpByAProgramThatSaysMuch)
{
    const Script script{"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done\n"};
    const auto outcome = run_backup(script.path, child);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->said, "line 19999");
}

}  // namespace
}  // namespace pool
