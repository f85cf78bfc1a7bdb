#include "pool/share/producer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <random>
#include <utility>
#include <variant>

#include "pool/base/log.h"

namespace pool {
namespace {

// A clock that is set back by more than this deserves a line in the log.
constexpr std::uint64_t clock_back_ms = 2000;

std::uint64_t random_life()
{
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

void stamp(Record& record, std::uint64_t seq, UnixMillis at)
{
    std::visit(
        [seq, at](auto& each) {
            each.seq = seq;
            each.at = at;
        },
        record);
}

}  // namespace

Producer::Producer(std::string name, Journal& journal, std::function<SteadyTime()> steady,
                   ProducerLimits limits)
    : name_(std::move(name)),
      journal_(journal),
      steady_(std::move(steady)),
      limits_(std::move(limits)),
      last_at_(journal.last_at()),
      by_script_(limits_.remembered),
      by_row_(limits_.remembered),
      // A third of it is remembered for sure: all names of one account.
      workers_(std::max<std::size_t>(limits_.remembered, std::size_t{3} * limits_.workers),
               [this](const auto& key) { forget_name(key.first); }),
      accounts_left_(limits_.accounts_an_hour),
      accounts_since_(steady_())
{
    newest_.set(static_cast<std::int64_t>(last_at_.value));
    undeclared_.emplace_back(StartRecord{0, {}, random_life()});
}

MemberHandle Producer::member(const AccountKey& account)
{
    const bool by_address = !account.script.empty();
    const MemberHandle* const known =
        by_address ? by_script_.find(account.script) : by_row_.find(account.registered.value);
    if (known != nullptr) return *known;
    if (by_address && !may_begin_account(account.script)) return {};
    const MemberHandle made{++members_made_};
    AccountRecord declared;
    declared.member = made;
    if (by_address) {
        by_script_.add(account.script, made);
        declared.script = account.script;
    } else {
        by_row_.add(account.registered.value, made);
        declared.registered = account.registered;
    }
    undeclared_.emplace_back(std::move(declared));
    return made;
}

// All miners come back at once after a restart, and theirs are no new accounts.
bool Producer::may_begin_account(const Script& script)
{
    if (limits_.accounts_an_hour == 0) return true;
    if (limits_.known != nullptr && limits_.known->holds(script)) return true;
    constexpr std::chrono::nanoseconds hour = std::chrono::hours{1};
    const SteadyTime now = steady_();
    const auto each = hour / limits_.accounts_an_hour;
    const auto more = (now - accounts_since_) / each;
    const std::uint32_t lacking = limits_.accounts_an_hour - accounts_left_;
    accounts_left_ += static_cast<std::uint32_t>(std::min<std::int64_t>(more, lacking));
    accounts_since_ = more < lacking ? accounts_since_ + more * each : now;
    if (accounts_left_ == 0) return false;
    --accounts_left_;
    return true;
}

WorkerHandle Producer::worker(MemberHandle member, std::string_view name)
{
    std::pair key{member.value, std::string{name}};
    if (const auto* known = workers_.find(key)) return *known;
    const auto named = named_.find(member.value);
    const bool full = named != named_.end() && named->second >= limits_.workers;
    if (full && name != worker_beyond) {
        names_folded_.add();
        return worker(member, worker_beyond);
    }
    // Then nobody gets one any more, until the next life: the books know such shares by account.
    if (workers_made_ == std::numeric_limits<std::uint32_t>::max()) return {};
    ++named_[member.value];
    const WorkerHandle made{++workers_made_};
    workers_.add(std::move(key), made);
    WorkerRecord declared;
    declared.member = member;
    declared.worker = made;
    declared.name = std::string{name};
    undeclared_.emplace_back(std::move(declared));
    return made;
}

void Producer::forget_name(std::uint64_t member)
{
    const auto named = named_.find(member);
    check(named != named_.end(), "each name that is remembered is counted");
    if (--named->second == 0) named_.erase(named);
}

Result<void> Producer::append(std::span<ShareRecord> records, UnixMillis now)
{
    if (records.empty()) return {};
    const UnixMillis at = time_for(now);
    declare(at);
    for (ShareRecord& record : records) {
        record.seq = journal_.last_seq() + 1 + batch_.size();
        record.at = at;
        record.slot = slot_of(at);
        batch_.push_back(encode(record));
    }
    return write(at);
}

Result<void> Producer::note_job(const JobRecord& job, UnixMillis now)
{
    const UnixMillis at = time_for(now);
    declare(at);
    JobRecord stamped = job;
    stamped.seq = journal_.last_seq() + 1 + batch_.size();
    stamped.at = at;
    batch_.push_back(encode(stamped));
    return write(at);
}

Result<void> Producer::tick(UnixMillis now)
{
    const UnixMillis at = time_for(now);
    if (journal_.last_seq() > 0 && undeclared_.empty() && slot_of(at) == slot_of(last_at_))
        return {};
    declare(at);
    batch_.push_back(encode(MarkRecord{journal_.last_seq() + 1 + batch_.size(), at}));
    return write(at);
}

// Slots are sealed by what a producer said last: it must never speak of an earlier time again.
UnixMillis Producer::time_of(UnixMillis now) const
{
    return clock_.time({steady_(), now}, last_at_);
}

UnixMillis Producer::time_for(UnixMillis now)
{
    if (now.value + clock_back_ms < last_at_.value && !back_complained_) {
        back_complained_ = true;
        log::warn("clock_went_back", {{"producer", name_}, {"by_ms", last_at_.value - now.value}});
    }
    const Now both{steady_(), now};
    const UnixMillis at = clock_.time(both, last_at_);
    const bool ahead = clock_.runs_ahead(both, last_at_);
    if (ahead && !ahead_complained_) {
        log::error("clock_jumped_ahead",
                   {{"producer", name_},
                    {"by_ms", now.value - at.value},
                    {"todo",
                     "shares keep the time of before; set the clock right, or restart "
                     "zubrd if it is right now"}});
    }
    ahead_complained_ = ahead;
    clock_.follow(both);
    return at;
}

void Producer::declare(UnixMillis at)
{
    batch_.clear();
    for (Record& record : undeclared_) {
        stamp(record, journal_.last_seq() + 1 + batch_.size(), at);
        batch_.push_back(encode(record));
    }
}

Result<void> Producer::write(UnixMillis at)
{
    if (auto written = journal_.append(batch_); !written) return written;
    undeclared_.clear();
    last_at_ = at;
    newest_.set(static_cast<std::int64_t>(at.value));
    return {};
}

}  // namespace pool
