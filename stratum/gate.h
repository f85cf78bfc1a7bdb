#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pool/base/metrics.h"
#include "pool/base/result.h"
#include "pool/base/secret_hash.h"
#include "pool/base/time.h"
#include "stratum/ip_address.h"
#include "stratum/network_bans.h"

namespace stratum {

/// What one address, or one prefix, may do. Zero: no limit.
struct ConnectLimits {
    std::uint32_t connections = 0;  ///< at once
    std::uint32_t connects_per_second = 0;
    std::uint32_t connects_burst = 0;
    /// Of Stratum v2, or workers, of each connection whichever are more, beside its first.
    std::uint32_t channels = 0;
};

struct GateOptions {
    /// Of an address (of IPv6: a /64). The burst: a farm behind one address comes back all at once.
    ConnectLimits address{4096, 100, 4096, 8192};
    /// Of all addresses of an IPv4 /24, or an IPv6 /48, together: four such farms.
    ConnectLimits prefix{16'384, 400, 16'384, 32'768};
    /// Lines of an address, see BurstBudget. 0: no limit.
    std::uint32_t lines_per_second = 4'000;
    struct Rule {
        Network network;
        ConnectLimits address;
        ConnectLimits prefix;  ///< by itself none: whoever is named counts for no neighbour
        std::uint32_t lines_per_second = 0;
    };
    std::vector<Rule> networks;       ///< the first that holds an address wins
    std::size_t connections_max = 0;  ///< on all loops together; 0: no limit
    std::chrono::seconds ban{600};
    std::uint32_t misbehaviours_max = 3;  ///< within `ban`, before an address is banned
    std::chrono::seconds worker_delay_first{3};
    std::chrono::seconds worker_delay_max{600};
    std::size_t bans_max = 10'000;  ///< networks that admins may ban at once
    std::size_t addresses_max =
        200'000;  ///< remembered; then those without connections and bans go
};

/// Who may connect: caps, rates, bans and delays, for all Stratum loops of a server together, for
/// a cap of 4096 must mean 4096 wherever the kernel puts the connections.
///
/// The one thing that loops share beside jobs. Its lock is taken when a connection comes, goes,
/// misbehaves or has its first accepted share, when it opens or closes a further channel, and once
/// in a while for those that mine; never on the road of any other share.
class Gate {
public:
    enum class Answer : std::uint8_t {
        welcome,
        banned,
        too_many,         ///< connections of this address
        too_fast,         ///< connects of this address
        prefix_too_many,  ///< the same for its prefix
        prefix_too_fast,
        full,
    };
    static constexpr std::size_t answers = 7;

    explicit Gate(GateOptions options);

    /// welcome counts a connection: release it when it is gone.
    Answer admit(const IpAddress& address, pool::SteadyTime now);
    void release(const IpAddress& address);
    /// A channel beside a connection's first: each costs a job at every tip, as a connection does.
    /// Or a further name on one, which costs memory and lines on pages. True counts it: give it
    /// back by close_channels.
    bool open_channel(const IpAddress& address);
    void close_channels(const IpAddress& address, std::size_t count);

    /// A connection of this address had an accepted share. Ends a ban that misbehaved() began, for
    /// others there mine; an admin's stays.
    void mined(const IpAddress& address, pool::SteadyTime now);
    /// A connection of this address was closed for what it did. True when the address is banned
    /// for it: never while any of its connections mines.
    bool misbehaved(const IpAddress& address, pool::SteadyTime now);

    /// A worker's connection was closed for its shares: it may not authorise from this address for
    /// a while, longer each time. From there only, for names are no secret and anybody may send bad
    /// shares under one. From the second time on no other worker of that account may, either,
    /// unless somebody mines at the address: another name costs nothing. peer: as in parse_peer;
    /// worker: account and name as one text, with a dot between.
    void delay_worker(std::string_view peer, std::string_view worker, pool::SteadyTime now);
    bool delayed(std::string_view peer, std::string_view worker, pool::SteadyTime now);

    /// What GateOptions say of this address. Takes no lock.
    std::uint32_t lines_per_second(const IpAddress& address) const;

