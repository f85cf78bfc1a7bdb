#include "pool/share/redis_share_log.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"
#include "pool/base/log.h"
#include "pool/base/time.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds group_commit{25};
constexpr std::chrono::milliseconds backoff_min{50};
constexpr std::chrono::milliseconds backoff_max{2000};
constexpr std::chrono::seconds rebuild_pause{5};
constexpr std::size_t checked_at_once = 4096;  // records, 0.4 MB of the journal

}  // namespace

RedisShareLog::RedisShareLog(Loop& loop, RedisOptions options, std::string producer,
                             Journal& journal, std::uint64_t unbooked_max)
    : loop_(loop),
      producer_(std::move(producer)),
      key_(stream_key(options, producer_)),
      journal_(journal),
      unbooked_max_(unbooked_max),
      highest_(journal.last_seq()),
      backoff_(backoff_min),
      redis_(loop, std::move(options),
             {[this] { on_connected(); }, [this](const std::string& why) { on_lost(why); }}),
      kept_(redis_, key_)
{
    journal_.on_append([this] { on_append(); });
    count_backlog();
}

RedisShareLog::~RedisShareLog() { journal_.on_append({}); }

void RedisShareLog::start()
{
    redis_.connect();
    on_append();
}

void RedisShareLog::set_mark(std::uint64_t seq)
{
    if (phase_ == Phase::foreign) return;  // it may be about another's records
    if (seq > highest_) return stop_for_good(seq);
    mark_ = seq;
    journal_.drop_below(mark_ + 1);
    kept_.drop_below(journal_.first_seq());
    note_oldest();
    pump();  // Redis has room for more
}

void RedisShareLog::resend(std::uint64_t mark)
{
    set_mark(mark);
    if (phase_ == Phase::foreign) return;
    const auto now = std::chrono::steady_clock::now();
    const bool under_way = checking_ || rebuild_;
    if (under_way || (rebuilt_.time_since_epoch().count() != 0 && now - rebuilt_ < rebuild_pause)) {
        return;
    }
    if (!journal_.holds_all_from(mark_ + 1)) return refuse_resend("they are not there");
    rebuilt_ = now;
    checking_ = true;
    checked_from_ = mark_;
    checked_ = mark_;
    check_journal();
}

// Redis may hold what a failed disk cannot give back: first it is read, and then the stream goes.
void RedisShareLog::check_journal()
{
    if (phase_ == Phase::foreign) return;
    if (mark_ < checked_from_) checked_ = checked_from_ = mark_;  // the books went back meanwhile
    checked_ = std::max(checked_, mark_);
    batch_.clear();
    const auto got = journal_.read(checked_ + 1, checked_at_once, batch_);
    checked_ += batch_.size();
    if (!got) return keep_unread(got.error());
    if (!batch_.empty()) return check_on();
    checking_ = false;
    log::warn("share_stream_rebuilt", {{"producer", producer_}, {"after_seq", mark_}});
    lacks_.set(0);
    rebuild_ = true;
    if (phase_ == Phase::ready) ask();
}

void RedisShareLog::check_on()
{
    const std::weak_ptr<const bool> alive = alive_;
    loop_.post([this, alive] {
        if (!alive.expired()) check_journal();
    });
}

// The record behind checked_ is damaged: Redis has what it had been sent, until the stream goes.
void RedisShareLog::keep_unread(const Error& error)
{
    const std::uint64_t seq = checked_ + 1;
    if (kept_.find(seq) != nullptr) {
        checked_ = seq;
        return check_on();
    }
    const bool damaged = error.code == Error::Code::io;
    if (!damaged || !redis_.connected() || !kept_.loaded()) {
        checking_ = false;
        if (!damaged) refuse_resend(error.detail);
        return;  // of a Redis that is away the books ask again
    }
    keeping_ = true;
    kept_.keep(seq, [this, seq, why = error.detail](const std::string& not_kept) {
        keeping_ = false;
        if (phase_ == Phase::foreign) return;
        if (!not_kept.empty()) {
            checking_ = false;
            return refuse_resend(why + "; " + not_kept);
        }
        log::warn("share_record_kept", {{"producer", producer_}, {"seq", seq}, {"reason", why}});
        checked_ = seq;
        check_on();
    });
}

void RedisShareLog::refuse_resend(const std::string& why)
{
    if (lacks_from() == mark_ + 1) return;  // told already
    lacks_.set(static_cast<std::int64_t>(mark_ + 1));
    log::error("share_stream_gap_not_in_journal",
               {{"producer", producer_},
                {"after_seq", mark_},
                {"reason", why},
                {"todo", "zubr-cli acceptgap gives up what is nowhere any more"}});
}

