#include "pool/app/webhooks.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/replace_file.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t listed = 100;
constexpr std::size_t workers_max = 100'000;
constexpr std::size_t answer_max = std::size_t{64} << 10;

bool taken(const Result<HttpAnswer>& answer)
{
    return answer && answer->status >= 200 && answer->status < 300;
}

rpc::EventsTold read_told(const std::filesystem::path& path)
{
    std::ifstream file{path};
    if (path.empty() || !file) return {};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    auto told = rpc::events_told_from(text);
    if (told) return std::move(*told);
    log::warn("webhook_state_not_read", {{"file", path.string()}, {"reason", told.error().detail}});
    return {};
}

rpc::Metric metric(const char* name, const char* help, rpc::MetricType type, double value)
{
    rpc::Metric out;
    out.name = name;
    out.help = help;
    out.type = type;
    out.value = value;
    return out;
}

}  // namespace

struct Webhooks::Hook {
    Hook(WebhookConfig its_config, rpc::WebhookQueue::Limits limits)
        : config(std::move(its_config)), queue(limits)
    {
    }
    bool wants(std::string_view event) const
    {
        return config.events.empty() ||
               std::find(config.events.begin(), config.events.end(), event) != config.events.end();
    }

    WebhookConfig config;
    rpc::WebhookQueue queue;
    Watch timer;
    bool complained = false;
};

Webhooks::Webhooks(Loop& rpc_loop, rpc::PoolView& view, rpc::WorkControl& work,
                   const std::vector<WebhookConfig>& hooks, rpc::WebhookSender sender,
                   std::uint64_t life, Paces paces, std::filesystem::path told_file)
    : loop_(rpc_loop),
      view_(view),
      work_(work),
      sender_(std::move(sender)),
      life_(life),
      paces_(paces),
      told_file_(std::move(told_file)),
      kept_(read_told(told_file_)),
      events_(paces.events, kept_),
      http_(rpc_loop),
      writing_(2, {})
{
    for (const WebhookConfig& hook : hooks) {
        hooks_.push_back(std::make_unique<Hook>(hook, paces.queue));
    }
}

Webhooks::~Webhooks() { writing_.stop(); }

bool Webhooks::wanted(std::string_view prefix) const
{
    return std::any_of(hooks_.begin(), hooks_.end(), [prefix](const auto& hook) {
        const auto& names = rpc::pool_event_names();
        return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
            return name.starts_with(prefix) && hook->wants(name);
        });
    });
}

void Webhooks::start()
{
    if (hooks_.empty()) return;
    writing_.start();
    look();
    looking_ = loop_.every(paces_.look, [this] { look(); });
    if (!wanted("worker.") && !wanted("hashrate.")) return;
    settling_ = loop_.after(paces_.workers_settle, [this] {
        look_at_workers();
        looking_at_workers_ = loop_.every(paces_.look_at_workers, [this] { look_at_workers(); });
    });
}

void Webhooks::look()
{
    const auto alive = std::weak_ptr{alive_};
    if (wanted("block.")) {
        view_.blocks(listed, {}, [this, alive](const Result<std::vector<rpc::BlockInfo>>& blocks) {
            if (alive.expired() || !blocks) return;
            tell(events_.blocks(*blocks, read_clock().wall));
            keep_told();
        });
    }
    if (wanted("payout.")) {
        view_.payouts_to_follow(listed,
                                [this, alive](const Result<std::vector<rpc::PayoutInfo>>& all) {
                                    if (alive.expired() || !all) return;
                                    tell(events_.payouts(*all, read_clock().wall));
                                    keep_told();
                                });
    }
    if (wanted("payouts.") && held_) {
        if (const auto why = held_()) tell(events_.payouts_held(*why, read_clock().wall));
    }
    if (wanted("node.")) {
        work_.nodes([this, alive](const Result<std::vector<rpc::BitcoindInfo>>& nodes) {
            if (alive.expired() || !nodes) return;
            tell(events_.nodes(*nodes, read_clock().wall));
        });
    }
}

void Webhooks::look_at_workers()
{
    const auto alive = std::weak_ptr{alive_};
    if (wanted("worker.")) {
        view_.workers(workers_max, "",
                      [this, alive](const Result<std::vector<rpc::WorkerLine>>& workers) {
                          if (alive.expired() || !workers) return;
                          tell(events_.workers(*workers, read_clock().wall));
                      });
    }
    if (wanted("hashrate.")) {
        view_.pool_info([this, alive](const Result<rpc::PoolInfo>& info) {
            if (alive.expired() || !info) return;
            tell(events_.hashrate(info->rates, read_clock().wall));
        });
    }
}

