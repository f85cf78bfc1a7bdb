#pragma once

#include "rpc/audit.h"
#include "rpc/miner_control.h"
#include "rpc/pool_view.h"
#include "rpc/router.h"
#include "rpc/server_control.h"
#include "rpc/work_control.h"

namespace rpc {

/// Puts the methods of admins into the router's table: help, uptime, getpoolinfo, getrpcinfo,
/// stop, getuser, createaccount, listblocks, getledger. `router` and `view` outlive all calls.
void register_admin_methods(Router& router, PoolView& view);

/// listaudit, verifyaudit. `log` outlives all calls.
void register_audit_methods(Router& router, AuditLog& log);

/// logging, getmemoryinfo, reloadconfig. `server` outlives all calls.
void register_server_methods(Router& router, ServerControl& server);

/// gettemplateinfo, listjobs, refreshtemplate, listbitcoinds, setnode. `work` outlives all calls.
void register_work_methods(Router& router, WorkControl& work);

/// getconfig, backupnow, migratestatus. Both outlive all calls.
void register_upkeep_methods(Router& router, ServerControl& server, PoolView& view);

/// listworkers, listusers, getworker, getsharestats, getsharelog, getmininginfo. `view` outlives
/// all calls.
void register_worker_methods(Router& router, PoolView& view);

/// listconnections, disconnectclient. `miners` outlives all calls.
void register_connection_methods(Router& router, MinerControl& miners);

/// drain, listbanned, setban, clearbanned, setdifficulty, setvardiff, resetworker. `miners`
/// outlives all calls.
void register_miner_methods(Router& router, MinerControl& miners);

}  // namespace rpc
