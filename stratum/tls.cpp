#include "stratum/tls.h"

#include <algorithm>
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

namespace {

// What a connection's SSL reads and writes during a call: the bytes that have come, and what is to
// be sent behind. No buffer of OpenSSL's, which would keep the size of the largest burst it ever
// held, and clear all of it each time.
struct Wire {
    std::span<const std::uint8_t> in;
    std::string* out = nullptr;
};

int write_wire(BIO* bio, const char* data, int size)
{
    if (size <= 0) return 0;
    static_cast<Wire*>(BIO_get_data(bio))->out->append(data, static_cast<std::size_t>(size));
    return size;
}

int read_wire(BIO* bio, char* into, int size)
{
    auto& in = static_cast<Wire*>(BIO_get_data(bio))->in;
    BIO_clear_retry_flags(bio);
    if (in.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(in.size(), static_cast<std::size_t>(std::max(size, 0)));
    std::copy_n(in.begin(), count, into);
    in = in.subspan(count);
    return static_cast<int>(count);
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* wire_method()
{
    struct Free {
        void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    };
    static const std::unique_ptr<BIO_METHOD, Free> method = [] {
        std::unique_ptr<BIO_METHOD, Free> made{
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire")};
        pool::check(made != nullptr, "OpenSSL has memory for a method");
        BIO_meth_set_write(made.get(), write_wire);
        BIO_meth_set_read(made.get(), read_wire);
        BIO_meth_set_ctrl(made.get(), control_wire);
        return made;
    }();
    return method.get();
}

}  // namespace

struct TlsSession::Impl {
    std::shared_ptr<const TlsContext> context;
    Wire wire;
    std::unique_ptr<SSL, SslFree> ssl;
    std::size_t new_keys = 0;  // asked for by the client

    bool rekeying() const { return new_keys > new_keys_max; }
    static void on_message(int ours, int version, int type, const void* bytes, std::size_t size,
                           SSL*, void* session);
};

// OpenSSL obeys any number of KeyUpdates. It gets nothing more to read behind the last, or a single
// read of 64 KiB would bring 2,427 of them.
void TlsSession::Impl::on_message(int ours, int, int type, const void* bytes, std::size_t size,
                                  SSL*, void* session)
{
    if (ours != 0 || type != SSL3_RT_HANDSHAKE || size == 0) return;
    if (*static_cast<const std::uint8_t*>(bytes) != SSL3_MT_KEY_UPDATE) return;
    auto& impl = *static_cast<Impl*>(session);
    ++impl.new_keys;
    if (impl.rekeying()) impl.wire.in = {};
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context) : impl_(std::make_unique<Impl>())
{
    impl_->ssl.reset(SSL_new(context->impl().context.get()));
    impl_->context = std::move(context);
    BIO* const bio = BIO_new(wire_method());
    pool::check(impl_->ssl != nullptr && bio != nullptr, "OpenSSL has memory for a connection");
    BIO_set_data(bio, &impl_->wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(impl_->ssl.get(), bio, bio);
    SSL_set_accept_state(impl_->ssl.get());
    SSL_set_msg_callback(impl_->ssl.get(), &Impl::on_message);
    SSL_set_msg_callback_arg(impl_->ssl.get(), impl_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::receive(std::span<const std::uint8_t> bytes, std::string& plain,
                                      std::string& wire)
{
    SSL* const ssl = impl_->ssl.get();
    ERR_clear_error();
    impl_->wire = {bytes, &wire};
    std::array<char, 4096> piece{};
    int got = 0;
    while ((got = SSL_read(ssl, piece.data(), piece.size())) > 0) {
        plain.append(piece.data(), static_cast<std::size_t>(got));
    }
    const int error = SSL_get_error(ssl, got);
    ERR_clear_error();
    if (impl_->rekeying()) return State::rekeying;
    if (error == SSL_ERROR_ZERO_RETURN) return State::closed;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return State::failed;
    return SSL_is_init_finished(ssl) != 0 ? State::open : State::handshaking;
}

bool TlsSession::send(std::string_view plain, std::string& wire)
{
    if (plain.empty()) return true;
    ERR_clear_error();
    impl_->wire = {{}, &wire};
    const int sent = SSL_write(impl_->ssl.get(), plain.data(), static_cast<int>(plain.size()));
    ERR_clear_error();
    return sent == static_cast<int>(plain.size());
}

void TlsSession::finish(std::string& wire)
{
    ERR_clear_error();
    impl_->wire = {{}, &wire};
    static_cast<void>(SSL_shutdown(impl_->ssl.get()));
    ERR_clear_error();
}

}  // namespace stratum
