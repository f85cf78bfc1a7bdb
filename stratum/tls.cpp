#include "stratum/tls.h"

#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace stratum {
namespace {

struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// The newest complaint of OpenSSL, whose queue is then empty.
std::string complaint()
{
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

tl::unexpected<pool::Error> bad_file(std::string_view what, const std::string& file)
{
    return pool::fail(pool::Error::Code::invalid,
                      std::string{what} + " " + file + ": " + complaint());
}

}  // namespace

struct TlsContext::Impl {
    std::unique_ptr<SSL_CTX, ContextFree> context;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

pool::Result<std::shared_ptr<const TlsContext>> TlsContext::load(
    const std::string& certificate_file, const std::string& key_file)
{
    auto impl = std::make_unique<Impl>();
    impl->context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* const context = impl->context.get();
    if (context == nullptr) return bad_file("no TLS", "");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // Buffers go back when they are empty: an idle miner's connection then costs a quarter.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
    SSL_CTX_set_num_tickets(context, 1);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
        return bad_file("the certificate", certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        return bad_file("the key", key_file);
    }
    if (SSL_CTX_check_private_key(context) != 1) return bad_file("the key does not fit:", key_file);
    return std::make_shared<const TlsContext>(std::move(impl));
}

struct TlsSession::Impl {
    std::shared_ptr<const TlsContext> context;
    std::unique_ptr<SSL, SslFree> ssl;
    BIO* in = nullptr;   // the SSL's own
    BIO* out = nullptr;  // likewise

    void drain(std::string& wire) const
    {
        char* data = nullptr;
        const long size = BIO_get_mem_data(out, &data);
        if (size <= 0) return;
        wire.append(data, static_cast<std::size_t>(size));
        static_cast<void>(BIO_reset(out));
    }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context) : impl_(std::make_unique<Impl>())
{
    impl_->ssl.reset(SSL_new(context->impl().context.get()));
    impl_->context = std::move(context);
    pool::check(impl_->ssl != nullptr, "OpenSSL has memory for a connection");
    impl_->in = BIO_new(BIO_s_mem());
    impl_->out = BIO_new(BIO_s_mem());
    SSL_set_bio(impl_->ssl.get(), impl_->in, impl_->out);
    SSL_set_accept_state(impl_->ssl.get());
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::receive(std::span<const std::uint8_t> bytes, std::string& plain,
                                      std::string& wire)
{
    SSL* const ssl = impl_->ssl.get();
    ERR_clear_error();
    if (BIO_write(impl_->in, bytes.data(), static_cast<int>(bytes.size())) < 0) {
        return State::failed;
    }
    std::array<char, 4096> piece{};
    int got = 0;
    while ((got = SSL_read(ssl, piece.data(), piece.size())) > 0) {
        plain.append(piece.data(), static_cast<std::size_t>(got));
    }
    const int error = SSL_get_error(ssl, got);
    impl_->drain(wire);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return State::closed;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return State::failed;
    return SSL_is_init_finished(ssl) != 0 ? State::open : State::handshaking;
}

bool TlsSession::send(std::string_view plain, std::string& wire)
{
    if (plain.empty()) return true;
    ERR_clear_error();
    const int sent = SSL_write(impl_->ssl.get(), plain.data(), static_cast<int>(plain.size()));
    impl_->drain(wire);
    ERR_clear_error();
    return sent == static_cast<int>(plain.size());
}

void TlsSession::finish(std::string& wire)
{
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(impl_->ssl.get()));
    impl_->drain(wire);
    ERR_clear_error();
}

}  // namespace stratum
