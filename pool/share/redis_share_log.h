#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/histogram.h"
#include "pool/base/metrics.h"
#include "pool/base/time.h"
#include "pool/runtime/loop.h"
#include "pool/share/journal.h"
#include "pool/share/redis_connection.h"
#include "pool/share/redis_kept_records.h"
#include "pool/share/redis_options.h"

namespace pool {

/// Ships one producer's journal to its Redis stream, and makes the journal safe from power cuts
/// on the way: fdatasync at most 25 ms after a write, and only what is synced is shipped.
///
/// One XADD is in flight at a time, its id the last sequence number it carries, so Redis itself
/// refuses a repetition; after a break the stream's last id says where to go on. Nothing is ever
/// dropped: while Redis is away, or has `unbooked_max` records that MySQL lacks, the
/// journal holds. Records in the stream that are not this
/// journal's are another server's under the same name: it then stops for good and says so, for
/// what it numbers alike would be taken for repetitions. Lives on the loop's thread.
class RedisShareLog {
public:
    static constexpr std::size_t records_max = 250;  ///< of one stream entry

    /// Records beyond MySQL's mark that Redis is given, 0.22 GB of its memory.
    static constexpr std::uint64_t unbooked_max_default = 2'000'000;

    /// journal: outlives this object, and belongs to `producer` alone.
    RedisShareLog(Loop& loop, RedisOptions options, std::string producer, Journal& journal,
                  std::uint64_t unbooked_max = unbooked_max_default);
    ~RedisShareLog();
    RedisShareLog(const RedisShareLog&) = delete;
    RedisShareLog& operator=(const RedisShareLog&) = delete;

    /// Connects, and keeps trying. Call set_mark first when MySQL has records of this producer.
    void start();

    /// MySQL has all records up to `seq`, and no others: those need not be sent again, and the
    /// journal may drop them. Goes back when MySQL does: a replica that was behind was promoted.
    void set_mark(std::uint64_t seq);

    /// Makes the stream anew from the journal: what the books ask for when records after `mark`
    /// are missing in Redis (ProducerReport::gap). Does nothing for five seconds after the last
    /// time. The stream is emptied only once every record after the mark was read from the journal,
    /// a few thousand a turn of the loop, or, where the disk has failed, was kept beside the stream
    /// (RedisKeptRecords): what Redis alone has stays there. From then on the next life fills it as
    /// well, from MySQL's mark.
    void resend(std::uint64_t mark);

    /// Redis has said last that it has all up to here, or MySQL that it does. Any thread.
    std::uint64_t shipped() const { return static_cast<std::uint64_t>(told_shipped_.value()); }
    /// Records of the journal that Redis does not have yet. Any thread.
    std::uint64_t backlog() const { return static_cast<std::uint64_t>(backlog_.value()); }
    /// Time of the oldest record of the journal that MySQL does not have, as far as set_mark told;
    /// 0 when it has all. Any thread.
    UnixMillis unbooked_since() const
    {
        return UnixMillis{static_cast<std::uint64_t>(unbooked_since_.value())};
    }
    /// The first number that the stream lacks, as resend() found it last, when the journal cannot
    /// give back all from there on; 0: it can, or was not asked. Any thread.
    std::uint64_t lacks_from() const { return static_cast<std::uint64_t>(lacks_.value()); }
    /// Any thread.
    bool connected() const { return connected_.value() != 0; }
    /// Why nothing gets into the stream, as Redis or the journal has said it: from the first
    /// refusal until a batch was taken or nothing is left to send. A Redis that is out of memory,
    /// read-only or can't save is connected, and answers all else. Empty: nothing is in the way,
    /// or it does not answer at all. The loop's thread.
    std::string trouble() const { return phase_ == Phase::down ? "" : trouble_; }
    /// Time of the oldest record of the journal that Redis does not have; nothing when it has all,
    /// or when that record can't be read. Reads the journal. The loop's thread.
    std::optional<UnixMillis> unshipped_since() const { return time_of(shipped_ + 1); }
    /// Of each batch: from sending it to Redis' answer. Any thread.
    const Histogram& times() const { return times_; }

private:
    enum class Phase : std::uint8_t { down, asking, ready, adding, resting, foreign };

    void on_append();
    void sync();
    void on_connected();
    void on_lost(const std::string& why);
    void check_journal();
    void check_on();
    void keep_unread(const Error& error);
    void refuse_resend(const std::string& why);
    void ask();
    void on_asked(const RedisReply& reply);
    void empty_stream();
    void compare_pending();
    void go_on(std::uint64_t last);
    void stop_for_good(std::uint64_t last);
    void pump();
    Result<void> read_next(std::size_t count);
    std::string print_before();
    void on_added(const RedisReply& reply, std::uint64_t last);
    void rest(const std::string& why);
    void recovered();
    void count_backlog();
    void note_oldest();
    std::optional<UnixMillis> time_of(std::uint64_t seq) const;

    Loop& loop_;
    std::string producer_;
    std::string key_;
    Journal& journal_;
    Phase phase_ = Phase::down;
    std::uint64_t unbooked_max_;
    std::uint64_t shipped_ = 0;
    std::uint64_t mark_ = 0;
    std::uint64_t highest_ = 0;      // that this journal can have brought into the stream
    std::uint64_t print_ = 0;        // of record printed_seq_
    std::uint64_t printed_seq_ = 0;  // 0: not known
    std::uint64_t pending_ = 0;      // last number of the XADD whose answer we lack; 0: none
    std::chrono::milliseconds backoff_;
    std::string trouble_;             // one line in the log for each outage
    bool checking_ = false;           // whether the journal can be read, before the stream goes
    bool keeping_ = false;            // and waits for Redis to keep what cannot be
    std::uint64_t checked_from_ = 0;  // all after this one, up to checked_, was read
    std::uint64_t checked_ = 0;
    bool rebuild_ = false;
    std::chrono::steady_clock::time_point rebuilt_;
    bool syncing_ = false;
    std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);
    std::vector<RecordBytes> batch_;
    std::string blob_;
    Gauge told_shipped_;
    Gauge backlog_;
    Gauge unbooked_since_;
    Gauge connected_;
    Histogram times_;
    SteadyTime sent_at_{};
    Gauge lacks_;
    Watch sync_timer_;
    Watch retry_timer_;
    RedisConnection redis_;
    RedisKeptRecords kept_;
};

}  // namespace pool
