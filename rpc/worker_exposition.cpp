#include "rpc/worker_exposition.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace rpc {
namespace {

/// One series of a worker.
struct Series {
    std::string_view more_labels;  ///< begins with a comma
    double (*value)(const WorkerInfo&);
};
struct Family {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::vector<Series> series;
};

double count(std::uint64_t number) { return static_cast<double>(number); }

const std::array<Family, 5>& families()
{
    static const std::array<Family, 5> all{{
        {"zubr_worker_hashrate_hps",
         "gauge",
         "Of a worker, by averaging window",
         {{",window=\"5m\"", [](const WorkerInfo& worker) { return worker.rates.m5; }},
          {",window=\"1h\"", [](const WorkerInfo& worker) { return worker.rates.h1; }}}},
        {"zubr_worker_shares_total",
         "counter",
         "Of a worker, judged since the server began, by result",
         {{",result=\"accepted\"", [](const WorkerInfo& worker) { return count(worker.accepted); }},
          {",result=\"stale\"", [](const WorkerInfo& worker) { return count(worker.stale); }},
          {",result=\"rejected\"",
           [](const WorkerInfo& worker) { return count(worker.rejected); }}}},
        {"zubr_worker_connections",
         "gauge",
         "Open connections of a worker",
         {{"", [](const WorkerInfo& worker) { return count(worker.session_count); }}}},
        {"zubr_worker_difficulty",
         "gauge",
         "Assigned to a worker now; 0 when it is not connected",
         {{"", [](const WorkerInfo& worker) { return worker.difficulty; }}}},
        {"zubr_worker_last_share_timestamp_seconds",
         "gauge",
         "When a worker's last accepted share came; 0 for none",
         {{"",
           [](const WorkerInfo& worker) {
               return worker.last_share ? count(worker.last_share->value) / 1000 : 0;
           }}}},
    }};
    return all;
}

void put_escaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') out += '\\';
        out += c;
    }
}

}  // namespace

std::string worker_exposition(const std::vector<WorkerLine>& lines)
{
    std::vector<std::string> labels;
    labels.reserve(lines.size());
    for (const WorkerLine& line : lines) {
        std::string& text = labels.emplace_back("account=\"");
        put_escaped(text, line.account);
        text += "\",worker=\"";
        put_escaped(text, line.worker.name);
        text += '"';
    }
    std::string out;
    for (const Family& family : families()) {
        fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name,
                       family.help, family.type);
        for (std::size_t at = 0; at < lines.size(); ++at) {
            for (const Series& series : family.series) {
                fmt::format_to(std::back_inserter(out), "{}{{{}{}}} {}\n", family.name, labels[at],
                               series.more_labels, series.value(lines[at].worker));
            }
        }
    }
    return out;
}

}  // namespace rpc