// Records keep their order in time, so the oldest is the first behind the mark.
void RedisShareLog::note_oldest()
{
    const std::uint64_t oldest = std::max(mark_ + 1, journal_.first_seq());
    if (oldest > journal_.last_seq()) return unbooked_since_.set(0);
    if (const auto at = time_of(oldest)) {
        unbooked_since_.set(static_cast<std::int64_t>(at->value));
    }
}

std::optional<UnixMillis> RedisShareLog::time_of(std::uint64_t seq) const
{
    if (seq > journal_.last_seq()) return std::nullopt;
    std::vector<RecordBytes> one;
    if (!journal_.read(seq, 1, one) || one.empty()) return std::nullopt;
    const auto record = decode(one.front());
    if (!record) return std::nullopt;
    return std::visit([](const auto& each) { return each.at; }, *record);
}

void RedisShareLog::on_append()
{
    count_backlog();
    if (unbooked_since_.value() == 0 && phase_ != Phase::foreign) note_oldest();
    if (syncing_ || sync_timer_.active() || journal_.synced_seq() >= journal_.last_seq()) return;
    sync_timer_ = loop_.after(group_commit, [this] { sync(); });
}

void RedisShareLog::sync()
{
    sync_timer_.stop();
    const auto wanted = journal_.begin_sync();
    if (!wanted) return;
    syncing_ = true;
    const std::weak_ptr<const bool> alive = alive_;
    loop_.sync_file(wanted->fd, [this, alive, sync = *wanted](Result<void> done) {
        if (alive.expired()) return;
        syncing_ = false;
        if (!done) {
            log::error("journal_sync_failed",
                       {{"producer", producer_}, {"reason", done.error().detail}});
            return journal_.fail_sync();
        }
        journal_.end_sync(sync);
        pump();
        on_append();  // what was written meanwhile
    });
}

void RedisShareLog::on_connected()
{
    if (phase_ == Phase::foreign) return;
    connected_.set(1);
    ask();
}

void RedisShareLog::on_lost(const std::string& why)
{
    connected_.set(0);
    if (keeping_) checking_ = false;  // the answer that it waits for does not come
    keeping_ = false;
    rest(why);
}

// Where to go on is asked after every doubt: Redis may have lost its last records, or have taken
// a batch whose answer we never saw.
void RedisShareLog::ask()
{
    phase_ = Phase::asking;
    if (!kept_.loaded()) {
        return kept_.load([this](const std::string& why) {
            if (phase_ == Phase::foreign) return;
            if (!why.empty()) return rest(why);
            ask();
        });
    }
    if (rebuild_) return empty_stream();
    const std::array<std::string_view, 3> words{"XINFO", "STREAM", key_};
    redis_.command(words, [this](const RedisReply& reply) { on_asked(reply); });
}

void RedisShareLog::empty_stream()
{
    const std::array<std::string_view, 2> words{"DEL", key_};
    redis_.command(words, [this](const RedisReply& reply) {
        if (phase_ == Phase::foreign) return;
        if (reply.is_error()) return rest(reply.text);
        rebuild_ = false;
        ask();
    });
}

void RedisShareLog::on_asked(const RedisReply& reply)
{
    if (phase_ == Phase::foreign) return;
    const auto last = last_seq_of_stream(reply);
    if (!last) return rest(last.error().detail);
    if (*last > highest_) return stop_for_good(*last);
    if (pending_ != 0 && *last == pending_) return compare_pending();
    go_on(*last);
}

// The answer to our last XADD was lost, or it said that its number is there: is it our entry?
void RedisShareLog::compare_pending()
{
    const std::string id = std::to_string(pending_) + "-0";
    const std::array<std::string_view, 4> words{"XRANGE", key_, id, id};
    redis_.command(words, [this](const RedisReply& reply) {
        if (phase_ == Phase::foreign) return;
        if (reply.is_error()) return rest(reply.text);
        // Not there any more: it is booked.
        if (!reply.elements.empty() && reply.elements.front().elements.size() == 2) {
            const RedisReply* blob = reply.elements.front().elements[1].field("d");
            if (blob == nullptr || blob->text != blob_) return stop_for_good(pending_);
        }
        go_on(pending_);
    });
}

void RedisShareLog::stop_for_good(std::uint64_t last)
{
    phase_ = Phase::foreign;
    retry_timer_.stop();
    connected_.set(0);
    unbooked_since_.set(0);  // no minute can wait for it
    trouble_ =
        "another server writes with the same pool.server_id: stop one of the two; nothing of this "
        "journal is shipped or dropped any more";
    log::error("share_stream_taken",
               {{"producer", producer_}, {"last_seq", last}, {"reason", trouble_}});
}

