#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "payouts/service.h"
#include "pool/app/books_status.h"
#include "pool/base/histogram.h"
#include "pool/base/metrics.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/bitcoin/address.h"
#include "pool/runtime/task_thread.h"
#include "stratum/user_name.h"

namespace pool {

/// The names that miners may authorise as, besides addresses.
std::shared_ptr<const stratum::AccountDirectory> directory_of(
    const std::vector<payouts::RegisteredAccount>& accounts);

/// The ledger thread: steps the service, takes blocks and sightings to it, and tells the others
/// what they need to know of it. MySQL or Redis away: it says so and tries again.
class Books {
public:
    /// All called on the ledger thread.
    struct Out {
        std::function<void(const std::vector<payouts::ProducerReport>&)> marks;
        /// Those of all servers, for the one that books; when they have changed, and when that is
        /// us from now on.
        std::function<void(std::vector<payouts::WatchedBlock>)> watched;
        std::function<void(const Digest&)> chain_head;  ///< of the slots, when it has moved
        std::function<void(BlockHash)> booked;
        std::function<void(BlockHash)> answer_booked;  ///< once for each answer
        std::function<void(std::shared_ptr<const stratum::AccountDirectory>)> directory;
        /// A producer of ours belongs to another server: once.
        std::function<void(const std::string&)> taken_over;
        std::function<void(const BooksStatus&)> status;  ///< after each step
    };

    /// directory: what the loops have been told already.
    Books(std::unique_ptr<payouts::Service> service,
          std::shared_ptr<const stratum::AccountDirectory> directory, Out out);
    ~Books() { stop(); }

    void start();
    void stop();

    /// Any thread. Kept until MySQL has it, then Out::booked.
    void record_found(payouts::FoundBlock block);
    /// Any thread. Kept until MySQL has it.
    void record_answer(payouts::BlockAnswer answer);
    void sight(std::vector<payouts::BlockSighting> sightings);
    /// `done` on the ledger thread.
    void create_account(std::string name, Address payout,
                        std::function<void(Result<AccountId>)> done);

    /// Sealing waits no longer for this producer. `done` on the ledger thread.
    void retire(std::string producer, std::function<void(Result<void>)> done);

    /// See payouts::Service::accept_gap. `done` on the ledger thread.
    void accept_gap(std::string producer, std::string by,
                    std::function<void(Result<std::uint64_t>)> done);

    /// Of the steps that booked shares: how long MySQL and Redis took, and how many records. Any
    /// thread.
    const Histogram& step_times() const { return step_times_; }
    std::uint64_t rows() const { return rows_.value(); }

private:
    std::chrono::milliseconds step();
    Result<void> write_found();
    Result<void> read_back(Now now);
    void note(const payouts::StepReport& report, Now now);
    void note_trouble(const Error& error);
    void tell_status(const BooksStatus& before);

    std::unique_ptr<payouts::Service> service_;
    Out out_;
    std::vector<payouts::FoundBlock> found_;     // not in MySQL yet
    std::vector<payouts::BlockAnswer> answers_;  // likewise; bounded
    std::shared_ptr<const stratum::AccountDirectory> directory_;
    SteadyTime read_back_{};
    std::vector<payouts::WatchedBlock> watched_;
    bool watch_changed_ = true;
    bool active_ = false;  // it is us who book
    BooksStatus status_;
    Histogram step_times_;
    Counter rows_;
    Digest chain_head_{};
    bool taken_over_ = false;
    TaskThread thread_;
};

}  // namespace pool
