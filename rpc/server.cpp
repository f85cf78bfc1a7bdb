#include "rpc/server.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/server_admin.h"
#include "rpc/server_site.h"
#include "rpc/server_web.h"

namespace rpc {
namespace {

// The web is read by GET: nobody reads what comes with a request.
constexpr std::size_t web_body_max = 4096;

void add_site_metrics(std::vector<Metric>& metrics, const std::string& listener,
                      const SiteCounts& counts)
{
    metrics.push_back({.name = "zubr_http_connections",
                       .help = "Open HTTP connections.",
                       .type = MetricType::gauge,
                       .labels = {{"listener", listener}},
                       .value = static_cast<double>(counts.connections)});
    metrics.push_back({.name = "zubr_http_event_listeners",
                       .help = "HTTP connections that listen to events.",
                       .type = MetricType::gauge,
                       .labels = {{"listener", listener}},
                       .value = static_cast<double>(counts.streams)});
    metrics.push_back({.name = "zubr_http_unread_bytes",
                       .help = "Bytes of HTTP answers that peers have not taken in.",
                       .type = MetricType::gauge,
                       .labels = {{"listener", listener}},
                       .value = static_cast<double>(counts.unread_bytes)});
    metrics.push_back({.name = "zubr_http_unread_dropped_total",
                       .help = "HTTP connections closed because all together left too much unread.",
                       .type = MetricType::counter,
                       .labels = {{"listener", listener}},
                       .value = static_cast<double>(counts.unread_dropped)});
    const auto refused = [&](const std::string& reason, std::uint64_t count) {
        metrics.push_back({.name = "zubr_http_connections_refused_total",
                           .help = "HTTP connections closed because too many were open.",
                           .type = MetricType::counter,
                           .labels = {{"listener", listener}, {"reason", reason}},
                           .value = static_cast<double>(count)});
    };
    refused("full", counts.connections_refused - counts.refused_by_address);
    refused("address", counts.refused_by_address);
    const auto answers = [&](const std::string& kind, std::uint64_t count) {
        metrics.push_back({.name = "zubr_http_answers_total",
                           .help = "HTTP answers by the kind of their status.",
                           .type = MetricType::counter,
                           .labels = {{"listener", listener}, {"status", kind}},
                           .value = static_cast<double>(count)});
    };
    answers("2xx", counts.answers_2xx);
    answers("4xx", counts.answers_4xx);
    answers("5xx", counts.answers_5xx);
}

}  // namespace

struct Server::Impl {
    Impl(pool::Loop& loop, const ServerOptions& options, Router& router, const Authenticator& auth,
         PoolView& pool_view)
        : admin_edge(
              loop, router, auth, options.auditor, pool_view,
              [this](const pool::HttpRequest& request, const std::string& host, Respond respond) {
                  web_edge.handle(request, host, std::move(respond));
              },
              options.worker_metrics),
          web_edge(pool_view,
                   {.requests_per_second = options.requests_per_second,
                    .questions_per_address = options.questions_per_address,
                    .questions_per_prefix = options.questions_per_prefix,
                    .spare_loopback = options.spare_loopback},
                   [this](std::vector<Metric>& metrics) { add_own(metrics); })
    {
    }

    void add_own(std::vector<Metric>& metrics) const
    {
        if (admin) add_site_metrics(metrics, "admin", admin->counts());
        if (admin_socket) add_site_metrics(metrics, "admin_socket", admin_socket->counts());
        if (web) add_site_metrics(metrics, "web", web->counts());
    }

    void tell_listeners() const
    {
        for (Site* const site : {admin.get(), admin_socket.get(), web.get()}) {
            if (site != nullptr) site->tell_listeners();
        }
    }

    AdminEdge admin_edge;
    WebEdge web_edge;
    // Behind the edges: no request comes in once those are gone.
    std::unique_ptr<Site> admin;
    std::unique_ptr<Site> admin_socket;
    std::unique_ptr<Site> web;
    pool::Watch teller;
};

pool::Result<std::unique_ptr<Server>> Server::start(pool::Loop& loop, const ServerOptions& options,
                                                    Router& router, const Authenticator& auth,
                                                    PoolView& view)
{
    auto impl = std::make_unique<Impl>(loop, options, router, auth, view);
    Impl* const self = impl.get();
    const auto admin = [self](const pool::HttpRequest& request, const std::string& host,
                              Respond respond) {
        self->admin_edge.handle(request, host, std::move(respond));
    };
    const auto tells_on = [self](const pool::HttpRequest& request, const std::string& host,
                                 Respond respond) {
        self->web_edge.tell_on(request, host, std::move(respond));
    };
    SiteOptions for_admins;
    for_admins.tells_on = tells_on;
    for_admins.connections.all = options.connections_max;
    for_admins.idle_max = options.idle_max;
    for_admins.answers_are_bounded = false;
    for_admins.unread_all_max = options.unread_all_max;
    if (options.admin) {
        SiteOptions by_network = for_admins;
        by_network.address = *options.admin;
        by_network.allows = options.admin_allows;
        by_network.connections.kept = options.connections_kept;
        by_network.connections.of_network = options.admin_connections_per_address;
        by_network.connections.spare_loopback = options.spare_loopback;
        auto site = Site::listen(loop, by_network, admin);
        if (!site) return pool::fail(std::move(site.error()));
        impl->admin = std::move(*site);
    }
    if (!options.admin_socket.empty()) {
        for_admins.unix_path = options.admin_socket;
        auto site = Site::listen(loop, for_admins, admin);
        if (!site) return pool::fail(std::move(site.error()));
        impl->admin_socket = std::move(*site);
    }
    if (options.web) {
        SiteOptions for_all;
        for_all.tells_on = tells_on;
        for_all.address = *options.web;
        for_all.idle_max = options.idle_max;
        for_all.body_max = web_body_max;
        for_all.unread_all_max = options.unread_all_max;
        for_all.connections = {.all = options.connections_max,
                               .kept = options.connections_kept,
                               .of_network = options.connections_per_address,
                               .of_prefix = options.connections_per_prefix,
                               .spare_loopback = options.spare_loopback};
        auto site = Site::listen(
            loop, for_all,
            [self](const pool::HttpRequest& request, const std::string& host, Respond respond) {
                self->web_edge.handle(request, host, std::move(respond));
            });
        if (!site) return pool::fail(std::move(site.error()));
        impl->web = std::move(*site);
    }
    impl->teller = loop.every(options.event_every, [self] { self->tell_listeners(); });
    return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

std::uint16_t Server::admin_port() const { return impl_->admin ? impl_->admin->port() : 0; }

std::uint16_t Server::web_port() const { return impl_->web ? impl_->web->port() : 0; }

}  // namespace rpc
