#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "payouts/ledger.h"
#include "pool/share/record.h"
#include "rpc/pool_view.h"

namespace pool {

/// The newest records of one loop's journal, oldest first.
struct JournalTail {
    std::string producer;
    std::vector<RecordBytes> records;
};

/// Which handles the shares of a tail name: those of its newest life only, for a handle means
/// nothing after a start. Pure.
payouts::HandleQuestion handles_of(const JournalTail& tail);

/// The shares of a tail, oldest first; those of an earlier life bear no names. Pure.
std::vector<rpc::ShareLogLine> share_lines(const JournalTail& tail,
                                           const payouts::HandleNames& names);

/// The newest of all, newest first. Pure.
std::vector<rpc::ShareLogLine> newest_lines(std::vector<rpc::ShareLogLine> lines,
                                            std::size_t limit);

}  // namespace pool
