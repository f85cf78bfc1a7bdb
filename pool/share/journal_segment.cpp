#include "pool/share/journal_segment.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"

namespace pool {
namespace {

constexpr std::array<std::uint8_t, 8> magic{'Z', 'B', 'R', 'J', 'R', 'N', 'L', '2'};
constexpr std::size_t head_bytes = 32;
constexpr std::size_t synced_offset = 24;
constexpr std::size_t entry_bytes = record_bytes + 4;
constexpr std::size_t entries_at_once = 4096;  // 416 kB a read
constexpr std::string_view suffix = ".journal";

/// Reads as much as there is, up to `out.size()`. Returns the count; errors: io.
Result<std::size_t> read_at(const JournalSegment& segment, std::uint64_t offset,
                            std::span<std::uint8_t> out)
{
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = ::pread(segment.file->fd(), out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(file_error("read", segment.path, errno));
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

/// Is the entry whole, and the one that belongs at `seq`?
bool sound(ByteSpan entry, std::uint64_t seq)
{
    ByteReader in{entry};
    const ByteSpan record = in.raw(record_bytes);
    const std::uint32_t crc = in.u32();
    ByteReader seq_in{record.subspan(8, 8)};
    return crc == crc32c(record) && seq_in.u64() == seq;
}

std::uint64_t offset_of(std::uint64_t index) { return head_bytes + index * entry_bytes; }

/// A power cut can leave a file at its length with none of its pages written. Errors: io.
Result<bool> all_zero(const JournalSegment& segment)
{
    std::vector<std::uint8_t> buffer(std::size_t{64} << 10);
    for (std::uint64_t offset = 0;; offset += buffer.size()) {
        const auto got = read_at(segment, offset, buffer);
        if (!got) return fail(got.error());
        const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(*got);
        if (std::any_of(buffer.begin(), end, [](std::uint8_t byte) { return byte != 0; })) {
            return false;
        }
        if (*got < buffer.size()) return true;
    }
}

}  // namespace

File::~File()
{
    if (fd_ >= 0) ::close(fd_);
}

Error file_error(std::string_view doing, const std::filesystem::path& path, int number)
{
    return {Error::Code::io, "can't " + std::string{doing} + " " + path.string() + ": " +
                                 std::system_category().message(number)};
}

Result<void> sync_directory(const std::filesystem::path& directory)
{
    const File opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (opened.fd() < 0) return fail(file_error("open", directory, errno));
    if (::fsync(opened.fd()) != 0) return fail(file_error("sync", directory, errno));
    return {};
}

std::uint64_t JournalSegment::bytes() const { return offset_of(count); }

Result<JournalSegment> JournalSegment::create(const std::filesystem::path& directory,
                                              std::uint64_t first, std::uint64_t previous)
{
    std::string name = std::to_string(first);
    name.insert(0, 20 - name.size(), '0');
    JournalSegment segment;
    segment.path = directory / (name + std::string{suffix});
    segment.first = first;
    segment.previous = previous;
    segment.file = std::make_shared<File>(
        ::open(segment.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (segment.file->fd() < 0) return fail(file_error("create", segment.path, errno));

    ByteWriter head;
    head.raw(magic);
    head.u64(first);
    head.u64(previous);
    head.u64(previous);  // synced: nothing of this file yet
    const ssize_t put = ::pwrite(segment.file->fd(), head.bytes().data(), head.size(), 0);
    if (put != static_cast<ssize_t>(head_bytes)) {
        const int number = put < 0 ? errno : ENOSPC;
        ::unlink(segment.path.c_str());
        return fail(file_error("write", segment.path, number));
    }
    if (auto synced = sync_directory(directory); !synced) return fail(synced.error());
    return segment;
}

Result<std::optional<JournalSegment>> JournalSegment::open(const std::filesystem::path& path)
{
    JournalSegment segment;
    segment.path = path;
    segment.file = std::make_shared<File>(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (segment.file->fd() < 0) return fail(file_error("open", path, errno));
    struct stat status{};
    if (::fstat(segment.file->fd(), &status) != 0) return fail(file_error("read", path, errno));
    const auto length = static_cast<std::uint64_t>(status.st_size);

    std::array<std::uint8_t, head_bytes> head{};
    const auto got = read_at(segment, 0, head);
    if (!got) return fail(got.error());
    // Records come after the head in time, so a file that short holds none.
    if (length < head_bytes) return std::optional<JournalSegment>{};
    const auto never_written = all_zero(segment);
    if (!never_written) return fail(never_written.error());
    if (*never_written) return std::optional<JournalSegment>{};
    ByteReader in{head};
    const ByteSpan mark = in.raw(magic.size());
    segment.first = in.u64();
    segment.previous = in.u64();
    segment.synced = in.u64();
    if (!std::equal(mark.begin(), mark.end(), magic.begin()) || segment.first == 0 ||
        segment.previous >= segment.first) {
        return fail(Error::Code::invalid,
                    path.string() + " does not begin like a journal of this version");
    }
    segment.count = (length - head_bytes) / entry_bytes;
    return std::optional{std::move(segment)};
}

Result<void> JournalSegment::mend(std::uint64_t& cut)
{
    struct stat status{};
    if (::fstat(file->fd(), &status) != 0) return fail(file_error("read", path, errno));
    const auto length = static_cast<std::uint64_t>(status.st_size);

    const std::uint64_t there = count;
    std::optional<std::uint64_t> damaged;  // index of the first one
    std::vector<std::uint8_t> buffer(entries_at_once * entry_bytes);
    const auto given_up = [this, &damaged] { return damaged && first + *damaged > synced; };
    for (std::uint64_t index = 0; index < there && !given_up(); index += entries_at_once) {
        const auto got = read_at(*this, offset_of(index), buffer);
        if (!got) return fail(got.error());
        const std::size_t whole = *got / entry_bytes;
        for (std::size_t i = 0; i < whole && index + i < there; ++i) {
            const ByteSpan entry = ByteSpan{buffer}.subspan(i * entry_bytes, entry_bytes);
            const bool good = sound(entry, first + index + i);
            if (!good && !damaged) damaged = index + i;
            if (good && damaged && !given_up()) {
                return fail(Error::Code::invalid,
                            "record " + std::to_string(first + *damaged) + " in " + path.string() +
                                " is damaged, but whole ones follow it: the disk has failed. "
                                "Keep a copy; to give up what follows, truncate the file to " +
                                std::to_string(offset_of(*damaged)) + " bytes");
            }
        }
    }
    count = damaged.value_or(there);
    cut = length - bytes();
    if (cut > 0 && ::ftruncate(file->fd(), static_cast<off_t>(bytes())) != 0) {
        return fail(file_error("truncate", path, errno));
    }
    return {};
}

void JournalSegment::note_synced(int fd, std::uint64_t seq)
{
    ByteWriter out;
    out.u64(seq);
    static_cast<void>(::pwrite(fd, out.bytes().data(), out.size(), synced_offset));
}

Result<void> JournalSegment::append(std::span<const RecordBytes> records, Bytes& buffer,
                                    bool& broken)
{
    buffer.resize(records.size() * entry_bytes);
    std::uint8_t* at = buffer.data();
    for (const RecordBytes& record : records) {
        at = std::copy(record.begin(), record.end(), at);
        const std::uint32_t crc = crc32c(record);
        for (int shift = 0; shift < 32; shift += 8) {
            *at++ = static_cast<std::uint8_t>(crc >> shift);
        }
    }
    const ByteSpan all{buffer};
    std::size_t done = 0;
    while (done < all.size()) {
        const ssize_t put = ::pwrite(file->fd(), all.data() + done, all.size() - done,
                                     static_cast<off_t>(bytes() + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            const int number = put < 0 ? errno : ENOSPC;
            // What went in before the disk was full must not be taken for a record later.
            broken = ::ftruncate(file->fd(), static_cast<off_t>(bytes())) != 0;
            return fail(file_error("write", path, number));
        }
        done += static_cast<std::size_t>(put);
    }
    count += records.size();
    return {};
}

Result<void> JournalSegment::read(std::uint64_t from, std::size_t wanted,
                                  std::vector<RecordBytes>& out) const
{
    check(from >= first && from + wanted <= first + count, "the journal knows its segments");
    std::vector<std::uint8_t> buffer(wanted * entry_bytes);
    const auto got = read_at(*this, offset_of(from - first), buffer);
    if (!got) return fail(got.error());
    for (std::size_t i = 0; i < wanted; ++i) {
        const ByteSpan entry = ByteSpan{buffer}.subspan(i * entry_bytes, entry_bytes);
        if ((i + 1) * entry_bytes > *got || !sound(entry, from + i)) {
            return fail(Error::Code::io, "record " + std::to_string(from + i) + " in " +
                                             path.string() + " is damaged: the disk has failed");
        }
        std::copy_n(entry.begin(), record_bytes, out.emplace_back().begin());
    }
    return {};
}

Result<std::vector<std::filesystem::path>> journal_files(const std::filesystem::path& directory)
{
    std::vector<std::filesystem::path> files;
    std::error_code error;
    std::filesystem::directory_iterator entry{directory, error};
    while (!error && entry != std::filesystem::directory_iterator{}) {
        if (entry->path().extension() == suffix) files.push_back(entry->path());
        entry.increment(error);
    }
    if (error) {
        return fail(Error::Code::io, "can't read " + directory.string() + ": " + error.message());
    }
    // Names are numbers of one width: their order is the order of time.
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace pool
