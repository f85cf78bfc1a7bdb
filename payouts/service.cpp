#include "payouts/service.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "payouts/accountant.h"
#include "payouts/blocks.h"
#include "payouts/day.h"
#include "payouts/migrations.h"
#include "payouts/mysql_account_work.h"
#include "payouts/mysql_accounts.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_clock.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_extranonce_claim.h"
#include "payouts/mysql_hold.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_producers.h"
#include "payouts/mysql_schedules.h"
#include "payouts/mysql_shares.h"
#include "payouts/mysql_slots.h"
#include "payouts/stream_reader.h"
#include "payouts/unbooked_age.h"
#include "pool/base/log.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

struct Service::Impl {
    ServiceOptions options;
    MysqlConnection db;
    StreamReader streams;
    Lease lease;
    std::optional<ExtranonceClaim> extranonces;
    Accountant accountant;
    std::uint64_t rolled_up = 0;        // the period up to which sums for charts are rolled up
    std::set<pool::BlockHash> refused;  // that could not be booked: told once
    std::map<pool::BlockHash, pool::Sighting> sighted;  // not written yet
    std::function<std::optional<JournalState>(const std::string&)> journals;
    std::function<UnbookedSince()> unbooked;
    struct Told {
        pool::UnixMillis since;
        pool::SteadyTime at{};
    };
    std::map<std::string, Told> told;  // what MySQL knows of our journals
    UnbookedAge age;
    std::map<std::string, std::uint64_t> marks;  // of the newest step

    explicit Impl(ServiceOptions o)
        : options(std::move(o)),
          db(options.mysql),
          streams(options.redis),
          lease(db, "accountant",
                options.own_producers.empty() ? "" : options.own_producers.front(), options.lease),
          accountant(db, streams, lease,
                     {options.chain, SealRules{options.seal_lag}, options.own_producers,
                      options.owner, options.handles_max})
    {
    }

    Result<void> prepare(pool::UnixMillis now);
    Result<void> check_settings();
    Result<void> check_window();
    Result<void> check_fee();
    Result<void> keep_extranonces(pool::Now now);
    Result<void> roll_up(pool::Now now);
    Result<void> step_blocks(pool::Now now, StepReport& report);
    Result<void> check_journal(const KnownProducer& producer) const;
    Result<std::uint64_t> given_up_through(const KnownProducer& producer);
    Result<void> tell_journals(pool::Now now);
    Result<void> write_sightings();
};

namespace {

constexpr unsigned bps_whole = 10'000;
// Of each worker at most 288 rows of ten minutes, 696 of an hour (31 days in all) and 400 of a day.
constexpr std::uint64_t worker_periods_kept = 288;
constexpr std::uint64_t worker_hours_kept = std::uint64_t{31} * 144;  // in periods
constexpr std::uint64_t worker_days_kept = 400;
constexpr std::chrono::seconds tell_again{20};
static_assert(tell_again * 3 < told_is_fresh);

tl::unexpected<Error> another(MysqlConnection& db, std::string_view what, const std::string& there,
                              const std::string& now, std::string_view advice)
{
    return fail(Error::Code::refused, "the books in database " + db.options().database +
                                          " were begun with " + std::string{what} + " " + there +
                                          ", and now it is " + now + ": " + std::string{advice});
}

}  // namespace

void use_chain_defaults(ServiceOptions& options, pool::Chain chain)
{
    const bool main = chain == pool::Chain::main;
    options.chain = chain;
    options.maturity_extra = main ? 20 : 0;
    options.orphan_depth = main ? 100 : 6;
}

Result<void> Service::Impl::check_settings()
{
    const std::string chain{pool::to_string(options.chain)};
    const auto begun = fix_setting(db, "chain", chain);
    if (!begun) return fail(begun.error());
    if (*begun != chain) {
        return another(db, "chain", *begun, chain, "use a database of its own for each chain");
    }
    if (auto done = check_window(); !done) return done;
    return check_fee();
}

// The configuration says what the books begin with; later changes are announced in the books. It
// may say one of those as well, but nothing that the books do not know: that would be a surprise.
Result<void> Service::Impl::check_window()
{
    const auto begun = fix_setting(db, "window_score", pool::to_decimal(options.window_score));
    if (!begun) return fail(begun.error());
    if (*begun == pool::to_decimal(options.window_score)) return {};
    const auto changes = read_window_changes(db);
    if (!changes) return fail(changes.error());
    for (const WindowChange& change : *changes) {
        if (change.size == options.window_score) return {};
    }
    return another(db, "pplns.window", window_text(pool::u128_from_decimal(*begun).value_or(0)),
                   window_text(options.window_score),
                   "set it back and announce the change with zubr-cli setwindow");
}

