#include "pool/share/journal.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "pool/base/log.h"
#include "pool/share/journal_segment.h"

namespace pool {

struct Journal::Impl {
    std::filesystem::path directory;
    JournalOptions options;
    std::shared_ptr<File> lock;
    std::vector<JournalSegment> segments;  // oldest first; records go into the last one
    std::uint64_t last = 0;
    std::uint64_t synced = 0;
    UnixMillis last_at;
    bool roll = true;          // the next append begins a segment
    bool broken = false;       // what is on disk can't be trusted any more
    std::uint64_t wanted = 0;  // records from here on, as drop_below was told last
    std::function<void()> appended;
    Bytes buffer;  // of a write; kept for its memory

    Result<void> load();
    Result<void> load_segments();
    Result<void> begin_segment();
    Result<void> write(std::span<const RecordBytes> records);
    std::size_t unwanted(std::uint64_t seq) const;
    std::size_t droppable(std::uint64_t seq) const;
    void drop_oldest(std::size_t count);
};

namespace {

std::uint64_t seq_in(const RecordBytes& record)
{
    ByteReader in{ByteSpan{record}.subspan(8, 8)};
    return in.u64();
}

UnixMillis at_in(const RecordBytes& record)
{
    ByteReader in{ByteSpan{record}.subspan(16, 8)};
    return UnixMillis{in.u64()};
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& directory, JournalOptions options)
{
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        return fail(Error::Code::io, "can't make " + directory.string() + ": " + error.message());
    }
    auto impl = std::make_unique<Impl>();
    impl->directory = directory;
    impl->options = options;
    const std::filesystem::path lock = directory / "lock";
    impl->lock = std::make_shared<File>(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (impl->lock->fd() < 0) return fail(file_error("open", lock, errno));
    if (::flock(impl->lock->fd(), LOCK_EX | LOCK_NB) != 0) {
        return fail(Error::Code::conflict, "the share journal in " + directory.string() +
                                               " is in use by another process: is a zubrd "
                                               "running with this data_dir?");
    }
    if (auto loaded = impl->load(); !loaded) return fail(loaded.error());
    return Journal{std::move(impl)};
}

Result<void> Journal::Impl::load_segments()
{
    const auto files = journal_files(directory);
    if (!files) return fail(files.error());
    for (std::size_t i = 0; i < files->size(); ++i) {
        const std::filesystem::path& path = (*files)[i];
        auto opened = JournalSegment::open(path);
        if (!opened) return fail(opened.error());
        std::optional<JournalSegment>& segment = *opened;
        if (!segment) {
            if (i + 1 != files->size()) {
                return fail(Error::Code::invalid, path.string() + " has lost its beginning");
            }
            log::warn("journal_unfinished_file_removed", {{"path", path.string()}});
            ::unlink(path.c_str());
            continue;
        }
        segments.push_back(std::move(*segment));
    }
    return {};
}

Result<void> Journal::Impl::load()
{
    if (auto loaded = load_segments(); !loaded) return loaded;
    if (segments.empty()) return {};

    JournalSegment& newest = segments.back();
    std::uint64_t cut = 0;
    if (auto mended = newest.mend(cut); !mended) return mended;
    if (cut > 0) {
        log::warn("journal_torn_end_cut",
                  {{"path", newest.path.string()}, {"bytes", cut}, {"last_seq", newest.last()}});
    }
    for (std::size_t i = 1; i < segments.size(); ++i) {
        if (segments[i].previous != segments[i - 1].last()) {
            return fail(Error::Code::invalid,
                        "records from " + std::to_string(segments[i - 1].last() + 1) +
                            " on are missing before " + segments[i].path.string() +
                            ": a file of the share journal was lost or cut");
        }
    }
    last = newest.last();
    roll = false;
    // What kill -9 left is in the page cache only. From here on all of it may be shipped.
    if (::fdatasync(newest.file->fd()) != 0) return fail(file_error("sync", newest.path, errno));
    synced = last;
    JournalSegment::note_synced(newest.file->fd(), synced);
    Result<void> newest_read;  // an older one that can't be read stops nobody who does not want it
    for (JournalSegment& segment : segments) {
        if (segment.count == 0) continue;
        std::vector<RecordBytes> newest_record;
        newest_read = segment.read(segment.last(), 1, newest_record);
        if (!newest_read) continue;
        segment.newest_at = at_in(newest_record.front());
        last_at = segment.newest_at;
    }
    return newest_read;
}

Result<void> Journal::Impl::begin_segment()
{
    // The old segment is made safe first, so that only the newest one can ever be torn. Once in
    // 600 000 shares the loop waits for the disk here.
    const std::uint64_t previous = segments.empty() ? 0 : segments.back().last();
    if (!segments.empty()) {
        if (::fdatasync(segments.back().file->fd()) != 0) {
            broken = true;
            return fail(file_error("sync", segments.back().path, errno));
        }
        synced = last;
    }
    auto made = JournalSegment::create(directory, last + 1, previous);
    if (!made) return fail(made.error());
    segments.push_back(std::move(*made));
    roll = false;
    return {};
}

/// How many of the oldest segments hold nothing from `seq` on.
std::size_t Journal::Impl::unwanted(std::uint64_t seq) const
{
    std::size_t count = 0;
    while (count + 1 < segments.size() && segments[count].last() < seq) ++count;
    return count;
}

/// How many of those are not worth keeping a while.
std::size_t Journal::Impl::droppable(std::uint64_t seq) const
{
    const std::size_t most = unwanted(seq);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < most; ++i) bytes += segments[i].bytes();
    const auto kept_ms = static_cast<std::uint64_t>(options.kept_for.count());
    std::size_t drop = 0;
    while (drop < most && (bytes > options.kept_bytes ||
                           segments[drop].newest_at.value + kept_ms <= last_at.value)) {
        bytes -= segments[drop].bytes();
        ++drop;
    }
    return drop;
}

void Journal::Impl::drop_oldest(std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) ::unlink(segments[i].path.c_str());
    segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(count));
}

