#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pool/runtime/loop.h"
#include "pool/runtime/mailbox.h"
#include "pool/runtime/tcp.h"
#include "stratum/client/cpu_miner.h"
#include "stratum/client/miner_session.h"
#include "stratum/client/v2_session.h"

namespace stratum::client {

struct MiningOptions {
    pool::Endpoint pool;
    MinerLogin login;
    CpuMinerOptions cpu;
    std::optional<V2Wish> v2;  ///< speaks Stratum v2, else v1; `now` is filled in
    bool once = false;         ///< end after the first accepted share
    std::chrono::milliseconds last_answers{5'000};  ///< how long stop() waits for them
};

/// What a client has done so far, over all its connections.
struct MiningTotals {
    MinerCounts shares;
    std::uint64_t hashes = 0;
    std::uint64_t connections = 0;
};

/// Why a client has ended.
enum class MiningEnd : std::uint8_t {
    share_accepted,  ///< `once`
    user_refused,    ///< trying again would not help
    stopped,         ///< it was told to
};

/// A whole miner on one loop: connects, mines, submits, and connects again when it must (after
/// 0.5 s, doubling to 30 s). Made and dropped on the loop's thread.
class MiningClient {
public:
    struct Callbacks {
        std::function<void(std::string_view sentence)> on_message;  ///< for people
        std::function<void(MiningEnd)> on_end;                      ///< once; may be empty
        std::function<void(const pool::BlockHash&)> on_block{};  ///< see MinerCounts; may be empty
        std::function<void(const AcceptedShare&)> on_share{};    ///< likewise
    };
    MiningClient(pool::Loop& loop, MiningOptions options, Callbacks callbacks);
    ~MiningClient();
    MiningClient(const MiningClient&) = delete;
    MiningClient& operator=(const MiningClient&) = delete;

    void start();
    /// Submits nothing more and ends once what was submitted is answered, at the latest after
    /// `last_answers`, or when the connection is lost: so that no share is counted by one side
    /// only.
    void stop();
    MiningTotals totals() const;

private:
    void connect();
    void connected(std::unique_ptr<pool::TcpConn> conn);
    void on_bytes(std::span<const std::uint8_t> bytes);
    void on_found(const FoundShare& share);
    void note_answers();
    void send();
    void retry(const std::string& why);
    void finish(MiningEnd end);

    pool::Loop& loop_;
    MiningOptions options_;
    Callbacks callbacks_;
    std::shared_ptr<bool> alive_;  // a late connect finds out that we are gone
    std::unique_ptr<pool::TcpConn> conn_;
    std::unique_ptr<PoolSession> session_;  // of conn_
    std::shared_ptr<const MiningJob> job_;  // that the threads have
    MinerCounts before_;                    // of former connections
    std::uint64_t answered_ = 0;            // of session_'s shares
    std::size_t blocks_told_ = 0;           // likewise
    std::uint64_t connections_ = 0;
    std::chrono::milliseconds backoff_;
    pool::Watch retry_;
    pool::Watch last_answers_;
    bool stopping_ = false;
    bool ended_ = false;
    pool::Mailbox<FoundShare> found_;
    CpuMiner cpu_;  // last: its threads use found_
};

}  // namespace stratum::client
