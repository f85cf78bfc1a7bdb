#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/block.h"
#include "pool/share/journal_segment.h"

namespace pool {

/// A block that our miners found, as it lies on disk and goes to nodes and books.
struct FoundFile {
    BlockHash hash;
    Height height;
    UnixMillis found_at;
    Sats reward;          ///< what the coinbase pays to the pool's script
    std::string account;  ///< finder, "" if not authorised
    std::string worker;
    HeaderBytes header{};
    Bytes coinbase;  ///< stripped
    /// What folds the coinbase to the header's root; nothing in a file of before it was kept.
    std::optional<std::vector<MerkleNode>> branch;
    Bytes block;  ///< whole, as submitblock takes it; empty: only its declarator has it
};

/// Found blocks on disk, one file each. HASH.block: from the moment it is found until each node has
/// judged it and the books have it, which lets a kill -9 lose none. HASH.kept: from then on, for a
/// node that forgets it in a crash and for books that are restored from before it. Any thread, as
/// long as no two write the same block at once.
class CandidateStore {
public:
    /// The file and the directory that names it, kept open to be synced, in this order.
    struct Unsynced {
        std::shared_ptr<const File> file;
        std::shared_ptr<const File> directory;
    };

    /// Makes the directory, and keeps so many bytes of the disk for found blocks: a disk that
    /// others have filled must not cost us one. Errors: io, also when the disk is too full now.
    static Result<CandidateStore> open(const std::filesystem::path& directory,
                                       std::uint64_t reserve_bytes = 0);

    /// Writes the file (to a temporary name first, then renamed) without waiting for the disk:
    /// from here on it survives kill -9. A power cut is another matter: sync what is returned.
    Result<Unsynced> write(const FoundFile& found) const;
    /// One that was loaded, to be synced: nobody knows whether it ever was. Errors: io.
    Result<Unsynced> reopen(const FoundFile& found) const;
    /// Everything that was neither kept nor removed, the lowest first. A file that is damaged is
    /// logged, renamed to *.damaged and left for a person; one that cannot be read, or was written
    /// by a newer program, is logged and left alone.
    Result<std::vector<FoundFile>> load() const;
    /// What was kept, by name, in no order. Errors: io.
    Result<std::vector<BlockHash>> kept() const;
    /// One that was kept, whole. Errors: io; invalid (damaged).
    Result<FoundFile> read_kept(const BlockHash& hash) const;
    void keep(const BlockHash& hash) const;
    void remove(const BlockHash& hash) const;

private:
    Result<Unsynced> try_write(const FoundFile& found) const;
    Result<Unsynced> with_directory(std::shared_ptr<const File> file) const;
    explicit CandidateStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
    std::filesystem::path path_of(const BlockHash& hash, std::string_view extension) const;
    std::filesystem::path directory_;
};

}  // namespace pool
