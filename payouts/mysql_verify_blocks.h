#pragma once

#include <string>

#include "payouts/event_order.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_verify.h"
#include "pool/base/result.h"

/// Found blocks as their table has them; a part of verify_ledger.
namespace payouts {

/// Each block's key is the hash of its header; its reward is all that its coinbase pays, to one
/// script; the coinbase is in the block, as its merkle branch proves (blocks of before that was
/// stored are counted); and it stands where its events have left it. Heads that coinbases say and
/// no sealed slot has are counted: of slots that a failover or a restore has lost, which is
/// nobody's money. That the block is in the chain is for nodes to say. Errors: unavailable.
pool::Result<void> check_found_blocks(MysqlConnection& db, const EventOrder& order,
                                      LedgerCheck& check);

/// The first block with credits that no event has made, as a sentence; "": there is none. Errors:
/// unavailable.
pool::Result<std::string> credits_without_events(MysqlConnection& db);

}  // namespace payouts
