// Several processes that load one pool. They meet in a page that all of them see.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "stratum/client/load.h"

namespace stratum::client {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::size_t text_max = 256;

// What one process leaves behind. No pointers: it is read by another process.
struct Part {
    bool done = false;  // without an error
    Error::Code code = Error::Code::unavailable;
    char text[text_max] = {};  // the error, or the last refusal
    double seconds = 0;
    double own_cpu_seconds = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    LatencyCounts latency;
    ProcessSample before;
    ProcessSample after;
};

// Where the processes meet: memory that all of them see.
class Meeting {
public:
    // Errors: limit, when there is no memory.
    static Result<Meeting> of(unsigned processes)
    {
        const std::size_t bytes = parts_at + processes * sizeof(Part);
        void* const memory =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return fail(Error::Code::limit, std::strerror(errno));
        return Meeting{memory, processes};
    }
    ~Meeting()
    {
        if (memory_ != nullptr) ::munmap(memory_, parts_at + parts_.size() * sizeof(Part));
    }
    Meeting(Meeting&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), ready_(other.ready_), parts_(other.parts_)
    {
    }
    Meeting& operator=(Meeting&&) = delete;
    Meeting(const Meeting&) = delete;
    Meeting& operator=(const Meeting&) = delete;

    std::span<Part> parts() const { return parts_; }
    void say_ready() { ++*ready_; }
    bool all_ready() const { return *ready_ == parts_.size(); }

private:
    static constexpr std::size_t parts_at = 64;

    Meeting(void* memory, unsigned processes)
        : memory_(memory), ready_(new(memory) std::atomic<unsigned>{0})
    {
        auto* const parts = reinterpret_cast<Part*>(static_cast<char*>(memory) + parts_at);
        for (unsigned i = 0; i < processes; ++i) new (parts + i) Part;
        parts_ = {parts, processes};
    }

    void* memory_;
    std::atomic<unsigned>* ready_;
    std::span<Part> parts_;
};

void put_text(Part& part, std::string_view text)
{
    std::copy_n(text.begin(), std::min(text.size(), text_max - 1), part.text);
}

LoadOptions part_of(const LoadOptions& whole, unsigned index)
{
    LoadOptions part = whole;
    const auto share = [&](std::uint64_t all) {
        return all / whole.processes + (index < all % whole.processes ? 1 : 0);
    };
    part.connections = static_cast<unsigned>(share(whole.connections));
    part.shares_max =
        whole.shares_max > 0 ? std::max<std::uint64_t>(share(whole.shares_max), 1) : 0;
    part.rate = whole.rate * part.connections / whole.connections;
    part.first = index * (whole.connections / whole.processes) +
                 std::min(index, whole.connections % whole.processes);
    return part;
}

void run_part(const LoadOptions& whole, unsigned index, Meeting& meeting)
{
    Part& part = meeting.parts()[index];
    bool counted = false;
    const auto report = run_load(part_of(whole, index), [&] {
        if (!counted) meeting.say_ready();
        counted = true;
        return meeting.all_ready();
    });
    if (!report) {
        part.code = report.error().code;
        return put_text(part, report.error().detail);
    }
    part.seconds = report->seconds;
    part.own_cpu_seconds = report->own_cpu_seconds;
    part.accepted = report->accepted;
    part.rejected = report->rejected;
    part.latency = report->latency;
    part.before = report->before;
    part.after = report->after;
    put_text(part, report->last_refusal);
    part.done = true;
}

// The first part has watched the server; all have begun together.
Result<LoadReport> add_up(std::span<const Part> parts)
{
    LoadReport sum;
    sum.before = parts.front().before;
    sum.after = parts.front().after;
    for (const Part& part : parts) {
        if (!part.done) return fail(part.code, part.text);
        sum.seconds = std::max(sum.seconds, part.seconds);
        sum.own_cpu_seconds += part.own_cpu_seconds;
        sum.accepted += part.accepted;
        sum.rejected += part.rejected;
        sum.latency.add(part.latency);
        if (part.rejected > 0) sum.last_refusal = part.text;
    }
    return sum;
}

}  // namespace

Result<LoadReport> run_joined(const LoadOptions& options)
{
    if (options.processes <= 1) return run_load(options);
    if (options.connections < options.processes) {
        return fail(Error::Code::invalid, "each process of a load needs a connection");
    }
    auto meeting = Meeting::of(options.processes);
    if (!meeting) return fail(meeting.error());

    std::vector<pid_t> children;
    for (unsigned i = 0; i < options.processes; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            run_part(options, i, *meeting);
            ::_exit(0);
        }
        if (child < 0) put_text(meeting->parts()[i], "cannot start a process of the load");
        if (child > 0) children.push_back(child);
    }
    for (const pid_t child : children) {
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    return add_up(meeting->parts());
}

}  // namespace stratum::client
