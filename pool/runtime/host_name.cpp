#include "pool/runtime/host_name.h"

#include <array>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <utility>

#include <uv.h>

#include "pool/runtime/loop_shared.h"

namespace pool {
namespace {

struct LookUp {
    uv_getaddrinfo_t uv{};
    std::string host;
    std::function<void(Result<std::string>)> done;
};

Result<std::string> address_in(const LookUp& request, int status, const addrinfo* found)
{
    if (status == 0 && found != nullptr) {
        std::array<char, NI_MAXHOST> text{};
        const int code =
            ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(),
                          static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
        if (code == 0) return std::string{text.data()};
    }
    return fail(Error::Code::unavailable,
                "can't find the host " + request.host +
                    (status < 0 ? std::string{": "} + uv_strerror(status) : std::string{}));
}

void on_found(uv_getaddrinfo_t* uv, int status, addrinfo* found) noexcept
{
    const std::unique_ptr<LookUp> request{static_cast<LookUp*>(uv->data)};
    auto address = address_in(*request, status, found);
    uv_freeaddrinfo(found);
    if (!LoopShared::of(uv->loop).ending) request->done(std::move(address));
}

}  // namespace

void look_up_host(Loop& loop, const std::string& host,
                  std::function<void(Result<std::string>)> done)
{
    auto request = std::make_unique<LookUp>();
    request->host = host;
    request->done = std::move(done);
    request->uv.data = request.get();
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    const int status =
        uv_getaddrinfo(loop.native(), &request->uv, &on_found, host.c_str(), nullptr, &hints);
    if (status == 0) {
        [[maybe_unused]] const LookUp* const taken = request.release();  // on_found has it now
        return;
    }
    // A name that is too long, say: the caller hears of it later all the same.
    auto refused = std::make_shared<LookUp>();
    refused->host = host;
    refused->done = std::move(request->done);
    loop.post([refused, status] { refused->done(address_in(*refused, status, nullptr)); });
}

}  // namespace pool
