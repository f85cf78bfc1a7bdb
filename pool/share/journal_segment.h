#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/share/record.h"

namespace pool {

/// A descriptor that closes itself.
class File {
public:
    explicit File(int fd) : fd_(fd) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

/// "can't write /var/lib/zubr/…: No space left on device": an io error by errno.
Error file_error(std::string_view doing, const std::filesystem::path& path, int number);

/// Makes a created or deleted name of `directory` survive a power cut.
Result<void> sync_directory(const std::filesystem::path& directory);

/// One file of a Journal. Records are contiguous from `first`.
struct JournalSegment {
    std::filesystem::path path;
    std::shared_ptr<File> file;
    std::uint64_t first = 0;     ///< sequence number of its first record
    std::uint64_t previous = 0;  ///< the last one before it; less than first - 1 after a jump
    std::uint64_t count = 0;     ///< whole records
    std::uint64_t synced = 0;    ///< as of opening: records up to here survive any power cut
    UnixMillis newest_at;        ///< time of its newest record; 0 while it has none

    std::uint64_t last() const { return first + count - 1; }
    std::uint64_t bytes() const;

    /// Makes the file with its head only. Errors: io.
    static Result<JournalSegment> create(const std::filesystem::path& directory,
                                         std::uint64_t first, std::uint64_t previous);

    /// Opens a file by its name and reads its head; `count` is what its length allows.
    /// Nothing when nothing of it was ever written: a crash while it was made.
    /// Errors: io; invalid, when it is no such file.
    static Result<std::optional<JournalSegment>> open(const std::filesystem::path& path);

    /// Reads every record and cuts a torn end off. Sets `cut` to the bytes that went.
    ///
    /// A power cut may leave any page of what was not synced unwritten, so there the first damaged
    /// record is the end, whatever follows.
    /// Errors: io; invalid, when a synced record is damaged and a whole one follows.
    Result<void> mend(std::uint64_t& cut);

    /// Writes into the head how far the file was synced: to be called after that sync. When it
    /// fails, the head says less than is true, which is safe.
    static void note_synced(int fd, std::uint64_t seq);

    /// One write at the end. On an error the file is as before, or `count` can't be trusted and
    /// `broken` is set. buffer: the caller's, so that its memory lasts.
    Result<void> append(std::span<const RecordBytes> records, Bytes& buffer, bool& broken);

    /// Adds `wanted` records from `from` on; all of them must be there (checked).
    /// Errors: io, also for a damaged one.
    Result<void> read(std::uint64_t from, std::size_t wanted, std::vector<RecordBytes>& out) const;
};

/// Segment files of a directory, oldest first. Errors: io.
Result<std::vector<std::filesystem::path>> journal_files(const std::filesystem::path& directory);

}  // namespace pool
