#pragma once

#include <string>

#include "pool/base/log.h"
#include "pool/base/result.h"
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

/// rpc::ServerControl over the process. Lives on the rpc loop.
class ServerControl final : public rpc::ServerControl {
public:
    ServerControl(log::Level level, log::Format format) : level_(level), format_(format) {}

    std::string log_level() const override;
    Result<void> set_log_level(const std::string& level) override;
    rpc::MemoryInfo memory() const override;
    void reload() override;

private:
    log::Level level_;
    log::Format format_;
};

}  // namespace pool
