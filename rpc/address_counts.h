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

/// Its wider neighbourhood, which whoever rents servers may have whole: an IPv4 /24, an IPv6 /48.
std::string prefix_of(const std::string& host);

/// How much each network has of something, connections or the like. Pure; as large as what is
/// counted.
class AddressCounts {
public:
    /// 0 means any number.
    struct Limits {
        std::size_t all = 0;         ///< of everybody together
        std::size_t kept = 0;        ///< of these, so many for this machine alone
        std::size_t of_network = 0;  ///< see network_of
        std::size_t of_prefix = 0;   ///< see prefix_of
        /// This machine is bound by `all` only: it may be a proxy, and it watches over the pool.
        bool spare_loopback = true;
    };
    explicit AddressCounts(const Limits& limits) : limits_(limits) {}
    /// Is there none left, whatever this one has?
    bool full_for(const std::string& host) const;
    /// Counts one more, or says that there are enough.
    bool take(const std::string& host);
    /// Takes back one that take() has counted.
    void give_back(const std::string& host);
    std::size_t networks() const { return counts_.size(); }  ///< and prefixes

private:
    bool spared(const std::string& host) const;
    std::size_t count(const std::string& name) const;

    Limits limits_;
    std::size_t all_ = 0;
    std::unordered_map<std::string, std::size_t> counts_;  // by network, and by prefix
};

}  // namespace rpc
