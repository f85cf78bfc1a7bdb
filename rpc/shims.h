#pragma once

#include <string>
#include <vector>

#include "pool/base/time.h"
#include "rpc/pool_view.h"

/// The pool in the words of other pools' interfaces, so that dashboards made for them work here.
/// What nobody here knows is left out.
namespace rpc::shims {

/// ckpool's /pool/pool.status: three lines, an object each.
std::string ckpool_status(const PoolInfo& info, pool::UnixMillis now);
/// ckpool's /users/<account>.
std::string ckpool_user(const UserInfo& user);
/// "1.21P", as ckpool writes hash rates.
std::string ckpool_rate(double hashes_per_second);

/// public-pool's /api/pool, /api/network and /api/client/<account>.
std::string public_pool_pool(const PoolInfo& info);
std::string public_pool_network(const PoolInfo& info);
std::string public_pool_client(const UserInfo& user);

}  // namespace rpc::shims
