#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace tests {

/// A TLS client in memory; believes everybody. version_max: 0, or TLS1_2_VERSION.
class TlsClient {
public:
    explicit TlsClient(int version_max = 0)
    {
        SSL_CTX_set_max_proto_version(context_, version_max);
        session_ = SSL_new(context_);
        SSL_set_bio(session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(session_);
    }
    ~TlsClient()
    {
        SSL_free(session_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    bool open() const { return SSL_is_init_finished(session_) != 0; }
    /// The server has said that it sends no more (close_notify).
    bool told_goodbye() const { return (SSL_get_shutdown(session_) & SSL_RECEIVED_SHUTDOWN) != 0; }
    /// Says so itself; gives what is to be sent.
    std::string say_goodbye()
    {
        SSL_shutdown(session_);
        return wire();
    }
    /// One record; gives what is to be sent, with what was left before.
    std::string say(std::string_view plain)
    {
        SSL_write(session_, plain.data(), static_cast<int>(plain.size()));
        return wire();
    }
    /// As many records as it has bytes.
    std::string say_bytewise(std::string_view plain)
    {
        std::string out;
        for (const char each : plain) out += say({&each, 1});
        return out;
    }
    /// KeyUpdates of TLS 1.3.
    std::string update_keys(std::size_t times)
    {
        for (std::size_t i = 0; i < times; ++i) {
            SSL_key_update(session_, SSL_KEY_UPDATE_NOT_REQUESTED);
            SSL_do_handshake(session_);
        }
        return wire();
    }
    std::string hear(std::string_view cipher)
    {
        BIO_write(SSL_get_rbio(session_), cipher.data(), static_cast<int>(cipher.size()));
        std::string plain;
        std::array<char, 4096> piece{};
        int got = 0;
        while ((got = SSL_read(session_, piece.data(), piece.size())) > 0) {
            plain.append(piece.data(), static_cast<std::size_t>(got));
        }
        return plain;
    }
    std::string wire()
    {
        std::string out;
        std::array<char, 4096> piece{};
        int got = 0;
        while ((got = BIO_read(SSL_get_wbio(session_), piece.data(), piece.size())) > 0) {
            out.append(piece.data(), static_cast<std::size_t>(got));
        }
        return out;
    }

private:
    SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
    SSL* session_ = nullptr;
};

}  // namespace tests
