#include "pool/app/server_control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include <malloc.h>

namespace pool {

namespace {

void set_log(const Config& config, log::Format format)
{
    log::configure(config.log_level, format);
    for (const auto& [part, level] : config.log_levels) log::set_level(part, level);
}

std::uint64_t number_in(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

double to_seconds(const ::timeval& time)
{
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void read_status(ProcessInfo& info)
{
    constexpr std::uint64_t kib = 1024;
    std::ifstream file{"/proc/self/status"};
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = std::min(line.find(':'), line.size() - 1);
        const std::string_view key = std::string_view{line}.substr(0, colon);
        const std::uint64_t value = number_in(std::string_view{line}.substr(colon + 1));
        if (key == "VmRSS") info.resident_bytes = value * kib;
        if (key == "VmHWM") info.resident_bytes_most = value * kib;
        if (key == "VmSize") info.virtual_bytes = value * kib;
        if (key == "Threads") info.threads = value;
    }
}

/// When the process began, by the kernel's count of ticks since the machine's start.
double read_start()
{
    std::ifstream stat{"/proc/self/stat"};
    std::string line;
    std::getline(stat, line);
    // The name in the second field may hold anything; what follows its last ')' are numbers.
    std::size_t at = line.rfind(')');
    for (int field = 2; field < 22 && at != std::string::npos; ++field) at = line.find(' ', at + 1);
    std::ifstream boot{"/proc/stat"};
    std::uint64_t booted = 0;
    for (std::string each; std::getline(boot, each);) {
        if (each.starts_with("btime ")) booted = number_in(std::string_view{each}.substr(6));
    }
    const long ticks = ::sysconf(_SC_CLK_TCK);
    if (at == std::string::npos || booted == 0 || ticks <= 0) return 0;
    const auto since_boot = static_cast<double>(number_in(std::string_view{line}.substr(at)));
    return static_cast<double>(booted) + since_boot / static_cast<double>(ticks);
}

/// Linux 6.2 and later tell the number as the directory's size; before, its entries are counted.
std::uint64_t count_open_files()
{
    constexpr const char* directory = "/proc/self/fd";
    struct ::stat status{};
    if (::stat(directory, &status) == 0 && status.st_size > 0) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    std::uint64_t count = 0;
    std::error_code ignored;
    for (std::filesystem::directory_iterator each{directory, ignored}, end; !ignored && each != end;
         each.increment(ignored)) {
        ++count;
    }
    return count;
}

}  // namespace

void configure_log(const Config& config) { set_log(config, config.log_format); }

ProcessInfo read_process_info()
{
    ProcessInfo info;
    read_status(info);
    info.started = read_start();
    info.open_files = count_open_files();
    ::rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) info.open_files_max = files.rlim_cur;
    ::rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        info.cpu_seconds = to_seconds(used.ru_utime) + to_seconds(used.ru_stime);
    }
    return info;
}

ServerControl::ServerControl(Loop& rpc_loop, const Config& config)
    : rpc_loop_(rpc_loop), format_(config.log_format), backup_command_(config.backup_command)
{
    for (const ConfigLine& line : config.lines) {
        config_.push_back({line.name, line.value, line.source});
    }
    backups_.start();
}

ServerControl::~ServerControl() { backup_.stop(); }

void ServerControl::reread(const Config& config)
{
    set_log(config, format_);
    for (const ConfigLine& line : config.lines) {
        constexpr std::array reread{"log.level", "log.levels", "admin.rpcauth"};
        if (std::find(reread.begin(), reread.end(), line.name) == reread.end()) continue;
        for (rpc::ConfigEntry& entry : config_) {
            if (entry.name == line.name) entry = {line.name, line.value, line.source};
        }
    }
}

std::vector<rpc::ConfigEntry> ServerControl::config() const { return config_; }

void ServerControl::backup(std::function<void(Result<rpc::BackupOutcome>)> done)
{
    if (backup_command_.empty()) {
        return done(fail(Error::Code::not_found,
                         "admin.backup_command is not set: it names the program to run"));
    }
    if (std::exchange(backing_up_, true)) {
        return done(fail(Error::Code::conflict, "a backup is under way"));
    }
    const auto reply =
        std::make_shared<std::function<void(Result<rpc::BackupOutcome>)>>(std::move(done));
    const auto finish = [this, reply](const Result<rpc::BackupOutcome>& outcome) {
        backing_up_ = false;
        (*reply)(outcome);
    };
    const bool posted = backups_.post([this, finish] {
        auto outcome = backup_.run(backup_command_);
        rpc_loop_.post([finish, outcome = std::move(outcome)] { finish(outcome); });
    });
    if (!posted) finish(fail(Error::Code::unavailable, "the server is stopping"));
}

std::vector<rpc::LogLevel> ServerControl::log_levels() const
{
    std::vector<rpc::LogLevel> out;
    for (const std::string_view name : log::part_names) {
        const auto part = log::parse_part(name);
        if (!part) continue;
        out.push_back({std::string{name}, std::string{log::name_of(log::level_of(*part))}});
    }
    return out;
}

Result<void> ServerControl::set_log_level(const std::string& level, const std::string& part)
{
    const auto bar = log::parse_level(level);
    if (!bar) return fail(Error::Code::invalid, "a level is debug, info, notice, warn or error");
    if (part.empty()) {
        log::configure(*bar, format_);
        return {};
    }
    const auto one = log::parse_part(part);
    if (!one) {
        return fail(Error::Code::invalid,
                    "a part is app, node, share, runtime, stratum, payouts or rpc");
    }
    log::set_level(*one, *bar);
    return {};
}

rpc::MemoryInfo ServerControl::memory() const
{
    const ProcessInfo info = read_process_info();
    const auto heap = ::mallinfo2();
    return {.resident = info.resident_bytes,
            .resident_most = info.resident_bytes_most,
            .heap_used = heap.uordblks + heap.hblkhd,
            .heap_free = heap.fordblks,
            .open_files = info.open_files,
            .open_files_max = info.open_files_max,
            .threads = info.threads};
}

void ServerControl::reload() { ::kill(::getpid(), SIGHUP); }

}  // namespace pool
