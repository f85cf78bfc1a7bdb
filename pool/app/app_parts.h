#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pool/app/account_desk.h"
#include "pool/app/app.h"
#include "pool/app/audit_desk.h"
#include "pool/app/block_watch.h"
#include "pool/app/books.h"
#include "pool/app/broadcast.h"
#include "pool/app/leftover.h"
#include "pool/app/live.h"
#include "pool/app/loop_lag.h"
#include "pool/app/miners.h"
#include "pool/app/payout_desk.h"
#include "pool/app/server_control.h"
#include "pool/app/service_manager.h"
#include "pool/app/stratum_loop.h"
#include "pool/app/submitter.h"
#include "pool/app/v2_identity.h"
#include "pool/app/view.h"
#include "pool/app/webhooks.h"
#include "pool/app/work_control.h"
#include "pool/app/work_desk.h"
#include "pool/share/redis_client.h"
#include "rpc/auth.h"
#include "rpc/cookie.h"
#include "rpc/server.h"

namespace pool {

/// All of the program, in the order in which it is built; dropped the other way round. What wires
/// the stores to the rest is in app_stores.cpp, the nodes in app_work.cpp, the ports in
/// app_ports.cpp.
struct App::Parts {
    Config config;
    Loop core;
    Loop rpc_loop;
    std::vector<std::unique_ptr<Node>> nodes;
    std::optional<V2IdentityKeeper> v2;  // the core loop's, once it runs
    Watch v2_refresh;
    std::unique_ptr<stratum::Gate> gate;
    stratum::KnownDifficulties known_difficulties;
    std::vector<std::unique_ptr<StratumLoop>> loops;
    std::vector<std::unique_ptr<Leftover>> leftovers;
    std::shared_ptr<const stratum::AccountDirectory> registered_names;  // as they were at the start
    std::unique_ptr<Books> books;
    std::vector<NodeAnswer> heard;  // of blocks of an earlier life, before submitter was there
    std::unique_ptr<Submitter> submitter;
    std::unique_ptr<BlockWatch> watch;
    std::unique_ptr<Broadcast> broadcast;
    std::unique_ptr<WorkDesk> desk;
    std::unique_ptr<Live> live;
    std::unique_ptr<LoopLag> lag;
    std::unique_ptr<AccountDesk> accounts;
    std::unique_ptr<RetargetWatch> retarget;
    std::unique_ptr<View> view;
    std::unique_ptr<Heartbeat> heartbeat;
    std::unique_ptr<StatusTeller> status_teller;
    std::unique_ptr<Miners> miners;
    std::unique_ptr<ServerControl> server_control;
    std::unique_ptr<WorkControl> work_control;
    std::unique_ptr<Webhooks> webhooks;
    std::unique_ptr<rpc::CookieFile> cookie;
    std::unique_ptr<rpc::Authenticator> auth;
    std::unique_ptr<PayoutDesk> payouts;  // null: this server pays nobody
    NoPayouts no_payouts;
    std::unique_ptr<AuditDesk> audit;
    std::unique_ptr<rpc::Auditor> auditor;
    rpc::Router router;
    std::unique_ptr<rpc::Server> rpc_server;
    Digest chain_head{};                         // of the slots that earlier lives have sealed
    std::map<std::string, std::uint64_t> marks;  // the ledger thread's: what was told to the loops
    std::thread core_thread;
    std::thread rpc_thread;

    Result<void> open_stores();
    void wait_for_loops(sigset_t signals);
    void wait_for_blocks();
    void ban_again();
    Result<void> open_loops(payouts::Service& service, RedisClient& redis);
    Result<void> open_core();
    Result<void> open_v2();
    Result<void> start_work(const sigset_t& signals);
    Result<void> load_tls();
    void reload(const Result<Config>& fresh);
    void look_at_nodes();
    Result<void> start_stratum(std::uint16_t& port);
    void watch_loops(const std::vector<StratumLoop*>& plain);
    Result<void> open_rpc();
    Result<void> open_doors();
    void register_methods();
    void open_webhooks();
    Result<void> open_audit();
    Result<void> open_accounts();
    Result<void> open_payouts();
    void start_rpc(std::uint16_t stratum_port);

    Books::Out books_out();
    WorkDesk::Out desk_out();
    void tell_marks(const std::vector<payouts::ProducerReport>& producers);
};

}  // namespace pool
