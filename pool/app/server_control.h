#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pool/app/backup_run.h"
#include "pool/app/config.h"
#include "pool/base/log.h"
#include "pool/base/result.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/server_control.h"

namespace pool {

/// What the kernel tells of this process. Any thread.
struct ProcessInfo {
    std::uint64_t resident_bytes = 0;
    std::uint64_t resident_bytes_most = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t open_files_max = 0;
    std::uint64_t threads = 0;
    double cpu_seconds = 0;
    double started = 0;  ///< seconds since 1970; 0 when unknown
};
ProcessInfo read_process_info();

/// The bars of all parts, and how lines look. Any thread.
void configure_log(const Config& config);

/// rpc::ServerControl over the process. Lives on the rpc loop.
class ServerControl final : public rpc::ServerControl {
public:
    ServerControl(Loop& rpc_loop, const Config& config);
    ~ServerControl() override;  ///< ends a backup that is under way
    ServerControl(const ServerControl&) = delete;
    ServerControl& operator=(const ServerControl&) = delete;

    /// Takes over what may change while the server runs, see App::wait_for_signal: of the log its
    /// bars, not how lines look.
    void reread(const Config& config);
    std::vector<rpc::LogLevel> log_levels() const override;
    Result<void> set_log_level(const std::string& level, const std::string& part) override;
    rpc::MemoryInfo memory() const override;
    void reload() override;
    std::vector<rpc::ConfigEntry> config() const override;
    void backup(std::function<void(Result<rpc::BackupOutcome>)> done) override;

private:
    Loop& rpc_loop_;
    log::Format format_;
    std::vector<rpc::ConfigEntry> config_;
    std::string backup_command_;
    bool backing_up_ = false;
    BackupRun backup_;
    TaskThread backups_{1, {}};
};

}  // namespace pool
