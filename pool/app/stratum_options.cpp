#include "pool/app/stratum_options.h"

#include <random>

#include "pool/bitcoin/target.h"

namespace pool {

stratum::ServerOptions stratum_options(const Config& config, const HeaderHasher& hasher,
                                       std::size_t loop, std::size_t loops)
{
    const auto grid = [](double difficulty) {
        return difficulty_at_most(difficulty).value_or(difficulty_min);
    };
    std::random_device random;
    stratum::ServerOptions options;
    options.listen = config.stratum_listen;
    options.reuse_port = loops > 1;
    options.shard.session.chain = config.chain;
    options.shard.session.difficulty = {.min = grid(config.min_difficulty),
                                        .max = grid(config.max_difficulty),
                                        .start = grid(config.start_difficulty),
                                        .shares_per_minute = double(config.shares_per_minute),
                                        .vary = config.vary_difficulty};
    options.shard.session.extranonce2_bytes = rolled_bytes;
    options.shard.loop = static_cast<std::uint32_t>(loop);
    options.shard.prefixes =
        stratum::prefix_range(static_cast<std::uint8_t>(config.extranonce_server),
                              static_cast<std::uint32_t>(loop), static_cast<std::uint32_t>(loops));
    options.shard.seed = std::uint64_t{random()} << 32 | random();
    options.shard.hasher = hasher;
    return options;
}

}  // namespace pool
