#include "tests/support/tls_talk.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "pool/base/result.h"

namespace tests {
namespace {

template <typename Write>
void write_pem(const std::string& file, Write write)
{
    std::FILE* out = std::fopen(file.c_str(), "we");
    pool::check(out != nullptr && write(out) == 1, "a folder of ours takes a file");
    std::fclose(out);
}

}  // namespace

CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& name)
{
    constexpr long day_seconds = 86'400;
    const CertificateFiles files{(folder / "cert.pem").string(), (folder / "key.pem").string()};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* made = X509_new();
    pool::check(key != nullptr && made != nullptr, "OpenSSL makes keys");
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(made), day_seconds);
    X509_set_pubkey(made, key);
    X509_NAME* subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made, subject);
    pool::check(X509_sign(made, key, EVP_sha256()) > 0, "OpenSSL signs");
    write_pem(files.key, [key](std::FILE* out) {
        return PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    write_pem(files.certificate, [made](std::FILE* out) { return PEM_write_X509(out, made); });
    X509_free(made);
    EVP_PKEY_free(key);
    return files;
}

std::string client_hello()
{
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL* const session = SSL_new(context);
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(session, BIO_new(BIO_s_mem()), out);
    SSL_connect(session);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string hello{data, static_cast<std::size_t>(std::max(size, 0L))};
    SSL_free(session);
    SSL_CTX_free(context);
    return hello;
}

struct TlsTalk::Impl {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* session = nullptr;
    int socket = -1;
    bool ok = false;
};

TlsTalk::TlsTalk(std::uint16_t port, int version_max) : impl_(std::make_unique<Impl>())
{
    if (version_max != 0) {
        // Debian's own floor is 1.2 already: whoever asks for less must lower his guard first.
        SSL_CTX_set_security_level(impl_->context, 0);
        SSL_CTX_set_min_proto_version(impl_->context, 0);
        SSL_CTX_set_max_proto_version(impl_->context, version_max);
    }
    impl_->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{5, 0};
    ::setsockopt(impl_->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(impl_->socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
    impl_->session = SSL_new(impl_->context);
    SSL_set_fd(impl_->session, impl_->socket);
    impl_->ok = SSL_connect(impl_->session) == 1;
}

TlsTalk::~TlsTalk()
{
    SSL_free(impl_->session);
    SSL_CTX_free(impl_->context);
    if (impl_->socket >= 0) ::close(impl_->socket);
}

bool TlsTalk::ok() const { return impl_->ok; }

std::string TlsTalk::server_name() const
{
    if (!impl_->ok) return "";
    X509* theirs = SSL_get1_peer_certificate(impl_->session);
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(theirs), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    X509_free(theirs);
    return name.data();
}

bool TlsTalk::say(std::string_view bytes)
{
    return impl_->ok && SSL_write(impl_->session, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

std::string TlsTalk::hear(std::string_view part)
{
    std::string heard;
    std::array<char, 4096> buffer{};
    while (impl_->ok && heard.find(part) == std::string::npos) {
        const int size = SSL_read(impl_->session, buffer.data(), static_cast<int>(buffer.size()));
        if (size <= 0) break;
        heard.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return heard;
}

}  // namespace tests