Result<void> Journal::Impl::write(std::span<const RecordBytes> records)
{
    const bool full =
        !roll && segments.back().count > 0 && segments.back().bytes() >= options.segment_bytes;
    if (roll || full) {
        if (auto begun = begin_segment(); !begun) return begun;
    }
    return segments.back().append(records, buffer, broken);
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

std::uint64_t Journal::last_seq() const { return impl_->last; }
std::uint64_t Journal::synced_seq() const { return impl_->synced; }
UnixMillis Journal::last_at() const { return impl_->last_at; }

std::uint64_t Journal::first_seq() const
{
    for (const JournalSegment& segment : impl_->segments) {
        if (segment.count > 0) return segment.first;
    }
    return impl_->last + 1;
}

void Journal::advance_to(std::uint64_t seq)
{
    if (seq <= impl_->last) return;
    impl_->last = seq;
    impl_->synced = seq;
    // Numbers jumped over are nowhere in this journal: what follows begins a file of its own.
    impl_->roll = true;
}

Result<void> Journal::append(std::span<const RecordBytes> records)
{
    if (records.empty()) return {};
    for (std::size_t i = 0; i < records.size(); ++i) {
        check(seq_in(records[i]) == impl_->last + 1 + i, "a producer numbers without gaps");
    }
    if (impl_->broken) {
        return fail(Error::Code::io, "the share journal in " + impl_->directory.string() +
                                         " failed earlier: restart after looking at the disk");
    }
    auto put = impl_->write(records);
    // The disk is full, perhaps: new shares are worth more than what nobody wants any more.
    const std::size_t kept = impl_->unwanted(impl_->wanted);
    if (!put && !impl_->broken && kept > 0) {
        log::warn("journal_kept_files_given_up", {{"files", kept}, {"reason", put.error().detail}});
        impl_->drop_oldest(kept);
        put = impl_->write(records);
    }
    if (!put) return put;
    impl_->last += records.size();
    impl_->last_at = at_in(records.back());
    impl_->segments.back().newest_at = impl_->last_at;
    if (impl_->appended) impl_->appended();
    return {};
}

Result<void> Journal::read(std::uint64_t first_seq, std::size_t count_max,
                           std::vector<RecordBytes>& out) const
{
    std::uint64_t next = first_seq;
    std::size_t left = count_max;
    for (const JournalSegment& segment : impl_->segments) {
        if (left == 0) break;
        if (segment.count == 0 || segment.last() < next) continue;
        if (segment.first > next) break;
        const auto here =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, segment.last() + 1 - next));
        if (auto got = segment.read(next, here, out); !got) return got;
        next += here;
        left -= here;
    }
    if (next == first_seq && left > 0 && next <= impl_->last) {
        return fail(Error::Code::not_found, "record " + std::to_string(next) +
                                                " is not in the share journal " +
                                                impl_->directory.string() + " any more");
    }
    return {};
}

bool Journal::holds_all_from(std::uint64_t seq) const
{
    std::uint64_t next = seq;
    for (const JournalSegment& segment : impl_->segments) {
        if (segment.count == 0 || segment.last() < next) continue;
        if (segment.first > next) return false;
        next = segment.last() + 1;
    }
    return next > impl_->last;
}

void Journal::drop_below(std::uint64_t seq)
{
    impl_->wanted = seq;
    const std::size_t done = impl_->droppable(seq);
    impl_->drop_oldest(done);
    if (done > 0) log::debug("journal_dropped", {{"below", seq}});
}

void Journal::on_append(std::function<void()> task) { impl_->appended = std::move(task); }

std::optional<Journal::Sync> Journal::begin_sync() const
{
    if (impl_->synced >= impl_->last || impl_->segments.empty() || impl_->broken) return {};
    const JournalSegment& newest = impl_->segments.back();
    return Sync{newest.file, newest.file->fd(), impl_->last};
}

void Journal::end_sync(const Sync& sync)
{
    impl_->synced = std::max(impl_->synced, sync.seq);
    JournalSegment::note_synced(sync.fd, sync.seq);
}

void Journal::fail_sync() { impl_->broken = true; }

}  // namespace pool
