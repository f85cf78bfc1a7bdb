#include "pool/app/stratum_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pool/base/log.h"
#include "pool/runtime/this_thread.h"

namespace pool {
namespace {

// Time for the last answers to leave and for the journal's tail to reach Redis.
constexpr std::chrono::milliseconds linger{300};
constexpr std::chrono::milliseconds drain_look_every{50};
constexpr std::uint64_t records_asked_max = 1000;
// The last who are asked get this long to go.
constexpr std::chrono::milliseconds leave_within{1000};

void tell_if_ahead(const std::string& producer, UnixMillis last)
{
    const std::uint64_t now = read_clock().wall.value;
    constexpr std::chrono::milliseconds much = ShareClock::ahead_max;
    if (last.value <= now + static_cast<std::uint64_t>(much.count())) return;
    log::error("journal_is_ahead_of_the_clock",
               {{"producer", producer},
                {"by_ms", last.value - now},
                {"todo",
                 "set this machine's clock right; if the journal's time is the wrong one, "
                 "shares are paid only once it is reached: give this server another "
                 "pool.server_id to go on at once"}});
}

}  // namespace

Result<std::unique_ptr<StratumLoop>> StratumLoop::open(Options options)
{
    auto journal = Journal::open(options.journal_directory, {});
    if (!journal) return fail(journal.error());
    journal->advance_to(options.start_after);
    tell_if_ahead(options.producer, journal->last_at());
    return std::unique_ptr<StratumLoop>{new StratumLoop{std::move(options), std::move(*journal)}};
}

struct StratumLoop::Counting {
    stratum::Census census;
    std::function<void(LoopSnapshot)> done;
};

StratumLoop::StratumLoop(Options options, Journal journal)
    : options_(std::move(options)),
      journal_(std::move(journal)),
      log_(
          options_.producer, journal_, [] { return read_clock().steady; }, options_.limits),
      shipper_(loop_, options_.redis, options_.producer, journal_, options_.unbooked_max)
{
}

StratumLoop::~StratumLoop() { stop(); }

Result<std::vector<std::uint16_t>> StratumLoop::start(
    std::shared_ptr<const stratum::AccountDirectory> directory,
    const std::vector<std::uint16_t>& ports, stratum::Shard::OnCandidate on_candidate)
{
    for (std::size_t i = 0; i < ports.size(); ++i) {
        options_.server.ports[i].listen.port = ports[i];
    }
    server_ = std::make_unique<stratum::Server>(loop_, options_.server, log_, std::move(directory),
                                                std::move(on_candidate));
    auto opened = server_->start();
    if (!opened) return fail(opened.error());
    shipper_.set_mark(options_.booked);
    shipper_.start();
    thread_ = std::thread{[this] {
        this_thread::name("stratum");
        loop_.run();
        over_ = true;
    }};
    return *opened;
}

void StratumLoop::set_tls(std::shared_ptr<const stratum::TlsContext> context)
{
    loop_.post([this, context = std::move(context)] { server_->set_tls(context); });
}

void StratumLoop::drain(std::optional<std::chrono::seconds> over)
{
    loop_.post([this, over] { server_->drain(over.value_or(options_.drain)); });
}

void StratumLoop::fix_difficulty(std::string account, std::string worker, Difficulty difficulty,
                                 std::function<void(std::size_t)> done)
{
    visit(
        [this, account = std::move(account), worker = std::move(worker),
         difficulty](const stratum::SessionSnapshot& session) {
            const bool meant = std::any_of(
                session.workers.begin(), session.workers.end(), [&](const auto& mining) {
                    return mining.account == account && (worker.empty() || mining.worker == worker);
                });
            return meant && server_->fix_difficulty(session.id, difficulty);
        },
        std::move(done));
}

void StratumLoop::set_bounds(std::uint16_t port, Difficulty least, Difficulty most,
                             std::function<void(std::optional<std::size_t>)> done)
{
    loop_.post([this, port, least, most, done = std::move(done)] {
        done(server_->set_bounds(port, least, most));
    });
}

void StratumLoop::reset_worker(std::string account, std::string worker,
                               std::function<void(std::size_t)> done)
{
    loop_.post([this, account = std::move(account), worker = std::move(worker),
                done = std::move(done)] { done(server_->reset_worker(account, worker)); });
}

// Out of the page cache: a hundred bytes each, and no more than a thousand.
void StratumLoop::newest_records(std::size_t limit,
                                 std::function<void(std::vector<RecordBytes>)> done)
{
    loop_.post([this, limit, done = std::move(done)] {
        const std::uint64_t last = journal_.last_seq();
        const std::uint64_t wanted = std::min<std::uint64_t>({limit, records_asked_max, last});
        std::vector<RecordBytes> records;
        const std::uint64_t from = std::max(last - wanted + 1, journal_.first_seq());
        // What cannot be read is left out: the journal says so itself where it matters.
        if (wanted > 0) static_cast<void>(journal_.read(from, wanted, records));
        done(std::move(records));
    });
}

void StratumLoop::disconnect(std::function<bool(const stratum::SessionSnapshot&)> meant,
                             std::function<void(std::size_t)> done)
{
    visit(
        [this, meant = std::move(meant)](const stratum::SessionSnapshot& session) {
            return meant(session) && server_->kick(session.id);
        },
        std::move(done));
}

struct StratumLoop::Visiting {
    stratum::Census census;
    Act act;
    std::function<void(std::size_t)> done;
    std::size_t count = 0;
};

void StratumLoop::visit(Act act, std::function<void(std::size_t)> done)
{
    const auto visiting = std::make_shared<Visiting>(Visiting{{}, std::move(act), std::move(done)});
    visiting->census.sessions_only = true;
    loop_.post([this, visiting] { visit_on(visiting); });
}

// A part a turn, as count_on().
void StratumLoop::visit_on(const std::shared_ptr<Visiting>& visiting)
{
    const bool more = server_->count_some(visiting->census);
    for (const stratum::SessionSnapshot& session : visiting->census.sessions) {
        if (visiting->act(session)) ++visiting->count;
    }
    visiting->census.sessions.clear();
    if (more) return loop_.post([this, visiting] { visit_on(visiting); });
    visiting->done(visiting->count);
}

void StratumLoop::begin_stop()
{
    if (!thread_.joinable() || stopping_) return;
    stopping_ = true;
    loop_.post([this] {
        server_->drain(options_.drain);
        drain_until_ = read_clock().steady + options_.drain + leave_within;
        draining_ = loop_.every(drain_look_every, [this] {
            const bool over = read_clock().steady >= drain_until_;
            if (over || server_->connections() == 0) close_all();
        });
        if (server_->connections() == 0 || options_.drain.count() == 0) close_all();
    });
}

void StratumLoop::hurry()
{
    if (thread_.joinable()) loop_.post([this] { close_all(); });
}

void StratumLoop::close_all()
{
    draining_.stop();
    if (lingering_.active()) return;
    server_->stop();
    lingering_ = loop_.after(linger, [this] { loop_.stop(); });
}

void StratumLoop::stop()
{
    begin_stop();
    if (thread_.joinable()) thread_.join();
}

void StratumLoop::publish(std::shared_ptr<const Job> job, std::function<void()> written)
{
    loop_.post([this, job = std::move(job), written = std::move(written)] {
        server_->publish(job);
        written();
    });
}

void StratumLoop::prepare(std::shared_ptr<const Job> job)
{
    loop_.post([this, job = std::move(job)] { server_->prepare(job); });
}

void StratumLoop::set_directory(std::shared_ptr<const stratum::AccountDirectory> directory)
{
    loop_.post([this, directory = std::move(directory)] { server_->set_directory(directory); });
}

void StratumLoop::set_identity(std::shared_ptr<const stratum::v2::Identity> identity)
{
    loop_.post([this, identity = std::move(identity)] { server_->set_identity(identity); });
}

void StratumLoop::announce(std::string text)
{
    loop_.post([this, text = std::move(text)] { server_->announce(text); });
}

void StratumLoop::set_mark(std::uint64_t seq, bool resend)
{
    loop_.post([this, seq, resend] {
        shipper_.set_mark(seq);
        if (resend) shipper_.resend(seq);
    });
}

void StratumLoop::snapshot(std::function<void(LoopSnapshot)> done)
{
    const auto counting = std::make_shared<Counting>(Counting{{}, std::move(done)});
    loop_.post([this, counting] { count_on(counting); });
}

// A part a turn: shares that came meanwhile are answered in between.
void StratumLoop::count_on(const std::shared_ptr<Counting>& counting)
{
    if (server_->count_some(counting->census)) {
        return loop_.post([this, counting] { count_on(counting); });
    }
    LoopSnapshot snapshot;
    snapshot.sessions = std::move(counting->census.sessions);
    snapshot.past_workers = std::move(counting->census.past_workers);
    snapshot.backlog = shipper_.backlog();
    snapshot.redis_trouble = shipper_.trouble();
    snapshot.redis_ok = shipper_.connected() && snapshot.redis_trouble.empty();
    snapshot.unshipped_since = shipper_.unshipped_since();
    snapshot.journal_ok = server_->metrics().share_log_failed.value() == 0;
    counting->done(std::move(snapshot));
}

}  // namespace pool
