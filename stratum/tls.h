#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "stratum/record_counter.h"

namespace stratum {

/// A certificate with its key, ready for connections. TLS 1.2 and 1.3. Immutable: a reload makes
/// another one, connections keep theirs.
class TlsContext {
public:
    /// Errors: invalid, a sentence that names the file and what is wrong with it.
    static pool::Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate_file,
                                                                const std::string& key_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    struct Impl;
    explicit TlsContext(std::unique_ptr<Impl> impl);
    const Impl& impl() const { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

/// One TLS connection without its socket: bytes of the wire in, plain bytes out, and the other way
/// round. Used on one thread.
class TlsSession {
public:
    explicit TlsSession(std::shared_ptr<const TlsContext> context);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    /// So often may a client of TLS 1.3 ask for new keys (KeyUpdate) in a connection's life. Each
    /// costs us what a dozen lines do, and nobody needs one before 2^24 records.
    static constexpr std::size_t new_keys_max = 16;

    /// rekeying: it has asked for new keys too often; the rest of what came was not looked at.
    enum class State : std::uint8_t { handshaking, open, closed, failed, rekeying };
    /// Takes what came from the wire; appends what the client said to `plain`, and what must go
    /// back (handshake, alerts) to `wire`. After closed, failed or rekeying only `wire` is to be
    /// sent.
    State receive(std::span<const std::uint8_t> bytes, std::string& plain, std::string& wire);
    /// Appends the records that carry `plain` to `wire`. False when the connection is broken.
    bool send(std::string_view plain, std::string& wire);
    /// Of bytes that come next: as many as begin no more than `most` records. To open one costs,
    /// however little is in it. To be asked of all bytes before they are received, or from a
    /// record's begin.
    RecordCounter::Counted count_records(std::span<const std::uint8_t> bytes, std::size_t most)
    {
        return records_.count(bytes, most);
    }
    /// How many begin in bytes that come next, without having counted them.
    std::size_t records_in(std::span<const std::uint8_t> bytes) const
    {
        RecordCounter ahead = records_;
        return ahead.count(bytes).records;
    }
    /// Appends the farewell (close_notify).
    void finish(std::string& wire);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    RecordCounter records_;
};

}  // namespace stratum
