#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/share/share_log.h"

namespace tests {

/// A ShareLog in memory that can be told to fail.
class FakeShareLog final : public pool::ShareLog {
public:
    pool::MemberHandle member(const pool::AccountKey& account) override
    {
        if (members_.size() >= members_max && !members_.contains(account.name)) return {};
        const auto [at, fresh] = members_.try_emplace(account.name, members_.size() + 1);
        static_cast<void>(fresh);
        return {at->second};
    }

    pool::WorkerHandle worker(pool::MemberHandle member, std::string_view name) override
    {
        const auto next = static_cast<std::uint32_t>(workers_.size() + 1);
        const auto [at, fresh] = workers_.try_emplace({member.value, std::string{name}}, next);
        static_cast<void>(fresh);
        return {at->second};
    }

    pool::Result<void> append(std::span<pool::ShareRecord> records, pool::UnixMillis now) override
    {
        ++appends;
        if (failing) return pool::fail(pool::Error::Code::io, "The disk is full");
        newest_ = time_of(now);
        for (pool::ShareRecord& record : records) {
            record.seq = ++seq_;
            record.at = newest_;
            record.slot = pool::slot_of(newest_);
            shares.push_back(record);
        }
        return {};
    }

    pool::UnixMillis time_of(pool::UnixMillis now) const override { return std::max(now, newest_); }

    pool::Result<void> note_job(const pool::JobRecord& job, pool::UnixMillis) override
    {
        if (failing) return pool::fail(pool::Error::Code::io, "The disk is full");
        jobs.push_back(job);
        return {};
    }

    pool::Result<void> tick(pool::UnixMillis) override
    {
        ++ticks;
        return {};
    }

    /// "account.worker" of a record's handles; "?" where nobody has them.
    std::string who(const pool::ShareRecord& record) const
    {
        for (const auto& [key, handle] : workers_) {
            if (handle != record.worker.value || key.first != record.member.value) continue;
            for (const auto& [name, member] : members_) {
                if (member == key.first) return name + "." + key.second;
            }
        }
        return "?";
    }

    bool failing = false;
    std::size_t members_max = SIZE_MAX;
    std::size_t appends = 0;
    std::size_t ticks = 0;
    std::vector<pool::ShareRecord> shares;
    std::vector<pool::JobRecord> jobs;

private:
    std::uint64_t seq_ = 0;
    pool::UnixMillis newest_;
    std::map<std::string, std::uint64_t> members_;
    std::map<std::pair<std::uint64_t, std::string>, std::uint32_t> workers_;
};

}  // namespace tests
