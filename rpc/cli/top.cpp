#include "rpc/cli/top.h"

#include <array>
#include <iostream>
#include <span>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rpc/cli/command_line.h"
#include "rpc/cli/present.h"

namespace rpc::cli {
namespace {

constexpr unsigned seconds_between = 2;
constexpr const char* workers_at_once = "1000";

Screen screen_of_stdout()
{
    ::winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
    // The last row stays free: a line end there would scroll.
    return {size.ws_row > 1 ? size.ws_row - std::size_t{1} : 0, size.ws_col};
}

/// The text to show, or the sentence that says why there is none.
pool::Result<std::string> draw(const Server& server, Screen screen)
{
    const std::array<std::string, 1> limit{std::string{"limit="} + workers_at_once};
    std::array<std::string, 2> results;
    const std::array requests{request_json("getpoolinfo", {}), request_json("listworkers", limit)};
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto outcome = call(server, *requests.at(i));
        if (!outcome) return pool::fail(outcome.error());
        if (!outcome->error.empty()) {
            return pool::fail(pool::Error::Code::refused, error_text(outcome->error));
        }
        results.at(i) = outcome->result;
    }
    return top_text(results[0], results[1], screen);
}

}  // namespace

int show_top(const Server& server)
{
    const bool live = ::isatty(STDOUT_FILENO) != 0;
    for (;;) {
        const auto text = draw(server, live ? screen_of_stdout() : Screen{});
        if (!live) {
            (text ? std::cout : std::cerr)
                << (text ? *text : "zubr-cli: " + text.error().detail + "\n");
            return text && std::cout.flush() ? 0 : 1;
        }
        // Home and clear; a pool that is away for a moment leaves the sentence, and comes back.
        std::cout << "\x1b[H\x1b[2J" << (text ? *text : text.error().detail + "\n") << std::flush;
        if (!std::cout) return 1;
        ::sleep(seconds_between);
    }
}

}  // namespace rpc::cli
