#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace pool {

/// A thread for blocking work (a database connection has one of its own): runs what is posted, in
/// order, and a step of its own whenever nothing is waiting.
class TaskThread {
public:
    using Task = std::function<void()>;

    /// step: called between tasks; returns how long to wait before the next call unless a task
    /// comes first. Empty: the thread only runs tasks.
    /// capacity: of the queue.
    TaskThread(std::size_t capacity, std::function<std::chrono::milliseconds()> step);
    ~TaskThread();  ///< stop()
    TaskThread(const TaskThread&) = delete;
    TaskThread& operator=(const TaskThread&) = delete;

    void start();
    /// Any thread. False when the queue is full, or the thread was stopped.
    [[nodiscard]] bool post(Task task);
    /// Runs what is in the queue and ends. Not from the thread itself.
    void stop();

private:
    void run();

    std::size_t capacity_;
    std::function<std::chrono::milliseconds()> step_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> tasks_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pool
