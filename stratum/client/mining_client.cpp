#include "stratum/client/mining_client.h"

#include <algorithm>
#include <utility>

#include "pool/base/time.h"

namespace stratum::client {
namespace {

constexpr std::chrono::milliseconds backoff_first{500};
constexpr std::chrono::milliseconds backoff_max{30'000};
constexpr std::size_t found_max = 1024;  // the threads hold back long before

MinerCounts sum(const MinerCounts& a, const MinerCounts& b)
{
    return {.submitted = a.submitted + b.submitted,
            .accepted = a.accepted + b.accepted,
            .rejected = a.rejected + b.rejected,
            .last_refusal = b.last_refusal.empty() ? a.last_refusal : b.last_refusal,
            .blocks = {}};  // told already
}

}  // namespace

MiningClient::MiningClient(pool::Loop& loop, MiningOptions options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      alive_(std::make_shared<bool>(true)),
      backoff_(backoff_first),
      found_(loop, found_max, [this](const FoundShare& share) { on_found(share); }),
      cpu_(options_.cpu, [this](FoundShare share) {
          if (!found_.send(std::move(share))) cpu_.share_done();
      })
{
}

MiningClient::~MiningClient() { *alive_ = false; }

void MiningClient::start() { connect(); }

void MiningClient::stop()
{
    stopping_ = true;
    cpu_.work_on(nullptr);
    if (session_ == nullptr || session_->unanswered() == 0) return finish(MiningEnd::stopped);
    last_answers_ = loop_.after(options_.last_answers, [this] { finish(MiningEnd::stopped); });
}

MiningTotals MiningClient::totals() const
{
    const MinerCounts shares = session_ ? sum(before_, session_->counts()) : before_;
    return {.shares = shares, .hashes = cpu_.hashes(), .connections = connections_};
}

void MiningClient::connect()
{
    pool::TcpConn::connect(
        loop_, options_.pool,
        [this, alive = alive_](pool::Result<std::unique_ptr<pool::TcpConn>> conn) {
            if (!*alive) return;
            if (!conn) return retry(conn.error().detail);
            connected(std::move(*conn));
        });
}

void MiningClient::connected(std::unique_ptr<pool::TcpConn> conn)
{
    ++connections_;
    conn_ = std::move(conn);
    if (options_.v2) {
        V2Wish wish = *options_.v2;
        wish.now = pool::to_seconds(pool::read_clock().wall);
        session_ = std::make_unique<V2MinerSession>(options_.login, wish);
    } else {
        session_ = std::make_unique<MinerSession>(options_.login);
    }
    answered_ = 0;
    blocks_told_ = 0;
    conn_->start({
        .on_bytes = [this](std::span<const std::uint8_t> bytes) { on_bytes(bytes); },
        .on_close = [this](pool::CloseReason) { retry("The pool closed the connection"); },
    });
    send();
}

void MiningClient::on_bytes(std::span<const std::uint8_t> bytes)
{
    const auto understood = session_->on_bytes(bytes);
    note_answers();
    if (ended_) return;
    if (!understood) return retry(understood.error().detail);
    if (const auto& refusal = session_->refusal()) {
        callbacks_.on_message("The pool refused the user '" + options_.login.user +
                              "': " + *refusal);
        return finish(MiningEnd::user_refused);
    }
    if (stopping_) {
        if (session_->unanswered() == 0) finish(MiningEnd::stopped);
        return;
    }
    if (session_->authorised() && session_->job() != job_) {
        if (job_ == nullptr) callbacks_.on_message("Mining for " + options_.login.user);
        job_ = session_->job();
        backoff_ = backoff_first;
        cpu_.work_on(job_);
    }
    send();
}

void MiningClient::note_answers()
{
    const MinerCounts& counts = session_->counts();
    for (; answered_ < counts.accepted + counts.rejected; ++answered_) cpu_.share_done();
    for (; blocks_told_ < counts.blocks.size(); ++blocks_told_) {
        if (callbacks_.on_block) callbacks_.on_block(counts.blocks[blocks_told_]);
    }
    for (const AcceptedShare& share : session_->take_accepted()) {
        if (callbacks_.on_share) callbacks_.on_share(share);
    }
    if (options_.once && counts.accepted > 0) finish(MiningEnd::share_accepted);
}

void MiningClient::on_found(const FoundShare& share)
{
    // One that was found for a former connection is nobody's any more.
    const bool ours = session_ != nullptr && !ended_ && !stopping_ && job_ != nullptr &&
                      share.job->extranonce1 == job_->extranonce1;
    if (!ours) return cpu_.share_done();
    session_->submit(share);
    send();
}

void MiningClient::send()
{
    if (conn_) conn_->write(session_->take_output());
}

void MiningClient::retry(const std::string& why)
{
    if (ended_) return;
    if (stopping_) return finish(MiningEnd::stopped);
    cpu_.work_on(nullptr);
    job_ = nullptr;
    if (session_) {
        for (std::size_t i = session_->unanswered(); i > 0; --i) cpu_.share_done();
        before_ = sum(before_, session_->counts());
    }
    conn_.reset();
    session_.reset();
    callbacks_.on_message(why + "; trying again in " + std::to_string(backoff_.count()) + " ms");
    retry_ = loop_.after(backoff_, [this] { connect(); });
    backoff_ = std::min(2 * backoff_, backoff_max);
}

void MiningClient::finish(MiningEnd end)
{
    if (ended_) return;
    ended_ = true;
    cpu_.work_on(nullptr);
    if (callbacks_.on_end) callbacks_.on_end(end);
}

}  // namespace stratum::client