void Webhooks::tell(const std::vector<rpc::PoolEvent>& events)
{
    for (const rpc::PoolEvent& event : events) {
        const std::string id =
            event.id.empty() ? std::to_string(life_) + "-" + std::to_string(++made_) : event.id;
        log::info("webhook_event", {{"event_name", event.name}, {"id", id}});
        for (const auto& hook : hooks_) {
            if (!hook->wants(event.name)) continue;
            const bool room = hook->queue.push(
                {.id = id,
                 .event = event.name,
                 .body = webhook_body(hook->config.format, id, event, sender_, hook->config.chat),
                 .lasting = !event.id.empty()});
            if (!room && !std::exchange(hook->complained, true)) {
                log::error("webhook_full",
                           {{"host", hook->config.host}, {"waiting", hook->queue.size()}});
            }
            send(*hook);
        }
    }
}

// Only once nobody waits for any of it: what a kill takes out of a queue is told again.
void Webhooks::keep_told()
{
    if (told_file_.empty() || events_.told() == kept_) return;
    const bool waits = std::any_of(hooks_.begin(), hooks_.end(),
                                   [](const auto& hook) { return hook->queue.holds_lasting(); });
    if (waits) return;
    const bool posted = writing_.post([path = told_file_, text = rpc::to_text(events_.told())] {
        constexpr unsigned mode = 0600;
        if (const auto kept = replace_file(path, text, mode); !kept) {
            log::warn("webhook_state_not_kept", {{"reason", kept.error().detail}});
        }
    });
    if (posted) kept_ = events_.told();
}

void Webhooks::send(Hook& hook)
{
    const Now now = read_clock();
    const auto* const delivery = hook.queue.begin(now.steady);
    if (delivery == nullptr) return;
    hook.timer.stop();
    HttpCall call;
    call.url = hook.config.url;
    call.https = true;
    call.body = delivery->body;
    call.deadline = paces_.deadline;
    call.answer_max = answer_max;
    // Signed for each attempt anew: a receiver refuses what is old.
    call.headers = rpc::webhook_headers(hook.config.secret, delivery->id, delivery->event,
                                        delivery->body, now.wall.value / 1000);
    http_.call(std::move(call),
               [this, &hook](const Result<HttpAnswer>& answer) { sent(hook, answer); });
}

void Webhooks::sent(Hook& hook, const Result<HttpAnswer>& answer)
{
    const SteadyTime now = read_clock().steady;
    hook.queue.answered(taken(answer), now);
    keep_told();
    if (taken(answer)) {
        if (std::exchange(hook.complained, false)) {
            log::info("webhook_back", {{"host", hook.config.host}});
        }
    } else if (!std::exchange(hook.complained, true)) {
        // The URL may hold a secret, as Slack's does: its host says enough.
        log::warn("webhook_failed",
                  {{"host", hook.config.host},
                   {"reason", answer ? "it answered " + std::to_string(answer->status)
                                     : std::string{"it cannot be reached, or was too slow"}}});
    }
    const auto next = hook.queue.next();
    if (!next) return;
    const auto pause = std::chrono::ceil<milliseconds>(std::max(*next - now, {}));
    hook.timer = loop_.after(pause + milliseconds{1}, [this, &hook] { send(hook); });
}

void Webhooks::add_metrics(std::vector<rpc::Metric>& metrics) const
{
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
        const Hook& hook = *hooks_[i];
        const std::string number = std::to_string(i + 1);
        const auto counted = [&](const char* result, std::uint64_t count) {
            metrics.push_back(metric("zubr_webhook_deliveries_total",
                                     "What came of events and of attempts to deliver them",
                                     rpc::MetricType::counter, static_cast<double>(count)));
            metrics.back().labels = {{"webhook", number}, {"result", result}};
        };
        const rpc::WebhookQueue::Counts& counts = hook.queue.counts();
        counted("delivered", counts.delivered);
        counted("failed_attempt", counts.failed);
        counted("given_up", counts.given_up);
        counted("dropped", counts.dropped);
    }
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
        metrics.push_back(metric("zubr_webhook_waiting", "Events that wait for their receiver",
                                 rpc::MetricType::gauge,
                                 static_cast<double>(hooks_[i]->queue.size())));
        metrics.back().labels = {{"webhook", std::to_string(i + 1)}};
    }
}

}  // namespace pool
