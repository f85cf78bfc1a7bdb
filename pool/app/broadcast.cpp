#include "pool/app/broadcast.h"

#include <utility>

namespace pool {
namespace {

// A routine job goes out by and by; the one that it takes the place of would have gone at once.
std::shared_ptr<const Job> urgent(const Job& job)
{
    auto out = std::make_shared<Job>(job);
    out->routine = false;
    return out;
}

}  // namespace

Broadcast::Broadcast(Loop& loop, Send send, std::chrono::milliseconds patience)
    : loop_(loop), send_(std::move(send)), patience_(patience)
{
}

void Broadcast::publish(std::shared_ptr<const Job> job)
{
    if (!job->clean && unwritten_ > 0) {
        waiting_ = waiting_ == nullptr || waiting_->routine ? std::move(job) : urgent(*job);
        if (!impatient_.active()) impatient_ = loop_.after(patience_, [this] { let_go(); });
        return;
    }
    waiting_.reset();
    impatient_.stop();
    send(job);
}

void Broadcast::send(const std::shared_ptr<const Job>& job)
{
    if (!job->clean) {
        send_(job, [] {});
        return;
    }
    const std::uint64_t round = ++round_;
    unwritten_ = send_(job, [this, round] { written(round); });
}

void Broadcast::written(std::uint64_t round)
{
    if (round != round_ || unwritten_ == 0) return;
    if (--unwritten_ == 0) let_go();
}

void Broadcast::let_go()
{
    unwritten_ = 0;
    impatient_.stop();
    if (const auto job = std::exchange(waiting_, nullptr)) send(job);
}

}  // namespace pool
