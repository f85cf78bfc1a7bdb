#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

namespace rpc {

/// Whom a connection is counted for: an IPv4 address by itself, an IPv6 one by its /64, which one
/// subscriber has whole. host: as TcpConn tells it.
std::string network_of(const std::string& host);
/// 127.0.0.0/8, ::1, and the former as IPv6 writes it.
bool is_loopback(const std::string& host);

/// How many connections each network has. Pure; as large as there are connections.
class AddressCounts {
public:
    /// max: of one network; 0 means any number. spare_loopback: this machine's are not counted.
    AddressCounts(std::size_t max, bool spare_loopback) : max_(max), spare_loopback_(spare_loopback)
    {
    }
    /// Counts one more, or says that there are enough.
    bool take(const std::string& host);
    /// Takes back one that take() has counted.
    void give_back(const std::string& host);
    std::size_t networks() const { return counts_.size(); }

private:
    bool counted(const std::string& host) const;

    std::size_t max_;
    bool spare_loopback_;
    std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace rpc