Result<void> Service::Impl::check_fee()
{
    const auto begun = fix_setting(db, "fee_bps", std::to_string(options.fee_bps));
    if (!begun) return fail(begun.error());
    if (*begun == std::to_string(options.fee_bps)) return {};
    const auto changes = read_changes(db, Schedule::fee, pool::AccountId{0});
    if (!changes) return fail(changes.error());
    for (const BpsChange& change : *changes) {
        if (change.bps == options.fee_bps) return {};
    }
    return another(db, "pplns.fee_bps", *begun, std::to_string(options.fee_bps),
                   "set it back and announce the change with zubr-cli setfee");
}

Result<void> Service::Impl::prepare(pool::UnixMillis now)
{
    if (options.window_score == 0 || options.fee_bps > bps_whole) {
        return fail(Error::Code::invalid,
                    "the PPLNS window must be above 0 and the fee at most 10000 bps");
    }
    if (auto right = check_clock(db, now); !right) return right;
    const auto migrations = parse_migrations(schema_sql());
    pool::check(migrations.has_value(), "the schema that was built in can be read");
    if (auto done = migrate(db, *migrations); !done) return done;
    if (auto done = check_settings(); !done) return done;
    if (options.seed) {
        const auto seeded = seed_reserve(db, options.window_score, now);
        if (!seeded) return fail(seeded.error());
        if (!*seeded) pool::log::warn("window_seed_too_late", {});
    }
    for (const std::string& producer : options.own_producers) {
        auto done = options.owner.empty() ? ensure_producer(db, producer)
                                          : claim_producer(db, producer, options.owner);
        if (!done) return done;
    }
    if (!options.extranonce_server) return {};
    extranonces.emplace(db, *options.extranonce_server, options.server_id + ' ' + options.owner,
                        options.extranonce_claim);
    return extranonces->take();
}

Result<void> Service::Impl::keep_extranonces(pool::Now now)
{
    const auto number = options.extranonce_server;
    if (!extranonces || !number) return {};
    const auto kept = extranonces->keep(now.steady);
    if (!kept) return fail(kept.error());
    if (!*kept) {
        pool::log::error("extranonce_server_taken",
                         {{"extranonce_server", *number},
                          {"todo",
                           "another server began while MySQL did not hear of this one: "
                           "give each a stratum.extranonce_server of its own"}});
    }
    return {};
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options, pool::UnixMillis now)
{
    auto impl = std::make_unique<Impl>(std::move(options));
    if (auto ready = impl->prepare(now); !ready) return fail(ready.error());
    return std::unique_ptr<Service>{new Service{std::move(impl)}};
}

Result<StepReport> Service::step(pool::Now now)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    if (auto kept = impl_->keep_extranonces(now); !kept) return fail(kept.error());
    StepReport report;
    if (auto told = impl_->tell_journals(now); !told) return fail(told.error());
    const auto active = impl_->lease.keep(now.steady);
    if (!active) return fail(active.error());
    report.active = *active;
    if (auto seen = impl_->write_sightings(); !seen) return fail(seen.error());
    const auto counted = impl_->accountant.step(now, report);
    for (const ProducerReport& each : report.producers) impl_->marks[each.name] = each.mark;
    // Blocks go on while Redis is away: they need MySQL only.
    if (!counted && !impl_->db.connected()) return fail(counted.error());
    if (impl_->lease.held()) {
        if (auto done = impl_->step_blocks(now, report); !done) return fail(done.error());
        if (auto done = impl_->roll_up(now); !done) return fail(done.error());
    }
    const auto head = read_chain_head(impl_->db);
    if (!head) return fail(head.error());
    report.chain_head = *head;
    if (!counted && report.streams_trouble.empty()) return fail(counted.error());
    return report;
}

Result<void> Service::Impl::tell_journals(pool::Now now)
{
    if (!unbooked) return {};
    for (const auto& [producer, oldest] : unbooked()) {
        const auto [known, first] = told.try_emplace(producer);
        const bool old = age.waits(producer, oldest, marks[producer], now);
        const pool::UnixMillis since = old ? oldest : pool::UnixMillis{};
        const bool fresh = !first && now.steady - known->second.at < tell_again;
        if (fresh && known->second.since == since) continue;
        // A journal of an earlier life is retired once it is booked, and not before.
        const auto& own = options.own_producers;
        const bool lives = old || std::find(own.begin(), own.end(), producer) != own.end();
        if (auto done = tell_unbooked(db, producer, options.owner, since, lives); !done) {
            return done;
        }
        known->second = {since, now.steady};
    }
    return {};
}

