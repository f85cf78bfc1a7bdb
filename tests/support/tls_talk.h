#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace tests {

struct CertificateFiles {
    std::string certificate;
    std::string key;
};

/// A self-signed certificate for `name` on P-256, in PEM files of `folder` (written over). Fails
/// the process when it can't be made.
CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& name);

/// What a client says first.
std::string client_hello();

/// A TLS client on a blocking socket of 127.0.0.1; believes everybody.
class TlsTalk {
public:
    /// ok() is false when the handshake failed. version_max: 0, or TLS1_1_VERSION and the like.
    explicit TlsTalk(std::uint16_t port, int version_max = 0);
    ~TlsTalk();
    TlsTalk(const TlsTalk&) = delete;
    TlsTalk& operator=(const TlsTalk&) = delete;

    bool ok() const;
    std::string server_name() const;  ///< of its certificate
    bool say(std::string_view bytes);
    /// Reads until `part` has come; everything that came, or what there was after five seconds.
    std::string hear(std::string_view part);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tests
