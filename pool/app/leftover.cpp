#include "pool/app/leftover.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "pool/base/log.h"

namespace pool {

Leftover::Leftover(Loop& loop, std::string producer, const RedisOptions& redis, Journal journal)
    : producer_(std::move(producer)),
      journal_(std::move(journal)),
      shipper_(loop, redis, producer_, journal_)
{
}

Result<std::vector<std::unique_ptr<Leftover>>> Leftover::find(
    Loop& loop, const std::filesystem::path& directory, const RedisOptions& redis,
    const std::vector<std::string>& in_use)
{
    std::vector<std::unique_ptr<Leftover>> found;
    std::error_code none_yet;
    for (const auto& entry : std::filesystem::directory_iterator{directory, none_yet}) {
        const std::string producer = entry.path().filename().string();
        if (!entry.is_directory()) continue;
        if (std::find(in_use.begin(), in_use.end(), producer) != in_use.end()) continue;
        auto journal = Journal::open(entry.path(), {});
        if (!journal) return fail(journal.error());
        log::info("journal_left_over", {{"producer", producer}, {"last", journal->last_seq()}});
        found.push_back(
            std::unique_ptr<Leftover>{new Leftover{loop, producer, redis, std::move(*journal)}});
    }
    return found;
}

void Leftover::set_mark(std::uint64_t seq, bool resend)
{
    shipper_.set_mark(seq);
    if (resend) shipper_.resend(seq);
}

}  // namespace pool
