#include "pool/app/candidates.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unistd.h>

#include "pool/base/log.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::uint32_t magic = 0x32424b5a;                 // "ZKB2"
constexpr std::uint32_t magic_without_branch = 0x31424b5a;  // "ZKB1"
// The last byte counts versions up: of a file that begins so with a later one nothing else is
// known.
constexpr std::uint32_t magic_mask = 0x00ffffff;
constexpr std::size_t text_max = 256;
constexpr std::string_view reserve_name = "reserve";
constexpr std::string_view on_its_way = ".block";
constexpr std::string_view kept_name = ".kept";

void put_text(ByteWriter& out, const std::string& text)
{
    out.compact_size(text.size());
    out.raw(as_bytes(text));
}

void put_bytes(ByteWriter& out, ByteSpan bytes)
{
    out.compact_size(bytes.size());
    out.raw(bytes);
}

Bytes get_bytes(ByteReader& in)
{
    const std::uint64_t size = in.compact_size();
    if (!in.ok() || size > in.left()) {
        static_cast<void>(in.raw(in.left() + 1));  // turns ok() false
        return {};
    }
    const ByteSpan bytes = in.raw(static_cast<std::size_t>(size));
    return {bytes.begin(), bytes.end()};
}

std::string get_text(ByteReader& in)
{
    const Bytes bytes = get_bytes(in);
    return {bytes.begin(), bytes.end()};
}

Bytes to_bytes(const FoundFile& found)
{
    ByteWriter out;
    out.u32(found.branch ? magic : magic_without_branch);
    out.u32(found.height.value);
    out.u64(found.found_at.value);
    out.u64(static_cast<std::uint64_t>(found.reward.value));
    put_text(out, found.account.substr(0, text_max));
    put_text(out, found.worker.substr(0, text_max));
    out.raw(found.header);
    put_bytes(out, found.coinbase);
    put_bytes(out, found.block);
    if (found.branch) put_bytes(out, joined(*found.branch));
    const Digest checksum = sha256(out.bytes());
    out.raw(checksum);
    return out.take();
}

std::optional<FoundFile> from_bytes(ByteSpan bytes)
{
    constexpr std::size_t checksum_bytes = 32;
    if (bytes.size() < checksum_bytes) return std::nullopt;
    const ByteSpan body = bytes.first(bytes.size() - checksum_bytes);
    const Digest checksum = sha256(body);
    if (!std::equal(checksum.begin(), checksum.end(), bytes.last(checksum_bytes).begin())) {
        return std::nullopt;
    }
    ByteReader in{body};
    const std::uint32_t begin = in.u32();
    if (begin != magic && begin != magic_without_branch) return std::nullopt;
    FoundFile found;
    found.height = {in.u32()};
    found.found_at = {in.u64()};
    found.reward = {static_cast<std::int64_t>(in.u64())};
    found.account = get_text(in);
    found.worker = get_text(in);
    const ByteSpan header = in.raw(found.header.size());
    if (!in.ok()) return std::nullopt;
    std::copy(header.begin(), header.end(), found.header.begin());
    found.coinbase = get_bytes(in);
    found.block = get_bytes(in);
    if (begin == magic) {
        found.branch = branch_from(get_bytes(in));
        if (!found.branch) return std::nullopt;
    }
    if (!in.ok() || in.left() != 0) return std::nullopt;
    found.hash = hash_of(parse_header(found.header));
    return found;
}

bool from_newer_program(ByteSpan bytes)
{
    ByteReader in{bytes};
    const std::uint32_t begin = in.u32();
    return in.ok() && (begin & magic_mask) == (magic & magic_mask) && begin > magic &&
           begin >> 24 <= '9';
}

tl::unexpected<Error> disk_error(const std::filesystem::path& path)
{
    return fail(Error::Code::io, "cannot write " + path.string() + ": " + std::strerror(errno));
}

Result<void> write_all(int fd, ByteSpan bytes, const std::filesystem::path& path)
{
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return disk_error(path);
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<Bytes> read_all(const std::filesystem::path& path)
{
    const File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    Bytes all;
    std::array<std::uint8_t, 1 << 16> buffer{};
    for (;;) {
        const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
        if (got == 0) return all;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return fail(Error::Code::io,
                        "cannot read " + path.string() + ": " + std::strerror(errno));
        }
        all.insert(all.end(), buffer.begin(), buffer.begin() + got);
    }
}

// Half written when an earlier life ended: nothing was promised of it.
void remove_parts(const std::filesystem::path& directory)
{
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
        const bool part = entry.path().extension() == ".part";
        std::error_code unknown;
        if (part && entry.is_regular_file(unknown)) {
            std::filesystem::remove(entry.path(), unknown);
        }
    }
}

std::vector<std::filesystem::path> oldest_first(const std::filesystem::path& directory,
                                                std::string_view extension)
{
    std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
        std::error_code unknown;
        if (entry.path().extension() == extension)
            files.emplace_back(entry.last_write_time(unknown), entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::filesystem::path> out;
    for (auto& [time, path] : files) out.push_back(std::move(path));
    return out;
}

}  // namespace

Result<CandidateStore> CandidateStore::open(const std::filesystem::path& directory,
                                            std::uint64_t reserve_bytes)
{
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        return fail(Error::Code::io,
                    "cannot make the directory " + directory.string() + ": " + error.message());
    }
    remove_parts(directory);
    if (reserve_bytes > 0) {
        const std::filesystem::path path = directory / reserve_name;
        const File file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
        const int failed = file.fd() < 0
                               ? errno
                               : ::posix_fallocate(file.fd(), 0, static_cast<off_t>(reserve_bytes));
        if (failed != 0) {
            return fail(Error::Code::io, "cannot reserve " + std::to_string(reserve_bytes) +
                                             " bytes for found blocks in " + directory.string() +
                                             ": " + std::strerror(failed) + "; make room there");
        }
    }
    return CandidateStore{directory};
}