// One part a step, so that it never holds shares up.
Result<void> Service::Impl::roll_up(pool::Now now)
{
    if (now.wall.value / period_ms == rolled_up) return {};
    // No minute is sealed by a clock that has jumped ahead, and nothing deleted as old by it.
    const auto sealed = read_sealed_through(db, false);
    if (!sealed) return fail(sealed.error());
    const pool::UnixMillis counted{std::min(now.wall.value, (*sealed + 1) * pool::slot_ms)};
    const std::uint64_t period = counted.value / period_ms;
    if (period == rolled_up) return {};
    const auto before = [](std::uint64_t at, std::uint64_t kept) {
        return at > kept ? at - kept : 0;
    };
    auto more = roll_up_work(db, lease, counted);
    if (more && !*more) {
        more = merge_into_hours(db, lease, before(period, worker_periods_kept));
    }
    if (more && !*more) {
        more = roll_up_workers(
            db, lease,
            {before(period, worker_hours_kept), before(counted.value / day_ms, worker_days_kept)});
    }
    if (!more && !lease.held()) return {};  // somebody else goes on
    if (!more) return fail(more.error());
    if (!*more) rolled_up = period;
    return {};
}

Result<void> Service::Impl::step_blocks(pool::Now now, StepReport& report)
{
    const auto sealed = read_sealed_through(db, false);
    if (!sealed) return fail(sealed.error());
    const auto blocks = read_open_blocks(db, *sealed);
    if (!blocks) return fail(blocks.error());
    const BlockRules rules{options.maturity_extra, options.orphan_depth};
    for (const OpenBlock& block : *blocks) {
        const BlockPlan next = plan(block.view, *sealed, rules);
        if (next.step == BlockStep::none && next.state == block.view.state) continue;
        auto done = carry_out(db, lease, {block, next, now.wall});
        if (!done && !lease.held()) return {};  // somebody else goes on
        if (!done && done.error().code == Error::Code::unavailable) return done;
        if (!done) {
            // The others go on: one block that cannot be booked must not hold them up.
            report.trouble =
                "block " + pool::to_display_hex(block.hash) + ": " + done.error().detail;
            if (refused.insert(block.hash).second) {
                pool::log::error("block_not_booked", {{"hash", pool::to_display_hex(block.hash)},
                                                      {"reason", done.error().detail}});
            }
            continue;
        }
        if (next.alarm) {
            pool::log::error("mature_block_left_chain", {{"hash", pool::to_display_hex(block.hash)},
                                                         {"height", block.height.value}});
            tell_hold(options.mysql, lost_block_text(block.height), now.wall);
        }
        if (next.step == BlockStep::none) continue;
        ++report.blocks_changed;
        report.more = true;  // the next part of its life may be due as well
        pool::log::info("block_booked", {{"hash", pool::to_display_hex(block.hash)},
                                         {"height", block.height.value},
                                         {"state", to_string(next.state)}});
    }
    return {};
}

Result<void> Service::record_found(const FoundBlock& block)
{
    return insert_found(impl_->db, block);
}

Result<void> Service::record_answers(std::span<const BlockAnswer> answers)
{
    if (auto connected = impl_->db.connect(); !connected) return connected;
    for (const BlockAnswer& answer : answers) {
        if (auto done = insert_answer(impl_->db, answer); !done) return done;
    }
    return {};
}

Result<std::vector<WatchedBlock>> Service::watched()
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return read_watched(impl_->db);
}

void Service::sight(std::span<const BlockSighting> sightings)
{
    for (const BlockSighting& each : sightings) {
        if (each.sighting.place == pool::Sighting::Place::unknown) continue;
        impl_->sighted[each.hash] = each.sighting;
    }
}

// Of several servers the one that credits believes its own nodes. Whoever only looks on forgets
// what he saw: it is old by the time that he acts, and is seen again in seconds.
Result<void> Service::Impl::write_sightings()
{
    if (sighted.empty()) return {};
    if (!lease.held()) {
        sighted.clear();
        return {};
    }
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease.fence(); !ours) return lease.held() ? ours : Result<void>{};
    for (const auto& [hash, sighting] : sighted) {
        if (auto done = write_sighting(db, {hash, sighting}); !done) return done;
    }
    if (auto done = transaction->commit(); !done) return done;
    sighted.clear();
    return {};
}

