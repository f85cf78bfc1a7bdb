#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "stratum/v2/noise.h"

namespace stratum::v2 {

/// Answers the handshakes of one loop: holds the identity, and ephemeral keys made in quiet
/// moments, so that a storm of reconnects costs two multiplications each.
class Greeter {
public:
    static constexpr std::size_t ready_max = 256;

    explicit Greeter(std::shared_ptr<const Identity> identity) : identity_(std::move(identity)) {}

    /// For handshakes from now on. Null: Stratum v2 is off.
    void set_identity(std::shared_ptr<const Identity> identity) { identity_ = std::move(identity); }
    bool open() const { return identity_ != nullptr; }
    /// open() must hold (checked).
    HandshakeReply greet(std::span<const std::uint8_t, act1_bytes> act1);
    /// Makes up to `count` ephemeral keys ahead; 30 to 70 us each.
    void prepare(std::size_t count);

private:
    Curve curve_;
    std::shared_ptr<const Identity> identity_;
    std::vector<EllSwiftPair> ready_;
};

}  // namespace stratum::v2
