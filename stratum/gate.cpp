#include "stratum/gate.h"

#include <algorithm>
#include <utility>

namespace stratum {
namespace {

constexpr std::size_t delays_max = 100'000;
constexpr std::chrono::seconds shared_name_delay{30};
constexpr std::size_t most_of_all = 4;  // times addresses_max: connected and banned ones too

std::string delay_key(std::string_view peer, std::string_view worker)
{
    const auto address = parse_peer(peer);
    const std::string from = address ? to_string(address->prefix()) : std::string{peer};
    return from + ' ' + std::string{worker};
}

bool limited(const ConnectLimits& limits)
{
    return limits.connections > 0 || limits.connects_per_second > 0 || limits.channels > 0;
}

std::string_view account_of(std::string_view worker) { return worker.substr(0, worker.find('.')); }

}  // namespace

Gate::Gate(GateOptions options)
    : options_(std::move(options)),
      forget_at_(options_.addresses_max),
      network_bans_(options_.bans_max)
{
}

void Gate::Quota::refill(const ConnectLimits& limits, pool::SteadyTime now)
{
    const double most = std::max<std::uint32_t>(limits.connects_burst, 1);
    const bool fresh = refilled == pool::SteadyTime{};
    const std::chrono::duration<double> since = now - refilled;
    tokens = fresh ? most : std::min(tokens + since.count() * limits.connects_per_second, most);
    refilled = now;
}

void Gate::Quota::take()
{
    tokens = std::max(tokens - 1, 0.0);
    ++connections;
}

Gate::Limits Gate::limits_of(const IpAddress& address) const
{
    const GateOptions::Rule* rule = rule_of(address);
    if (rule != nullptr) return {rule->address, rule->prefix};
    return {options_.address, options_.prefix};
}

const GateOptions::Rule* Gate::rule_of(const IpAddress& address) const
{
    const auto found = std::find_if(
        options_.networks.begin(), options_.networks.end(),
        [&address](const GateOptions::Rule& rule) { return rule.network.holds(address); });
    return found == options_.networks.end() ? nullptr : &*found;
}

std::uint32_t Gate::lines_per_second(const IpAddress& address) const
{
    const GateOptions::Rule* rule = rule_of(address);
    return rule != nullptr ? rule->lines_per_second : options_.lines_per_second;
}

Gate::Answer Gate::admit(const IpAddress& address, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    const Answer answer = judge(address, now);
    ++answers_[static_cast<std::size_t>(answer)];
    return answer;
}

Gate::Answer Gate::judge(const IpAddress& address, pool::SteadyTime now)
{
    if (network_bans_.hold(address, now)) return Answer::banned;
    if (addresses_.size() >= forget_at_ && now >= look_again_) forget_some(now);
    // Whoever brings more addresses than that shall not cost us our memory, nor others their bans.
    if (addresses_.size() >= most_of_all * options_.addresses_max &&
        !addresses_.contains(address.prefix())) {
        return Answer::full;
    }
    Address& known = addresses_[address.prefix()];
    const Limits limits = limits_of(address);
    known.quota.refill(limits.address, now);
    if (known.banned_until > now) return Answer::banned;
    if (options_.connections_max > 0 && connections_ >= options_.connections_max) {
        return Answer::full;
    }
    if (known.quota.crowded(limits.address)) return Answer::too_many;
    if (known.quota.hasty(limits.address)) return Answer::too_fast;
    if (limited(limits.prefix)) {
        Quota& neighbours = prefixes_[address.wide_prefix()];
        neighbours.refill(limits.prefix, now);
        if (neighbours.crowded(limits.prefix)) return Answer::prefix_too_many;
        if (neighbours.hasty(limits.prefix)) return Answer::prefix_too_fast;
        neighbours.take();
    }
    known.quota.take();
    ++connections_;
    return Answer::welcome;
}

void Gate::release(const IpAddress& address)
{
    const std::lock_guard lock{mutex_};
    const auto at = addresses_.find(address.prefix());
    if (at == addresses_.end() || at->second.quota.connections == 0) return;
    --at->second.quota.connections;
    --connections_;
    const auto around = prefixes_.find(address.wide_prefix());
    if (around == prefixes_.end() || !limited(limits_of(address).prefix)) return;
    --around->second.connections;
}

bool Gate::open_channel(const IpAddress& address)
{
    const Limits limits = limits_of(address);
    const std::lock_guard lock{mutex_};
    Quota& own = addresses_[address.prefix()].quota;
    if (!own.has_room(limits.address)) return false;
    if (limited(limits.prefix)) {
        Quota& neighbours = prefixes_[address.wide_prefix()];
        if (!neighbours.has_room(limits.prefix)) return false;
        ++neighbours.channels;
    }
    ++own.channels;
    return true;
}

void Gate::close_channels(const IpAddress& address, std::size_t count)
{
    const auto give_back = [count](Quota& quota) {
        quota.channels -= static_cast<std::uint32_t>(std::min<std::size_t>(count, quota.channels));
    };
    const std::lock_guard lock{mutex_};
    const auto own = addresses_.find(address.prefix());
    if (own != addresses_.end()) give_back(own->second.quota);
    const auto around = prefixes_.find(address.wide_prefix());
    if (around != prefixes_.end() && limited(limits_of(address).prefix)) give_back(around->second);
}

// Strangers first: whoever has no connection, no ban and a full bucket loses nothing, and whoever
// mined lately loses what keeps it from a ban, so it goes last. A ban is kept. Prefixes go by the
// same rule, so there are never more of them than addresses.
void Gate::forget_some(pool::SteadyTime now)
{
    const auto forget = [this, now](std::chrono::seconds idle, bool miners_too) {
        std::erase_if(addresses_, [idle, now, miners_too](const auto& entry) {
            const Address& known = entry.second;
            return known.quota.idle_for(idle, now) && known.banned_until <= now &&
                   (miners_too || !known.mines(now));
        });
        std::erase_if(prefixes_,
                      [idle, now](const auto& entry) { return entry.second.idle_for(idle, now); });
    };
    forget(std::chrono::minutes{1}, false);
    const auto too_many = [this] { return addresses_.size() >= options_.addresses_max; };
    if (too_many()) forget(std::chrono::seconds{0}, false);
    if (too_many()) forget(std::chrono::seconds{0}, true);
    // Where all of them are connected or banned, looking again must not cost each connect a walk.
    const std::size_t most = most_of_all * options_.addresses_max;
    forget_at_ =
        std::clamp(addresses_.size() + options_.addresses_max / 2, options_.addresses_max, most);
    look_again_ = forget_at_ == most ? now + std::chrono::seconds{1} : now;
}

void Gate::mined(const IpAddress& address, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    const auto at = addresses_.find(address.prefix());
    if (at == addresses_.end()) return;
    at->second.last_mined = now;
    ban_until(at->second, {});
}

bool Gate::misbehaved(const IpAddress& address, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    const auto at = addresses_.find(address.prefix());
    if (at == addresses_.end()) return false;
    Address& known = at->second;
    if (known.misbehaviours == 0 || now - known.first_misbehaviour > options_.ban) {
        known.misbehaviours = 0;
        known.first_misbehaviour = now;
    }
    ++known.misbehaviours;
    if (known.mines(now) || known.misbehaviours < options_.misbehaviours_max) return false;
    known.misbehaviours = 0;
    forget_ended_bans(now);
    ban_until(known, now + options_.ban);
    ++banned_ever_;
    return true;
}

void Gate::delay_worker(std::string_view peer, std::string_view worker, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    forget_ended_delays(now);
    if (delays_.size() >= delays_max) return;
    lengthen(delays_[delay_key(peer, worker)], true, now);
    lengthen(delays_[delay_key(peer, account_of(worker))], false, now);
}

// A walk over all, and so at most once a minute, and once a second where there are too many. Those
// that the next would lengthen are kept, unless there are.
void Gate::forget_ended_delays(pool::SteadyTime now)
{
    const bool full = delays_.size() >= delays_max;
    const std::chrono::seconds pause{full ? 1 : 60};
    if (delays_aged_out_ != pool::SteadyTime{} && now - delays_aged_out_ < pause) return;
    delays_aged_out_ = now;
    const auto kept_for = full ? std::chrono::seconds{0} : options_.worker_delay_max;
    std::erase_if(delays_, [now, kept_for](const auto& entry) {
        return entry.second.until + kept_for <= now;
    });
}

void Gate::lengthen(Delay& delay, bool at_first, pool::SteadyTime now) const
{
    const bool again = delay.length.count() > 0 && now - delay.until < options_.worker_delay_max;
    delay.length =
        again ? std::min(2 * delay.length, options_.worker_delay_max) : options_.worker_delay_first;
    delay.until = again || at_first ? now + delay.length : now;
    delay.since = now;
}

bool Gate::holds(std::string_view peer, std::string_view name, pool::SteadyTime now) const
{
    const auto at = delays_.find(delay_key(peer, name));
    if (at == delays_.end() || at->second.until <= now) return false;
    // Machines of a farm may all have one name: the broken one must not keep out the others for
    // long.
    return !mines(peer, now) || at->second.since + shared_name_delay > now;
}

bool Gate::mines(std::string_view peer, pool::SteadyTime now) const
{
    const auto address = parse_peer(peer);
    const auto at = address ? addresses_.find(address->prefix()) : addresses_.end();
    return at != addresses_.end() && at->second.mines(now);
}

bool Gate::delayed(std::string_view peer, std::string_view worker, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    if (delays_.empty()) return false;
    return holds(peer, worker, now) || (holds(peer, account_of(worker), now) && !mines(peer, now));
}

std::vector<Gate::Ban> Gate::bans(pool::SteadyTime now)
{
    const auto left = [now](pool::SteadyTime until) {
        return std::chrono::duration_cast<std::chrono::seconds>(until - now);
    };
    const std::lock_guard lock{mutex_};
    std::vector<Ban> list;
    for (const NetworkBans::Entry& ban : network_bans_.active(now)) {
        list.push_back({to_string(ban.network), left(ban.until)});
    }
    for (const auto& [address, known] : addresses_) {
        if (known.banned_until > now) {
            list.push_back({to_string(address), left(known.banned_until)});
        }
    }
    return list;
}

std::size_t Gate::bans_active(pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    forget_ended_bans(now);
    return ban_ends_.size() + network_bans_.count(now);
}

void Gate::forget_ended_bans(pool::SteadyTime now)
{
    ban_ends_.erase(ban_ends_.begin(), ban_ends_.upper_bound(now));
}

// The end of an older ban may have been forgotten already.
void Gate::ban_until(Address& known, pool::SteadyTime until)
{
    const auto before = ban_ends_.find(known.banned_until);
    if (before != ban_ends_.end()) ban_ends_.erase(before);
    known.banned_until = until;
    if (until != pool::SteadyTime{}) ban_ends_.insert(until);
}

pool::Result<void> Gate::ban(const Network& network, pool::SteadyTime until, pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    if (auto put = network_bans_.put(network, until, now); !put) return put;
    ++banned_ever_;
    return {};
}

std::vector<NetworkBans::Entry> Gate::admins_bans(pool::SteadyTime now)
{
    const std::lock_guard lock{mutex_};
    return network_bans_.active(now);
}

bool Gate::unban(const Network& network)
{
    const std::lock_guard lock{mutex_};
    std::size_t lifted = network_bans_.lift(network) ? 1 : 0;
    for (auto& [address, known] : addresses_) {
        if (known.banned_until == pool::SteadyTime{} || !network.holds(address)) continue;
        ban_until(known, {});
        ++lifted;
    }
    return lifted > 0;
}

std::size_t Gate::connections()
{
    const std::lock_guard lock{mutex_};
    return connections_;
}

std::size_t Gate::prefixes()
{
    const std::lock_guard lock{mutex_};
    return prefixes_.size();
}

std::size_t Gate::delays()
{
    const std::lock_guard lock{mutex_};
    return delays_.size();
}

std::size_t Gate::longest_look()
{
    const std::lock_guard lock{mutex_};
    std::size_t longest = 0;
    for (std::size_t bucket = 0; bucket < delays_.bucket_count(); ++bucket) {
        longest = std::max(longest, delays_.bucket_size(bucket));
    }
    return longest;
}

std::uint64_t Gate::answered(Answer answer)
{
    const std::lock_guard lock{mutex_};
    return answers_[static_cast<std::size_t>(answer)];
}

std::uint64_t Gate::banned_ever()
{
    const std::lock_guard lock{mutex_};
    return banned_ever_;
}

}  // namespace stratum
