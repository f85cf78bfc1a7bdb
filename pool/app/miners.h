#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pool/app/stratum_loop.h"
#include "pool/runtime/loop.h"
#include "rpc/miner_control.h"
#include "stratum/gate.h"

namespace pool {

/// rpc::MinerControl over the Stratum loops and their gate. Lives on the rpc loop.
class Miners final : public rpc::MinerControl {
public:
    /// bans_file: where admins' bans are kept (see ban_file.h); it is in a directory of ours.
    Miners(Loop& rpc_loop, stratum::Gate& gate, std::vector<StratumLoop*> loops,
           std::filesystem::path bans_file);

    void drain(std::optional<std::chrono::seconds> over) override;
    std::vector<rpc::BanInfo> bans() override;
    Result<void> ban(const std::string& network, std::chrono::seconds time) override;
    Result<void> unban(const std::string& network) override;
    void fix_difficulty(const std::string& account, const std::string& worker, double difficulty,
                        std::function<void(Result<std::size_t>)> done) override;

    void set_bounds(std::uint16_t port, double least, double most,
                    std::function<void(Result<std::size_t>)> done) override;
    void reset_worker(const std::string& account, const std::string& worker,
                      std::function<void(Result<std::size_t>)> done) override;
    void connections(std::size_t limit, const std::string& account,
                     std::function<void(Result<std::vector<rpc::ConnectionInfo>>)> done) override;
    void disconnect(const std::string& who, std::function<void(Result<std::size_t>)> done) override;

private:
    Result<void> keep_bans();

    Loop& rpc_loop_;
    stratum::Gate& gate_;
    std::vector<StratumLoop*> loops_;
    std::filesystem::path bans_file_;
};

}  // namespace pool
