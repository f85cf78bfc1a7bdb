#include "rpc/qr_svg.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include <qrencode.h>

namespace rpc {
namespace {

constexpr int margin = 4;
constexpr unsigned dark = 1;  // the lowest bit of a module, says qrencode.h

std::string square(int x, int y, int length)
{
    // One row of dark modules: a rectangle of height 1.
    return "M" + std::to_string(x) + " " + std::to_string(y) + "h" + std::to_string(length) +
           "v1h-" + std::to_string(length) + "z";
}

}  // namespace

std::optional<std::string> qr_svg(std::string_view text)
{
    if (text.empty()) return std::nullopt;
    constexpr int smallest_that_fits = 0;
    const std::unique_ptr<QRcode, decltype(&::QRcode_free)> code{
        ::QRcode_encodeData(static_cast<int>(text.size()),
                            reinterpret_cast<const unsigned char*>(text.data()), smallest_that_fits,
                            QR_ECLEVEL_M),
        &::QRcode_free};
    if (code == nullptr) return std::nullopt;
    const int width = code->width;
    const auto is_dark = [&](int x, int y) { return (code->data[y * width + x] & dark) != 0; };
    std::string path;
    for (int y = 0; y < width; ++y) {
        for (int x = 0; x < width;) {
            const int begin = x;
            while (x < width && is_dark(x, y)) ++x;
            if (x > begin) path += square(begin + margin, y + margin, x - begin);
            if (x == begin) ++x;
        }
    }
    const std::string side = std::to_string(width + 2 * margin);
    return R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )" + side + " " + side +
           R"(" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h)" + side + "v" + side +
           R"(h-)" + side + R"(z"/><path d=")" + path + R"("/></svg>)" + "\n";
}

bool is_host(std::string_view text)
{
    constexpr std::size_t longest = 253;
    if (text.empty() || text.size() > longest) return false;
    const bool bracketed = text.front() == '[';
    constexpr std::string_view of_address = "0123456789abcdefABCDEF:.";
    constexpr std::string_view of_name =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (!bracketed) return text.find_first_not_of(of_name) == text.npos;
    return text.size() > 2 && text.back() == ']' &&
           text.substr(1, text.size() - 2).find_first_not_of(of_address) == text.npos;
}

}  // namespace rpc
