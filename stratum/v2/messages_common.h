#pragma once

#include <cstdint>
#include <tuple>

#include "pool/base/hash.h"
#include "pool/base/uint256.h"
#include "stratum/v2/fields.h"
#include "stratum/v2/message_id.h"

/// Messages that all of v2's protocols share, and the negotiation of extensions (0x0001). `fields`
/// lists a message's fields in wire order; codec.h reads and writes by it.
namespace stratum::v2 {

/// The client's first frame. protocol: 0 mining, 1 job declaration, 2 template distribution.
struct SetupConnection {
    static constexpr MessageId id{0x0000, 0x00, false};
    std::uint8_t protocol = 0;
    std::uint16_t version_min = 0;
    std::uint16_t version_max = 0;
    std::uint32_t flags = 0;
    Text endpoint_host;
    std::uint16_t endpoint_port = 0;
    Text vendor;
    Text hardware;
    Text firmware;
    Text device;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.protocol, m.version_min, m.version_max, m.flags, m.endpoint_host,
                        m.endpoint_port, m.vendor, m.hardware, m.firmware, m.device);
    }
    friend bool operator==(const SetupConnection&, const SetupConnection&) = default;
};

struct SetupSuccess {
    static constexpr MessageId id{0x0000, 0x01, false};
    std::uint16_t version = 0;
    std::uint32_t flags = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.version, m.flags);
    }
    friend bool operator==(const SetupSuccess&, const SetupSuccess&) = default;
};

/// flags: all that are not supported; 0 when it is something else.
struct SetupError {
    static constexpr MessageId id{0x0000, 0x02, false};
    std::uint32_t flags = 0;
    Text code;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.flags, m.code);
    }
    friend bool operator==(const SetupError&, const SetupError&) = default;
};

struct ChannelEndpointChanged {
    static constexpr MessageId id{0x0000, 0x03, true};
    std::uint32_t channel = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel);
    }
    friend bool operator==(const ChannelEndpointChanged&, const ChannelEndpointChanged&) = default;
};

/// An empty host and port 0 mean: here.
struct Reconnect {
    static constexpr MessageId id{0x0000, 0x04, false};
    Text host;
    std::uint16_t port = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.host, m.port);
    }
    friend bool operator==(const Reconnect&, const Reconnect&) = default;
};

struct RequestExtensions {
    static constexpr MessageId id{0x0001, 0x00, false};
    std::uint16_t request = 0;
    Sequence64k<std::uint16_t> wanted;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.wanted);
    }
    friend bool operator==(const RequestExtensions&, const RequestExtensions&) = default;
};

struct RequestExtensionsSuccess {
    static constexpr MessageId id{0x0001, 0x01, false};
    std::uint16_t request = 0;
    Sequence64k<std::uint16_t> supported;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.supported);
    }
    friend bool operator==(const RequestExtensionsSuccess&,
                           const RequestExtensionsSuccess&) = default;
};

struct RequestExtensionsError {
    static constexpr MessageId id{0x0001, 0x02, false};
    std::uint16_t request = 0;
    Sequence64k<std::uint16_t> unsupported;
    Sequence64k<std::uint16_t> required;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.unsupported, m.required);
    }
    friend bool operator==(const RequestExtensionsError&, const RequestExtensionsError&) = default;
};

}  // namespace stratum::v2
