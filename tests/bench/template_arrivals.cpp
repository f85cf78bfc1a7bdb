#include "tests/bench/template_arrivals.h"

#include <cstdlib>
#include <ctime>
#include <optional>
#include <sstream>

namespace tests {
namespace {

// 2026-11-25T03:01:54.708Z
Clock::time_point moment_of(const std::string& line)
{
    std::tm day{};
    const char* const rest = ::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &day);
    if (rest == nullptr) die("a line of the log without a time: " + line);
    return Clock::from_time_t(::timegm(&day)) +
           std::chrono::milliseconds{std::strtol(rest + 1, nullptr, 10)};
}

std::optional<long> number(const std::string& line, const std::string& field)
{
    const auto at = line.find(" " + field + "=");
    if (at == std::string::npos) return std::nullopt;
    return std::strtol(line.c_str() + at + field.size() + 2, nullptr, 10);
}

}  // namespace

std::map<std::uint32_t, Clock::time_point> template_arrivals(const std::string& log)
{
    std::map<std::uint32_t, Clock::time_point> out;
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" job_published ") == std::string::npos) continue;
        if (line.find(" clean=false empty=false ") == std::string::npos) continue;
        const auto height = number(line, "height");
        const auto age = number(line, "template_age_us");
        if (!height || !age) die("what job_published says has changed: " + line);
        out.try_emplace(static_cast<std::uint32_t>(*height),
                        moment_of(line) - std::chrono::microseconds{*age});
    }
    return out;
}

}  // namespace tests