std::filesystem::path CandidateStore::path_of(const BlockHash& hash,
                                              std::string_view extension) const
{
    return directory_ / (to_display_hex(hash) + std::string{extension});
}

Result<CandidateStore::Unsynced> CandidateStore::write(const FoundFile& found) const
{
    auto written = try_write(found);
    if (written) return written;
    // The hour that the reserve was kept for. The next start makes another. Gone already: another
    // thread may just have made room.
    std::error_code error;
    std::filesystem::remove(directory_ / reserve_name, error);
    log::error("found_blocks_use_the_reserve", {{"reason", written.error().detail}});
    written = try_write(found);
    // Then those that are in the chain or beside it for longest make room.
    for (const auto& kept :
         written ? std::vector<std::filesystem::path>{} : oldest_first(directory_, kept_name)) {
        std::filesystem::remove(kept, error);
        written = try_write(found);
        if (written) break;
    }
    return written;
}

Result<CandidateStore::Unsynced> CandidateStore::try_write(const FoundFile& found) const
{
    const std::filesystem::path path = path_of(found.hash, on_its_way);
    const std::filesystem::path temporary = path.string() + ".part";
    constexpr int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    auto file = std::make_shared<const File>(::open(temporary.c_str(), how, 0600));
    if (file->fd() < 0) return disk_error(temporary);
    auto done = write_all(file->fd(), to_bytes(found), temporary);
    if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = disk_error(path);
    if (!done) {  // what there is of it would keep the next try from its room
        ::unlink(temporary.c_str());
        return fail(done.error());
    }
    return with_directory(std::move(file));
}

Result<CandidateStore::Unsynced> CandidateStore::reopen(const FoundFile& found) const
{
    const std::filesystem::path path = path_of(found.hash, on_its_way);
    auto file = std::make_shared<const File>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file->fd() < 0) {
        return fail(Error::Code::io, "cannot open " + path.string() + ": " + std::strerror(errno));
    }
    return with_directory(std::move(file));
}

// The name itself must survive a power cut too.
Result<CandidateStore::Unsynced> CandidateStore::with_directory(
    std::shared_ptr<const File> file) const
{
    auto directory = std::make_shared<const File>(
        ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory->fd() < 0) return disk_error(directory_);
    return Unsynced{std::move(file), std::move(directory)};
}

Result<std::vector<FoundFile>> CandidateStore::load() const
{
    std::vector<FoundFile> all;
    std::error_code error;
    const std::filesystem::directory_iterator end;
    for (std::filesystem::directory_iterator at{directory_, error}; !error && at != end;
         at.increment(error)) {
        const std::filesystem::path& path = at->path();
        if (path.extension() != on_its_way) continue;
        const auto content = read_all(path);
        if (!content) {  // it may be good all the same
            log::error("found_block_not_read", {{"reason", content.error().detail}});
            continue;
        }
        if (from_newer_program(*content)) {
            log::error("found_block_of_newer_program",
                       {{"file", path.string()},
                        {"todo",
                         "a newer zubrd wrote it, and this one leaves it as it is: start "
                         "the newer one again, which sends and books it"}});
            continue;
        }
        auto found = from_bytes(*content);
        if (!found) {
            log::error("found_block_damaged", {{"file", path.string()}});
            std::error_code stays;
            std::filesystem::rename(path, path.string() + ".damaged", stays);
            continue;
        }
        all.push_back(std::move(*found));
    }
    if (error) {
        return fail(Error::Code::io, "cannot read " + directory_.string() + ": " + error.message());
    }
    // A child sent before its parent is a block that the node can't place; of two of one height the
    // first is the one that the nodes are to prefer.
    std::sort(all.begin(), all.end(), [](const FoundFile& one, const FoundFile& other) {
        return std::tie(one.height, one.found_at) < std::tie(other.height, other.found_at);
    });
    return all;
}

Result<std::vector<BlockHash>> CandidateStore::kept() const
{
    std::vector<BlockHash> all;
    std::error_code error;
    const std::filesystem::directory_iterator end;
    for (std::filesystem::directory_iterator at{directory_, error}; !error && at != end;
         at.increment(error)) {
        if (at->path().extension() != kept_name) continue;
        const auto hash = digest_from_display_hex(at->path().stem().string());
        if (hash) all.push_back(BlockHash{*hash});
    }
    if (error) {
        return fail(Error::Code::io, "cannot read " + directory_.string() + ": " + error.message());
    }
    return all;
}

Result<FoundFile> CandidateStore::read_kept(const BlockHash& hash) const
{
    const std::filesystem::path path = path_of(hash, kept_name);
    const auto content = read_all(path);
    if (!content) return fail(content.error());
    if (from_newer_program(*content)) {
        return fail(Error::Code::invalid, path.string() + " was written by a newer zubrd");
    }
    auto found = from_bytes(*content);
    if (!found) return fail(Error::Code::invalid, path.string() + " is damaged");
    return *std::move(found);
}

void CandidateStore::keep(const BlockHash& hash) const
{
    std::error_code error;
    std::filesystem::rename(path_of(hash, on_its_way), path_of(hash, kept_name), error);
    if (error) log::warn("found_block_not_kept", {{"reason", error.message()}});
}

void CandidateStore::remove(const BlockHash& hash) const
{
    std::error_code error;
    std::filesystem::remove(path_of(hash, on_its_way), error);
    std::filesystem::remove(path_of(hash, kept_name), error);
}

}  // namespace pool