Result<pool::AccountId> Service::create_account(std::string_view name, const pool::Address& payout)
{
    if (auto good = check_account_name(name, impl_->options.chain); !good) {
        return fail(good.error());
    }
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return insert_account(impl_->db, name, payout);
}

void Service::set_unbooked(std::function<UnbookedSince()> unbooked)
{
    impl_->unbooked = std::move(unbooked);
}

void Service::set_journals(std::function<std::optional<JournalState>(const std::string&)> journals)
{
    impl_->accountant.set_journals(journals);
    impl_->journals = std::move(journals);
}

// What a journal holds is sent again by itself: nobody may give that up.
Result<void> Service::Impl::check_journal(const KnownProducer& producer) const
{
    if (!journals) return {};
    const std::optional<JournalState> journal = journals(producer.name);
    if (journal && journal->lacks_from != producer.mark + 1) {
        return fail(Error::Code::conflict,
                    "the journal of " + producer.name +
                        " holds what its stream lacks, or has not been asked yet, and sends it "
                        "again by itself; should it lack some, too, the log says "
                        "share_stream_gap_not_in_journal: ask then");
    }
    if (!journal && !producer.retired) {
        return fail(Error::Code::refused,
                    "another server writes as " + producer.name +
                        ", and its journal may hold the records: say acceptgap there; or, if that "
                        "server is gone for good, retireproducer " +
                        producer.name + " first");
    }
    return {};
}

// The names by which shares are somebody's are told at a start. Of a producer that is gone for good
// none will come, and what it shipped behind the hole may name accounts that were told in it.
Result<std::uint64_t> Service::Impl::given_up_through(const KnownProducer& producer)
{
    const auto start = streams.first_start(producer.name, producer.mark);
    if (!start) return fail(start.error());
    if (*start > 0) return *start - 1;
    if (producer.retired) return streams.last(producer.name);
    return fail(Error::Code::refused,
                "restart the zubrd that writes as " + producer.name +
                    " first: only at its start does it tell again whose its shares are; or, if it "
                    "is gone for good, retireproducer " +
                    producer.name + " first");
}

Result<void> Service::retire(std::string_view producer)
{
    const auto& own = impl_->options.own_producers;
    if (std::find(own.begin(), own.end(), producer) != own.end()) {
        return fail(Error::Code::invalid, "this server itself writes as that producer");
    }
    if (auto connected = impl_->db.connect(); !connected) return connected;
    const auto lives = spoke_lately(impl_->db, producer);
    if (!lives) return fail(lives.error());
    if (*lives) {
        return fail(Error::Code::conflict,
                    "the server that writes as " + std::string{producer} +
                        " lives: stop it for good, and ask again two minutes later");
    }
    return retire_producer(impl_->db, producer);
}

Result<std::uint64_t> Service::accept_gap(std::string_view producer, std::string_view by,
                                          pool::UnixMillis at)
{
    const std::string name{producer.substr(0, 64)};
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    const auto known = read_producers(impl_->db);
    if (!known) return fail(known.error());
    const auto found = std::find_if(known->begin(), known->end(),
                                    [&](const auto& each) { return each.name == producer; });
    if (found == known->end()) {
        return fail(Error::Code::not_found, "the books know no producer " + name);
    }
    const auto next = impl_->streams.read(producer, found->mark, 1);
    if (!next) return fail(next.error());
    if (!next->gap) {
        return fail(Error::Code::invalid, "nothing is missing in the stream of " + name);
    }
    if (auto good = impl_->check_journal(*found); !good) return fail(good.error());
    const auto through = impl_->given_up_through(*found);
    if (!through) return fail(through.error());
    const GivenUp what{found->mark, *through - found->mark};
    if (auto done = give_up(impl_->db, producer, what, by, at); !done) return fail(done.error());
    // The next batch would; of one that is gone for good there is none.
    if (auto trimmed = impl_->streams.trim(producer, *through); !trimmed) {
        pool::log::warn("share_stream_not_trimmed",
                        {{"producer", name}, {"reason", trimmed.error().detail}});
    }
    pool::log::warn("share_gap_accepted", {{"producer", name},
                                           {"user", by},
                                           {"after_seq", what.after_seq},
                                           {"records", what.records}});
    return what.records;
}

Result<std::vector<RegisteredAccount>> Service::registered()
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return read_registered(impl_->db);
}

Result<pool::KnownScripts> Service::known_scripts(std::size_t most)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return read_known_scripts(impl_->db, most);
}

Result<pool::Digest> Service::chain_head()
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return read_chain_head(impl_->db);
}

Result<std::uint64_t> Service::mark(std::string_view producer)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return read_mark(impl_->db, producer);
}

}  // namespace payouts