    /// Admins' bans first.
    struct Ban {
        std::string network;
        std::chrono::seconds left{0};
    };
    std::vector<Ban> bans(pool::SteadyTime now);  ///< goes through all that is remembered
    std::size_t bans_active(pool::SteadyTime now);
    /// An admin's word: holds for all addresses of the network, whatever they mine, until then and
    /// no longer. Errors: limit, when there are GateOptions::bans_max of others.
    pool::Result<void> ban(const Network& network, pool::SteadyTime until, pool::SteadyTime now);
    std::vector<NetworkBans::Entry> admins_bans(pool::SteadyTime now);
    /// False when it was not banned.
    bool unban(const Network& network);

    std::size_t connections();
    std::size_t prefixes();                 ///< counted now, or lately
    std::size_t delays();                   ///< of workers and accounts, remembered
    std::size_t longest_look();             ///< so many of them are gone through for one, at most
    std::uint64_t answered(Answer answer);  ///< so often since the start
    std::uint64_t banned_ever();

private:
    // Who is connected, and the bucket of connects.
    struct Quota {
        std::uint32_t connections = 0;
        std::uint32_t channels = 0;
        double tokens = 0;
        pool::SteadyTime refilled;

        void refill(const ConnectLimits& limits, pool::SteadyTime now);
        bool crowded(const ConnectLimits& limits) const
        {
            return limits.connections > 0 && connections >= limits.connections;
        }
        bool has_room(const ConnectLimits& limits) const
        {
            return limits.channels == 0 || channels < limits.channels;
        }
        bool hasty(const ConnectLimits& limits) const
        {
            return limits.connects_per_second > 0 && tokens < 1;
        }
        void take();
        bool idle_for(std::chrono::seconds time, pool::SteadyTime now) const
        {
            return connections == 0 && channels == 0 && now - refilled >= time;
        }
    };
    struct Address {
        Quota quota;
        std::uint32_t misbehaviours = 0;
        pool::SteadyTime first_misbehaviour;
        pool::SteadyTime last_mined;
        pool::SteadyTime banned_until;

        bool mines(pool::SteadyTime now) const
        {
            constexpr std::chrono::minutes mines_for{10};
            return last_mined != pool::SteadyTime{} && now - last_mined < mines_for;
        }
    };
    struct Delay {
        pool::SteadyTime since;
        pool::SteadyTime until;
        std::chrono::seconds length{0};
    };
    struct Limits {
        const ConnectLimits& address;
        const ConnectLimits& prefix;
    };
    Limits limits_of(const IpAddress& address) const;
    const GateOptions::Rule* rule_of(const IpAddress& address) const;
    Answer judge(const IpAddress& address, pool::SteadyTime now);
    void forget_some(pool::SteadyTime now);
    void forget_ended_bans(pool::SteadyTime now);
    void forget_ended_delays(pool::SteadyTime now);
    void ban_until(Address& known, pool::SteadyTime until);
    void lengthen(Delay& delay, bool at_first, pool::SteadyTime now) const;
    bool holds(std::string_view peer, std::string_view name, pool::SteadyTime now) const;
    bool mines(std::string_view peer, pool::SteadyTime now) const;

    GateOptions options_;  // as given
    std::mutex mutex_;
    std::unordered_map<IpAddress, Address, IpHash> addresses_;
    std::unordered_map<IpAddress, Quota, IpHash> prefixes_;  // those that have limits
    std::size_t forget_at_;                                  // how many addresses are too many
    pool::SteadyTime look_again_;
    // By address and worker, or account: names are free text.
    std::unordered_map<std::string, Delay, pool::SecretHash> delays_;
    pool::SteadyTime delays_aged_out_;
    NetworkBans network_bans_;
    std::multiset<pool::SteadyTime> ban_ends_;  // of addresses, so that nobody has to look for them
    std::size_t connections_ = 0;
    std::array<std::uint64_t, answers> answers_{};
    std::uint64_t banned_ever_ = 0;
};

}  // namespace stratum
