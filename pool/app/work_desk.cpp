#include "pool/app/work_desk.h"

#include <utility>

#include "pool/base/log.h"
#include "pool/bitcoin/address.h"
#include "pool/bitcoin/coinbase.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_after{1000};
constexpr milliseconds tick_period{1000};

}  // namespace

WorkDesk::WorkDesk(Loop& loop, WorkDeskOptions options, const std::vector<Node*>& nodes, Out out)
    : loop_(loop),
      options_(std::move(options)),
      out_(std::move(out)),
      source_(options_.work),
      next_job_(options_.first_job)
{
    for (Node* node : nodes) {
        Poll poll;
        poll.node = node;
        polls_.push_back(std::move(poll));
    }
}

void WorkDesk::start(std::chrono::seconds patience, std::function<void(Result<void>)> done)
{
    started_ = std::move(done);
    patience_ = loop_.after(patience, [this] {
        settle_start(fail(Error::Code::unavailable, "no work after waiting: " + node_error_));
    });
    for (std::size_t i = 0; i < polls_.size(); ++i) check_chain(i);
    ticker_ = loop_.every(tick_period, [this] { tick(); });
}

void WorkDesk::settle_start(Result<void> outcome)
{
    patience_.stop();
    if (!started_) return;
    const auto started = std::exchange(started_, nullptr);
    started(std::move(outcome));
}

void WorkDesk::check_chain(std::size_t index)
{
    polls_[index].node->chain_info([this, index](Result<ChainInfo> info) {
        Node& node = *polls_[index].node;
        if (!info) {
            node_error_ = info.error().detail;
            if (info.error().code == Error::Code::refused) {
                return settle_start(fail(info.error()));
            }
            log::warn("node_unreachable", {{"node", node.name()}, {"reason", node_error_}});
            polls_[index].retry = loop_.after(retry_after, [this, index] { check_chain(index); });
            return;
        }
        if (info->chain != options_.chain) {
            const std::string sentence =
                "node " + node.name() + " is on " + std::string{to_string(info->chain)} +
                ", but network.chain says " + std::string{to_string(options_.chain)} +
                "; point [[node]] at another node or change network.chain";
            log::error("node_on_other_chain", {{"node", node.name()}, {"reason", sentence}});
            return settle_start(fail(Error::Code::refused, sentence));
        }
        long_poll(index);
    });
}

// Without an id the node answers at once, with one when it has something better.
void WorkDesk::long_poll(std::size_t index)
{
    Poll& poll = polls_[index];
    const SteadyTime asked = read_clock().steady;
    poll.node->get_template(
        poll.longpoll_id, [this, index, asked](Result<Node::TemplatePtr> given) {
            Poll& answered = polls_[index];
            if (given) {
                answered.longpoll_id = (*given)->longpoll_id;
                took(*answered.node, std::move(given), asked);
                // A node without long polling would be asked in a circle: the refresh serves it.
                if (!answered.longpoll_id.empty()) long_poll(index);
                return;
            }
            answered.longpoll_id.clear();
            took(*answered.node, std::move(given), asked);
            answered.retry = loop_.after(retry_after, [this, index] { check_chain(index); });
        });
}

void WorkDesk::refresh()
{
    if (refreshing_) return;
    refreshing_ = true;
    Node* node = polls_.front().node;
    const SteadyTime asked = read_clock().steady;
    node->get_template("", [this, node, asked](Result<Node::TemplatePtr> given) {
        refreshing_ = false;
        took(*node, std::move(given), asked);
    });
}

void WorkDesk::tick()
{
    const SteadyTime now = read_clock().steady;
    if (source_.current() == nullptr) return;
    if (source_.refresh_due(now)) refresh();
    const bool lost = source_.lost(now);
    if (lost == told_lost_) return;
    told_lost_ = lost;
    log::error(lost ? "work_lost" : "work_back", {{"reason", node_error_}});
    out_.announce(lost ? "The pool has lost its Bitcoin node: work may be stale until it is back"
                       : "The pool's Bitcoin node is back");
}

void WorkDesk::took(const Node& node, Result<Node::TemplatePtr> given, SteadyTime asked)
{
    if (!given) {
        if (node_error_ != given.error().detail) {
            log::warn("template_failed", {{"node", node.name()}, {"reason", given.error().detail}});
        }
        node_error_ = given.error().detail;
        return;
    }
    node_error_.clear();
    const auto publication = source_.on_template(std::move(*given), asked, read_clock().steady);
    if (publication) publish(*publication);
}

void WorkDesk::publish(const WorkSource::Publication& publication)
{
    const CoinbasePlan plan{.pay_to = options_.pay_to,
                            .tag = options_.coinbase_tag,
                            .extranonce_bytes = options_.extranonce_bytes,
                            .chain_head = options_.chain_head};
    auto job = make_job(JobId{next_job_}, publication.source, plan, publication.clean);
    if (!job) {
        log::error("job_failed", {{"reason", job.error().detail}});
        return settle_start(fail(job.error()));
    }
    ++next_job_;
    ++jobs_;
    log::info("job_published", {{"height", (*job)->height.value},
                                {"job", (*job)->id.value},
                                {"clean", publication.clean},
                                {"transactions", publication.source->txids.size()},
                                {"reward_sat", (*job)->reward.value}});
    out_.publish(*job);
    if (publication.clean) out_.tip_moved(Height{(*job)->height.value - 1});
    settle_start({});
}

WorkStatus WorkDesk::status() const
{
    WorkStatus status;
    status.jobs = jobs_;
    status.node_error = node_error_;
    const auto age = source_.age(read_clock().steady);
    if (!age) return status;
    status.template_age_ms = age->count();
    status.node_ok = node_error_.empty() && !told_lost_;
    status.height = Height{source_.current()->height.value - 1};
    status.tip = source_.current()->previous;
    status.network_target = source_.current()->network_target;
    return status;
}

}  // namespace pool
