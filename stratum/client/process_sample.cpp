#include "stratum/client/process_sample.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace stratum::client {

ProcessSample sample_process(int pid)
{
    ProcessSample sample;
    const std::filesystem::path process = std::filesystem::path{"/proc"} / std::to_string(pid);
    // schedstat counts nanoseconds where stat counts hundredths of a second.
    std::error_code error;
    for (auto thread = std::filesystem::directory_iterator{process / "task", error};
         !error && thread != std::filesystem::directory_iterator{}; thread.increment(error)) {
        std::ifstream file{thread->path() / "schedstat"};
        double nanoseconds = 0;
        if (file >> nanoseconds) sample.cpu_seconds += nanoseconds * 1e-9;
    }
    std::ifstream pages{process / "statm"};
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    if (pages >> size >> resident) {
        sample.rss_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    return sample;
}

}  // namespace stratum::client
