#include "rpc/server_pages.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <zlib.h>

#include "pool/base/result.h"
#include "rpc/server_answers.h"
#include "rpc/web_assets.h"

namespace rpc {
namespace {

std::string gzip(std::string_view text)
{
    constexpr int window_of_gzip = MAX_WBITS + 16;  // with gzip's header, says zlib.h
    constexpr int memory_level = 9;
    z_stream stream{};
    const bool begun = ::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_of_gzip,
                                      memory_level, Z_DEFAULT_STRATEGY) == Z_OK;
    pool::check(begun, "zlib has the memory that it needs");
    std::string out(::deflateBound(&stream, text.size()), '\0');
    // zlib does not write to its input; its type is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    pool::check(::deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound() is a bound");
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

/// A page as it is and compressed, each by its name.
struct Page {
    AnswerPtr plain;
    AnswerPtr smaller;
};

/// By path, once for this process: some hundred kilobytes.
const std::map<std::string_view, Page>& pages()
{
    static const auto all = [] {
        std::map<std::string_view, Page> made;
        for (const WebAsset& asset : web_assets()) {
            made.emplace(asset.path,
                         Page{name_answer(std::string{asset.body}), name_answer(gzip(asset.body))});
        }
        return made;
    }();
    return all;
}

/// "br, gzip;q=0.8": does it take gzip? Who says "q=0" does not.
bool takes_gzip(std::string_view accepted)
{
    while (!accepted.empty()) {
        const std::size_t end = std::min(accepted.find(','), accepted.size());
        std::string each{accepted.substr(0, end)};
        std::erase_if(each, [](char c) { return c == ' ' || c == '\t'; });
        accepted.remove_prefix(std::min(end + 1, accepted.size()));
        if (!each.starts_with("gzip")) continue;
        const std::string_view quality = std::string_view{each}.substr(4);
        if (quality.empty()) return true;
        if (!quality.starts_with(";q=")) continue;  // another word
        return quality.find_first_of("123456789") != quality.npos;
    }
    return false;
}

}  // namespace

std::optional<pool::HttpResponse> page_at(const pool::HttpRequest& request)
{
    std::string_view path = request.path;
    if (path == "/") path = "/index.html";
    const auto assets = web_assets();
    const auto asset = std::find_if(assets.begin(), assets.end(),
                                    [path](const WebAsset& each) { return each.path == path; });
    if (asset == assets.end()) return std::nullopt;
    const bool smaller = takes_gzip(request.header("accept-encoding"));
    const Page& page = pages().at(asset->path);
    const RenderedAnswer& answer = smaller ? *page.smaller : *page.plain;
    pool::HttpResponse response =
        ok_response(std::string{asset->content_type}, answer.body, "public, max-age=5");
    response.headers.emplace_back("ETag", answer.tag);
    if (holds_tag(request.header("if-none-match"), answer.tag)) response.status = 304;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (smaller) response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
}

}  // namespace rpc
