#include "pool/runtime/task_thread.h"

#include <utility>

namespace pool {
namespace {

constexpr std::chrono::milliseconds no_step{60'000};

}  // namespace

TaskThread::TaskThread(std::size_t capacity, std::function<std::chrono::milliseconds()> step)
    : capacity_(capacity), step_(std::move(step))
{
}

TaskThread::~TaskThread() { stop(); }

void TaskThread::start()
{
    thread_ = std::thread{[this] { run(); }};
}

bool TaskThread::post(Task task)
{
    {
        const std::lock_guard lock{mutex_};
        if (stopping_ || tasks_.size() >= capacity_) return false;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
}

void TaskThread::stop()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void TaskThread::run()
{
    std::unique_lock lock{mutex_};
    while (true) {
        if (!tasks_.empty()) {
            const Task task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
            lock.lock();
            continue;
        }
        if (stopping_) return;
        lock.unlock();
        const std::chrono::milliseconds pause = step_ ? step_() : no_step;
        lock.lock();
        wake_.wait_for(lock, pause, [this] { return stopping_ || !tasks_.empty(); });
    }
}

}  // namespace pool
