#pragma once

#include <memory>
#include <string>
#include <vector>

#include "payouts/mysql_audit.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/audit.h"

namespace pool {

/// rpc::AuditLog over the books' table: one thread writes, another reads, so that no admin waits
/// for somebody who verifies. Lives on the rpc loop.
class AuditDesk final : public rpc::AuditLog {
public:
    AuditDesk(Loop& rpc_loop, std::unique_ptr<payouts::AuditBook> writing,
              std::unique_ptr<payouts::AuditBook> reading);
    ~AuditDesk() override;

    void write(rpc::AuditRecord record, Done<std::uint64_t> done) override;
    void list(std::uint32_t limit, std::uint64_t before, const std::string& actor,
              Done<std::vector<rpc::AuditRecord>> done) override;
    void verify(Done<rpc::AuditVerdict> done) override;

private:
    Loop& rpc_loop_;
    std::unique_ptr<payouts::AuditBook> writing_;
    std::unique_ptr<payouts::AuditBook> reading_;
    TaskThread writer_;
    TaskThread reader_;
};

}  // namespace pool