void RedisShareLog::go_on(std::uint64_t last)
{
    pending_ = 0;
    shipped_ = std::max(last, mark_);
    phase_ = Phase::ready;
    // Out of memory or read-only, Redis still answers questions: it is back when it takes records.
    if (shipped_ >= std::min(journal_.last_seq(), mark_ + unbooked_max_)) recovered();
    pump();
    count_backlog();
}

void RedisShareLog::pump()
{
    if (phase_ != Phase::ready) return;
    if (rebuild_) return ask();
    const std::uint64_t last_wanted = std::min(journal_.synced_seq(), mark_ + unbooked_max_);
    if (shipped_ >= last_wanted) return;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(records_max, last_wanted - shipped_));
    if (auto got = read_next(count); !got) return rest(got.error().detail);
    blob_.clear();
    for (const RecordBytes& record : batch_) {
        blob_.append(reinterpret_cast<const char*>(record.data()), record.size());
    }
    const std::uint64_t last = shipped_ + batch_.size();
    const std::string id = std::to_string(last) + "-0";
    const std::string first = std::to_string(shipped_ + 1);
    // So that the books see whose life goes on here: see StreamReader::read.
    const std::string before = print_before();
    const std::string sum = std::to_string(crc32c(as_bytes(blob_)));
    const std::string all = std::to_string(sum_of_entry(first, before, sum));
    std::vector<std::string_view> words{"XADD", key_, id,  "f", first, "d",
                                        blob_,  "c",  sum, "s", all};
    if (!before.empty()) words.insert(words.end(), {"p", before});
    phase_ = Phase::adding;
    highest_ = std::max(highest_, last);
    pending_ = last;
    sent_at_ = read_clock().steady;
    redis_.command(words, [this, last](const RedisReply& reply) { on_added(reply, last); });
}

// Up to what the journal cannot read; that is shipped by itself, where Redis has kept it.
Result<void> RedisShareLog::read_next(std::size_t count)
{
    batch_.clear();
    auto got = journal_.read(shipped_ + 1, count, batch_);
    if (got || !batch_.empty()) return {};
    const RecordBytes* const kept = kept_.find(shipped_ + 1);
    if (kept == nullptr) return got;
    batch_.push_back(*kept);
    return {};
}

// Of the record before the batch; "" when the journal does not have it any more.
std::string RedisShareLog::print_before()
{
    if (printed_seq_ != shipped_) {
        std::vector<RecordBytes> one;
        printed_seq_ = 0;
        if (shipped_ > 0 && journal_.read(shipped_, 1, one) && !one.empty()) {
            print_ = print_of(one.front());
            printed_seq_ = shipped_;
        }
    }
    const std::string text = printed_seq_ > 0 ? std::to_string(print_) : "";
    print_ = print_of(batch_.back());
    printed_seq_ = shipped_ + batch_.size();
    return text;
}

void RedisShareLog::on_added(const RedisReply& reply, std::uint64_t last)
{
    if (phase_ == Phase::foreign) return;
    times_.add(read_clock().steady - sent_at_);
    if (reply.is_error()) {
        // "equal or smaller" means that it is there already, and by asking we learn how much.
        // All others (LOADING, OOM, READONLY, MISCONF) pass with time.
        const bool there = reply.text.find("equal or smaller") != std::string::npos;
        return there ? ask() : rest(reply.text);
    }
    pending_ = 0;
    shipped_ = last;
    phase_ = Phase::ready;
    recovered();
    count_backlog();
    pump();
}

void RedisShareLog::recovered()
{
    backoff_ = backoff_min;
    if (trouble_.empty()) return;
    trouble_.clear();
    log::info("redis_back", {{"producer", producer_}, {"last_seq", shipped_}});
}

void RedisShareLog::rest(const std::string& why)
{
    if (phase_ == Phase::foreign) return;
    phase_ = redis_.connected() ? Phase::resting : Phase::down;
    if (trouble_.empty())
        log::warn("redis_unavailable", {{"producer", producer_}, {"reason", why}});
    trouble_ = why;
    retry_timer_.stop();
    retry_timer_ = loop_.after(backoff_, [this] {
        retry_timer_.stop();
        if (redis_.connected()) {
            ask();
        } else {
            redis_.connect();
        }
    });
    backoff_ = std::min(backoff_ * 2, backoff_max);
}

void RedisShareLog::count_backlog()
{
    const std::uint64_t last = journal_.last_seq();
    const std::uint64_t there = std::max(shipped_, mark_);
    told_shipped_.set(static_cast<std::int64_t>(shipped_));
    backlog_.set(last > there ? static_cast<std::int64_t>(last - there) : 0);
}

}  // namespace pool
