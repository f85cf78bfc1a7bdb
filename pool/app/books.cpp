#include "pool/app/books.h"

#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t tasks_max = 100'000;
constexpr std::size_t answers_max = 10'000;
constexpr milliseconds pause{200};
constexpr milliseconds pause_in_trouble{500};
constexpr std::chrono::seconds read_back_every{5};

}  // namespace

std::shared_ptr<const stratum::AccountDirectory> directory_of(
    const std::vector<payouts::RegisteredAccount>& accounts)
{
    auto directory = std::make_shared<stratum::AccountDirectory>();
    for (const payouts::RegisteredAccount& account : accounts) {
        directory->emplace(account.name, account.id);
    }
    return directory;
}

Books::Books(std::unique_ptr<payouts::Service> service,
             std::shared_ptr<const stratum::AccountDirectory> directory, Out out)
    : service_(std::move(service)),
      out_(std::move(out)),
      directory_(std::move(directory)),
      thread_(tasks_max, [this] { return step(); })
{
    status_.good_at = read_clock().steady;
}

void Books::start() { thread_.start(); }
void Books::stop() { thread_.stop(); }

void Books::record_found(payouts::FoundBlock block)
{
    const bool posted = thread_.post(
        [this, block = std::move(block)]() mutable { found_.push_back(std::move(block)); });
    // The block is on disk: the next start brings it back.
    if (!posted) log::error("found_block_not_booked", {{"reason", "the ledger thread is busy"}});
}

void Books::record_answer(payouts::BlockAnswer answer)
{
    const bool posted = thread_.post([this, answer = std::move(answer)]() mutable {
        if (answers_.size() < answers_max)
            answers_.push_back(std::move(answer));
        else
            out_.answer_booked(answer.hash);  // the log alone has it
    });
    // It is in the log, and the next start asks the nodes again.
    if (!posted) log::warn("block_answer_not_booked", {{"reason", "the ledger thread is busy"}});
}

void Books::sight(std::vector<payouts::BlockSighting> sightings)
{
    // A lost round of sightings is asked again in seconds.
    static_cast<void>(
        thread_.post([this, sightings = std::move(sightings)] { service_->sight(sightings); }));
}

void Books::create_account(std::string name, Address payout,
                           std::function<void(Result<AccountId>)> done)
{
    const auto answer = std::make_shared<std::function<void(Result<AccountId>)>>(std::move(done));
    const bool posted =
        thread_.post([this, answer, name = std::move(name), payout = std::move(payout)] {
            auto made = service_->create_account(name, payout);
            read_back_ = {};  // whoever hears the answer may mine under the name at once
            if (auto told = read_back(read_clock()); !told) note_trouble(told.error());
            (*answer)(std::move(made));
        });
    if (!posted) (*answer)(fail(Error::Code::unavailable, "the ledger thread is busy; try again"));
}

void Books::retire(std::string producer, std::function<void(Result<void>)> done)
{
    const auto answer = std::make_shared<std::function<void(Result<void>)>>(std::move(done));
    const bool posted = thread_.post(
        [this, answer, producer = std::move(producer)] { (*answer)(service_->retire(producer)); });
    if (!posted) (*answer)(fail(Error::Code::unavailable, "the ledger thread is busy; try again"));
}

void Books::accept_gap(std::string producer, std::string by,
                       std::function<void(Result<std::uint64_t>)> done)
{
    const auto answer =
        std::make_shared<std::function<void(Result<std::uint64_t>)>>(std::move(done));
    const bool posted =
        thread_.post([this, answer, producer = std::move(producer), by = std::move(by)] {
            (*answer)(service_->accept_gap(producer, by, read_clock().wall));
        });
    if (!posted) (*answer)(fail(Error::Code::unavailable, "the ledger thread is busy; try again"));
}

milliseconds Books::step()
{
    const Now now = read_clock();
    if (auto written = write_found(); !written) {
        note_trouble(written.error());
        return pause_in_trouble;
    }
    // Before the step: names and blocks need MySQL only, and the step may have much to do.
    if (auto read = read_back(now); !read) {
        note_trouble(read.error());
        return pause_in_trouble;
    }
    const auto report = service_->step(now);
    if (!report) {
        note_trouble(report.error());
        return pause_in_trouble;
    }
    if (report->records > 0) {
        step_times_.add(read_clock().steady - now.steady);
        rows_.add(report->records);
    }
    if (!report->taken_over.empty()) {
        if (!std::exchange(taken_over_, true)) out_.taken_over(report->taken_over);
        return pause;  // these marks are not about our journals
    }
    out_.marks(report->producers);
    if (report->chain_head != chain_head_) out_.chain_head(chain_head_ = report->chain_head);
    const bool was_active = std::exchange(active_, report->active);
    // What our nodes said so far was thrown away: they are asked at once.
    if (report->blocks_changed > 0 || (active_ && !was_active)) watch_changed_ = true;
    note(*report, now);
    if (!status_.good()) return pause_in_trouble;
    return report->more ? milliseconds{0} : pause;
}

Result<void> Books::write_found()
{
    while (!found_.empty()) {
        if (auto recorded = service_->record_found(found_.back()); !recorded) return recorded;
        out_.booked(found_.back().hash);
        found_.pop_back();
        watch_changed_ = true;
    }
    if (!answers_.empty()) {
        if (auto recorded = service_->record_answers(answers_); !recorded) return recorded;
        for (const payouts::BlockAnswer& answer : answers_) out_.answer_booked(answer.hash);
        answers_.clear();
    }
    return {};
}

Result<void> Books::read_back(Now now)
{
    const bool due = now.steady - read_back_ >= read_back_every;
    if (watch_changed_ || due) {
        auto watched = service_->watched();
        if (!watched) return fail(watched.error());
        // Nobody tells us what other servers have found: the database does.
        if (watch_changed_ || *watched != watched_) out_.watched(*watched);
        watched_ = std::move(*watched);
        watch_changed_ = false;
    }
    if (!due) return {};
    const auto accounts = service_->registered();
    if (!accounts) return fail(accounts.error());
    read_back_ = now.steady;
    auto directory = directory_of(*accounts);
    if (directory_ != nullptr && *directory == *directory_) return {};
    directory_ = std::move(directory);
    out_.directory(directory_);
    return {};
}

void Books::note(const payouts::StepReport& report, Now now)
{
    const BooksStatus before = status_;
    status_.stepped(report, now);
    tell_status(before);
}

void Books::note_trouble(const Error& error)
{
    const BooksStatus before = status_;
    status_.failed(error.detail);
    tell_status(before);
}

// One line in the log for each change of what is wrong.
void Books::tell_status(const BooksStatus& before)
{
    const auto changed = [](const std::string& was, const std::string& is) {
        if (!is.empty() && is != was) log::warn("books_waiting", {{"reason", is}});
    };
    changed(before.mysql_trouble, status_.mysql_trouble);
    changed(before.streams_trouble, status_.streams_trouble);
    if (status_.good() && !before.good()) log::info("books_ok");
    status_.blocks_unbooked = found_.size();
    out_.status(status_);
}

}  // namespace pool
