// Everything a client may ask for but shares: see session_submit.cpp for those.
#include <algorithm>
#include <cmath>
#include <utility>

#include "stratum/user_agent.h"
#include "stratum/v1/codec.h"
#include "stratum/v1/password.h"
#include "stratum/v1/session.h"

namespace stratum::v1 {
namespace {

// NiceHash drops a pool that ever sends less than its SHA256AsicBoost minimum of 500,000.
constexpr std::string_view nicehash = "NiceHash/";
constexpr pool::Difficulty nicehash_floor{19};
constexpr std::size_t full_refusals_per_worker = 10;

// For the people who look at connections, and for nothing else.
std::string about_of(const Configure& call)
{
    std::string about;
    for (const std::string_view part : {call.hardware, call.software, call.hardware_id}) {
        const std::string shown = fold_user_agent(part);
        if (!shown.empty()) about.append(about.empty() ? " (" : ", ").append(shown);
    }
    return about.empty() ? about : about + ')';
}

// The easiest grid difficulty that is not below `value`: a floor is a promise not to go under it.
std::optional<pool::Difficulty> difficulty_at_least(double value)
{
    auto difficulty = pool::difficulty_at_most(value);
    if (difficulty && std::ldexp(1.0, difficulty->exponent) < value &&
        *difficulty < pool::difficulty_max) {
        ++difficulty->exponent;
    }
    return difficulty;
}

}  // namespace

// Clients that ask without an id read the next line as the answer to something else.
void Session::thank(const Turn& turn)
{
    if (turn.wants_reply) append_result(out(), turn.id, true);
}

void Session::count_bad_request(const Turn& turn)
{
    if (++bad_requests_ >= turn.world.options.bad_requests_max) {
        end(EndReason::too_many_bad_requests);
    }
}

// One customer's wrong name is no reason to send a whole proxy away: with a worker it may have as
// many of them as it may have workers. Looked at behind a read, for the good names may come last.
// And a proxy of more machines than it may have workers asks once for each of them.
void Session::end_if_guessing(const SessionOptions& options)
{
    const std::size_t alone = options.bad_requests_max;
    const std::size_t most = authorised() ? std::max(options.workers_max, alone) : alone;
    const bool insists = full_refusals_ >= full_refusals_per_worker * options.workers_max;
    if (refused_names_ >= most || insists) end(EndReason::too_many_bad_requests);
}

void Session::on(const Configure& call, const Turn& turn)
{
    const pool::Job* job = turn.world.current.job.get();
    const std::uint32_t offered = job != nullptr ? job->rolling_mask : pool::rolling_mask_v1;
    const std::uint32_t mask = call.version_mask & offered;
    const auto asks_for = [&call](std::string_view code) {
        return std::find(call.codes.begin(), call.codes.end(), code) != call.codes.end();
    };
    if (asks_for("version-rolling") && mask != 0) {
        // Said twice, or narrowed in steps: what was good before the first step still is.
        mask_before_ = mask_wanted_ | (in_mask_grace(turn.now.steady) ? mask_before_ : 0);
        mask_changed_ = turn.now.steady;
        mask_wanted_ = call.version_mask;
        rolling_ = true;
    }
    if (asks_for("minimum-difficulty") && call.minimum_difficulty) {
        const auto floor = difficulty_at_least(*call.minimum_difficulty);
        policy_.set_configured_floor(floor.value_or(pool::difficulty_min));
    }
    if (asks_for("subscribe-extranonce")) takes_set_extranonce_ = true;
    if (asks_for("info")) about_ = about_of(call);
    append_configure_reply(out(), turn.id, call, mask);
    // Who changes it while it mines learns at once what holds from now on.
    if (job != nullptr && mask_announced_) announce_mask(*job);
}

void Session::on(const Subscribe& call, const Turn& turn)
{
    if (!prefix_) {
        prefix_ = resume(call.session, turn);
        if (!prefix_) prefix_ = turn.world.prefixes.lease(turn.now.steady);
        subscribed_ = turn.now.steady;
        if (!prefix_) {
            append_error(out(), turn.id, ErrorCode::other, "No extranonce left, try again later");
            return end(EndReason::no_prefix_left);
        }
    }
    if (!call.user_agent.empty()) user_agent_ = fold_user_agent(call.user_agent);
    if (call.user_agent.starts_with(nicehash)) policy_.set_least(nicehash_floor);

    // A second subscribe is answered with the same prefix: only mining.set_extranonce changes it.
    append_subscribe_reply(out(), turn.id,
                           {.subscription = subscription_,
                            .prefix = *prefix_,
                            .zeros = zeros(turn.world.options),
                            .extranonce2_bytes = extranonce2_bytes_});
    start_if_ready(turn.world);
}

// Its shares are known to this loop still, so what was sent before the break can be submitted,
// once.
std::optional<ExtranoncePrefix> Session::resume(std::optional<std::uint64_t> session,
                                                const Turn& turn)
{
    World& world = turn.world;
    if (!world.options.resume || !session) return std::nullopt;
    auto parted = world.parted.take(*session, turn.now.steady);
    if (!parted) return std::nullopt;
    if (!world.prefixes.take_back(parted->prefix, parted->since, turn.now.steady)) {
        return std::nullopt;
    }
    world.metrics.resumed.add();
    resumed_ = std::make_unique<Resumed>(
        Resumed{.left = *std::move(parted), .subscription = subscription_});
    subscription_ = *session;
    return resumed_->left.prefix;
}

// Whoever names another's session gets nothing of it: none of its jobs, and, where it can be told,
// not the prefix either, so that its owner may still come back for both. Returns the one it has now
// instead.
std::optional<ExtranoncePrefix> Session::leave_to_owner(const Turn& turn)
{
    const std::unique_ptr<Resumed> resumed = std::move(resumed_);
    World& world = turn.world;
    if (!takes_set_extranonce_ || !sent_.empty()) return std::nullopt;
    const auto own = world.prefixes.lease(turn.now.steady);
    if (!own) return std::nullopt;
    world.prefixes.release(resumed->left.prefix, turn.now.steady);
    resumed->left.since = turn.now.steady;
    world.parted.keep(subscription_, std::move(resumed->left));
    subscription_ = resumed->subscription;
    prefix_ = own;
    return own;
}

std::optional<Parted> Session::part(pool::SteadyTime since) const
{
    if (!prefix_) return std::nullopt;
    if (!authorised() && resumed_ != nullptr) {
        Parted still = resumed_->left;
        still.since = since;
        return still;
    }
    if (!authorised()) return std::nullopt;
    Parted parted{
        .prefix = *prefix_, .since = since, .account = roster_.account(0).key.name, .sent = {}};
    if (resumed_ != nullptr) parted.sent = resumed_->left.sent;  // it may break more than once
    parted.sent.insert(parted.sent.end(), sent_.begin(), sent_.end());
    return parted;
}

void Session::on(const Authorize& call, const Turn& turn)
{
    const auto refuse = [this, &turn](std::string_view why) {
        authorize_refused_ = true;
        turn.world.metrics.authorize_refused.add();
        append_error(out(), turn.id, ErrorCode::unauthorized, why, "false");
    };
    auto user = parse_user_name(call.user, turn.world.options.chain, turn.world.directory);
    if (!user) {
        ++refused_names_;
        return refuse(user.error().detail);
    }
    if (turn.world.gate != nullptr &&
        turn.world.gate->delayed(peer_, user->account.name + '.' + user->worker, turn.now.steady)) {
        turn.world.metrics.delayed_authorizes.add();
        ++refused_names_;
        return refuse("Too many bad shares, try again later");
    }
    const bool first = !authorised();
    const bool had_none = sent_.empty();
    // What is kept of it is bounded: blanks around it are not.
    const auto worker = add_worker(std::move(*user), trimmed_user_name(call.user), turn);
    if (!worker) {
        ++full_refusals_;
        return refuse("Too many workers");
    }
    std::erase(left_, *worker);
    several_ = several_ || *worker != 0;  // the first one has authorised by itself
    turn.world.metrics.authorized.add();
    const bool same = resumed_ == nullptr || resumed_->left.account == roster_.account(0).key.name;
    const auto moved = same ? std::nullopt : leave_to_owner(turn);
    if (first) begin_where_it_was(turn);
    // Behind a proxy all have one difficulty: it is for whoever came first, not for his neighbours.
    if (roster_.worker(*worker).account == roster_.worker(0).account) {
        apply_password(call.password, turn);
    }
    append_result(out(), turn.id, true);
    if (moved) {
        append_set_extranonce(out(), *moved, zeros(turn.world.options), extranonce2_bytes_);
        turn.world.metrics.prefixes_moved.add();
    }
    start_if_ready(turn.world);
    if (first && !had_none) start_anew(turn.world);
}

// It had work before it had a name: the mask, and what its password asks for, are not left for the
// next regular job.
void Session::start_anew(const World& world)
{
    announce_mask(*world.current.job);
    repeat_difficulty_ = true;
}

void Session::begin_where_it_was(const Turn& turn)
{
    if (turn.world.known == nullptr || !policy_.varies()) return;
    // What it has asked for itself it gets, whether it did so before it had a name or does behind.
    if (policy_.hinted()) return;
    const auto known = turn.world.known->of(peer_, first_worker(), turn.now.steady);
    if (known) policy_.begin_at(*known, turn.now.steady);
}

std::string Session::first_worker() const
{
    const Worker& worker = roster_.worker(0);
    return roster_.account(worker.account).key.name + '.' + worker.name;
}

void Session::leave_word(KnownDifficulties& known, pool::SteadyTime now) const
{
    if (proven_) known.note(peer_, first_worker(), *proven_, now);
}

void Session::apply_password(std::string_view password, const Turn& turn)
{
    const PasswordOptions asked = parse_password(password);
    const auto on_grid = [this, &turn](std::optional<double> value) {
        const auto difficulty = value ? pool::difficulty_at_most(*value) : std::nullopt;
        if (difficulty && policy_.below_port(*difficulty)) turn.world.metrics.low_hints.add();
        return difficulty;
    };
    constexpr double tera = 1e12;
    if (asked.hashrate) {
        const auto fit = policy_.fit_for(*asked.hashrate * tera);
        if (fit) policy_.begin_at(*fit, turn.now.steady);
    }
    if (const auto floor = on_grid(asked.floor)) policy_.set_floor(*floor);
    if (const auto ceiling = on_grid(asked.ceiling)) policy_.set_ceiling(*ceiling, turn.now.steady);
    if (const auto start = on_grid(asked.start)) policy_.start_at(*start, turn.now.steady);
    if (const auto fixed = on_grid(asked.fixed)) policy_.hold(*fixed, turn.now.steady);
}

void Session::suggest(pool::Difficulty difficulty, const Turn& turn)
{
    if (policy_.below_port(difficulty)) turn.world.metrics.low_hints.add();
    policy_.suggest(difficulty, turn.now.steady);
}

void Session::on(const SuggestDifficulty& call, const Turn& turn)
{
    const auto difficulty = call.value ? pool::difficulty_at_most(*call.value) : std::nullopt;
    if (difficulty) suggest(*difficulty, turn);
    thank(turn);
}

void Session::on(const SuggestTarget& call, const Turn& turn)
{
    if (call.target) suggest(pool::difficulty_not_above(*call.target), turn);
    thank(turn);
}

void Session::on(const SubscribeExtranonce&, const Turn& turn)
{
    takes_set_extranonce_ = true;
    thank(turn);
}

// cgminer takes any line for the answer to authorize while it waits for that one.
void Session::on(const MultiVersion&, const Turn& turn)
{
    if (authorised()) thank(turn);
}

void Session::on(const Capabilities&, const Turn& turn) { thank(turn); }

void Session::on(const GetTransactions&, const Turn& turn)
{
    // The whole list would be megabytes for a line.
    if (turn.wants_reply) append_result_json(out(), turn.id, "[]");
}

void Session::on(const Ping&, const Turn& turn)
{
    if (turn.wants_reply) append_result_json(out(), turn.id, "\"pong\"");
}

void Session::on(const AgentCapabilities&, const Turn& turn)
{
    if (turn.wants_reply) append_result_json(out(), turn.id, R"({"capabilities":[]})");
}

void Session::on(const Report&, const Turn& turn) { thank(turn); }

void Session::on(const Leave&, const Turn& turn)
{
    thank(turn);
    end(EndReason::asked);
}

// Behind a proxy one machine's leave is not the others'. Without several names, or without one in
// particular, the connection is meant.
void Session::on(const Deauthorize& call, const Turn& turn)
{
    if (!several_ || call.user.empty()) return on(Leave{}, turn);
    thank(turn);
    auto worker = roster_.spelt(trimmed_user_name(call.user));
    if (!worker) {
        const auto user =
            parse_user_name(call.user, turn.world.options.chain, turn.world.directory);
        if (user) worker = roster_.find(*user);
    }
    if (!worker || !unless_left(*worker)) return;
    left_.push_back(*worker);
    if (left_.size() == roster_.size()) end(EndReason::asked);
}

// Only the first answer to what we have asked counts: nobody renames himself while he mines.
void Session::on(const Answer& call, const Turn& turn)
{
    const bool ours = asked_version_ && turn.id == version_question_id;
    if (ours && user_agent_.empty()) user_agent_ = fold_user_agent(call.text);
}

void Session::on(const UnknownMethod&, const Turn& turn)
{
    turn.world.metrics.unknown_methods.add();
    if (authorised() && turn.wants_reply) {
        append_error(out(), turn.id, ErrorCode::unknown_method, "Method not found");
    }
    count_bad_request(turn);
}

void Session::on(const NoMethod&, const Turn& turn)
{
    if (authorised() && turn.wants_reply) {
        append_error(out(), turn.id, ErrorCode::other, "Invalid request");
    }
    count_bad_request(turn);
}

void Session::on(const BadParams& call, const Turn& turn)
{
    switch (call.method) {
        case BadParams::Of::submit:
            turn.world.metrics.malformed_submits.add();
            if (!prefix_) return refuse_submit(turn, ErrorCode::not_subscribed, "Not subscribed");
            if (!authorised()) {
                return refuse_submit(turn, ErrorCode::unauthorized, "Unauthorized worker");
            }
            return refuse_submit(turn, ErrorCode::other, "Invalid params");
        case BadParams::Of::configure:
            append_error(out(), turn.id, ErrorCode::other, "Invalid params");
            return count_bad_request(turn);
        case BadParams::Of::extensions:
            append_error(out(), turn.id, ErrorCode::other, "More than 16 extensions");
            return count_bad_request(turn);
        case BadParams::Of::authorize:
            authorize_refused_ = true;
            turn.world.metrics.authorize_refused.add();
            append_error(out(), turn.id, ErrorCode::unauthorized, "The user name is missing",
                         "false");
            ++refused_names_;
            return;
    }
}

}  // namespace stratum::v1
