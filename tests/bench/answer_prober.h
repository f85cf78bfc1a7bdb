#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace tests {

/// A miner that sends a share every millisecond, on a schedule that waits for no answer, and takes
/// down how long after its due time each was answered. Its shares are for a job that nobody made:
/// they go the whole road to judgement, and none is a block. A thread of its own.
class AnswerProber {
public:
    AnswerProber(std::uint16_t port, const std::string& user);
    ~AnswerProber() { finish(); }
    AnswerProber(const AnswerProber&) = delete;
    AnswerProber& operator=(const AnswerProber&) = delete;

    /// What comes from here on is taken down in busy(), or in quiet().
    void now_busy(bool busy) { is_busy_ = busy; }
    void finish();

    /// Milliseconds; after finish().
    const std::vector<double>& quiet() const { return quiet_; }
    const std::vector<double>& busy() const { return busy_; }

private:
    void run(std::uint16_t port, const std::string& user);

    std::atomic<bool> is_busy_{false};
    std::atomic<bool> over_{false};
    std::vector<double> quiet_;
    std::vector<double> busy_;
    std::thread thread_;
};

}  // namespace tests
