#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pool/base/result.h"
#include "pool/share/record.h"

namespace pool {

struct JournalOptions {
    /// A segment file is closed once it is this long. Bounds what must be read at start-up.
    std::size_t segment_bytes = std::size_t{64} << 20;
    /// A file that nobody wants any more stays while its newest record is younger than this beside
    /// the journal's newest: books that go back (a replica that was behind is promoted, a backup
    /// restored) find there what they lack.
    std::chrono::milliseconds kept_for = std::chrono::hours{1};
    /// No more than so many bytes of such files: at 15,000 shares a second on two loops 23 minutes.
    std::size_t kept_bytes = std::size_t{1} << 30;
};

/// A producer's records on disk, in segment files of contiguous sequence numbers.
///
/// append() is one write(2): what it has taken survives kill -9. Power cuts are another matter:
/// begin_sync() and end_sync() let the owner commit by groups (see RedisShareLog), and
/// synced_seq() says how far. One owner, one thread; the directory is locked against others.
///
/// A segment is a 32-byte head ("ZBRJRNL2", its first sequence number, the last one before it, and
/// the last one that was synced) and then 104 bytes a record: the record and its CRC-32C.
class Journal {
public:
    /// Makes the directory, reads the newest segment, cuts a torn end off.
    ///
    /// Errors: io; conflict, when another process has it open; invalid, when a record that was
    /// synced is damaged and whole ones follow, or a segment is missing: nothing is then changed,
    /// and the sentence says where.
    static Result<Journal> open(const std::filesystem::path& directory, JournalOptions options);

    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();

    std::uint64_t last_seq() const;  ///< of the newest record, or as set by advance_to; 0 at first
    std::uint64_t synced_seq() const;  ///< safe from power cuts up to here
    /// The oldest record that can be read; last_seq() + 1 when there is none.
    std::uint64_t first_seq() const;
    /// Time of the newest record; 0 when there is none.
    UnixMillis last_at() const;

    /// Makes `seq` the last number given away, when it is beyond last_seq(): for a journal that
    /// was lost or is older than Redis or MySQL. Once, before the first append.
    void advance_to(std::uint64_t seq);

    /// Writes records, whose sequence numbers must follow last_seq() (checked). All or none.
    /// Errors: io (disk full); nothing of it then counts, and a later append may succeed.
    Result<void> append(std::span<const RecordBytes> records);

    /// Adds up to `count_max` records from `first_seq` on to `out`; fewer at the end, none when
    /// first_seq is beyond it. Errors: not_found, for numbers that were dropped or jumped over;
    /// io, also for a damaged record: those before it are in `out`.
    Result<void> read(std::uint64_t first_seq, std::size_t count_max,
                      std::vector<RecordBytes>& out) const;

    /// Can every record from `seq` to the newest be read, with none jumped over?
    bool holds_all_from(std::uint64_t seq) const;

    /// Deletes segments that hold only records below `seq`, but for those that JournalOptions
    /// keeps a while. The newest one always stays.
    void drop_below(std::uint64_t seq);

    /// Called after each append, on its thread: the moment to think of a sync.
    void on_append(std::function<void()> task);

    /// What fdatasync must be called on, and up to where that makes records safe.
    struct Sync {
        std::shared_ptr<const void> keep;  ///< keeps fd open
        int fd = -1;
        std::uint64_t seq = 0;
    };
    /// Nothing when all is safe already.
    std::optional<Sync> begin_sync() const;
    /// To be called when fdatasync has succeeded. After a failed one the kernel may have thrown
    /// pages away: call fail_sync, and no append succeeds any more.
    void end_sync(const Sync& sync);
    void fail_sync();

private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
