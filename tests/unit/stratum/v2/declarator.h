#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"
#include "stratum/v2/messages_declaration.h"
#include "tests/unit/stratum/v2/peer.h"

namespace tests {

inline constexpr std::uint32_t selects_work = 2;  ///< SetupConnection's REQUIRES_WORK_SELECTION

/// A Talk whose pool lets miners declare jobs.
inline stratum::ShardOptions declaring_options()
{
    stratum::ShardOptions options = v2_options();
    options.declare_jobs = true;
    return options;
}

/// A job declarator's client: one connection for tokens, one to mine.
class Declarator {
public:
    explicit Declarator(
        Talk& talk, std::string_view user = "user.rig",
        const stratum::DifficultyLimits& difficulty = Talk::default_options().session.difficulty)
        : tokens(talk), mining(talk, difficulty), user_(user)
    {
        EXPECT_TRUE(tokens.shake_hands());
        stratum::v2::SetupConnection setup = tokens.setup_message();
        setup.protocol = 1;
        tokens.say(setup);
        EXPECT_EQ(tokens.take<stratum::v2::SetupSuccess>(), (stratum::v2::SetupSuccess{2, 0}));
        EXPECT_TRUE(mining.shake_hands());
        setup.protocol = 0;
        setup.flags = selects_work;
        mining.say(setup);
        EXPECT_EQ(mining.take<stratum::v2::SetupSuccess>(),
                  (stratum::v2::SetupSuccess{2, 2}));  // extended channels only
        channel = mining.open_extended(user);
    }

    std::optional<stratum::v2::AllocateTokenSuccess> ask_token()
    {
        tokens.say(stratum::v2::AllocateToken{{user_}, 5});
        return tokens.take<stratum::v2::AllocateTokenSuccess>();
    }

    /// A job as the declarator would put it together on the tip of `own`, with a fresh token.
    struct Work {
        pool::Bytes token;
        pool::Bytes prefix;
        pool::Bytes outputs;
        stratum::v2::SetCustomJob call;
    };
    Work work(const pool::Job& own)
    {
        Work made;
        const auto issued = ask_token();
        EXPECT_TRUE(issued.has_value());
        if (!issued) return made;
        made.token = {issued->token.value.begin(), issued->token.value.end()};
        auto outputs = pool::parse_outputs(issued->coinbase_outputs.value);
        EXPECT_TRUE(outputs.has_value());
        outputs->at(0).value = own.reward + pool::Sats{1234};
        made.outputs = pool::serialise(*outputs);
        made.prefix = pool::bip34_height(own.height);
        made.call.channel = channel.id;
        made.call.request = 11;
        made.call.version = 0x20000000;
        made.call.previous = own.previous.bytes;
        made.call.min_time = own.time_start.seconds;
        made.call.bits = own.bits.value;
        made.call.coinbase_version = 2;
        made.call.coinbase_sequence = 0xffffffff;
        made.call.merkle_path.values = {pool::Digest{3}};
        return made;
    }
    void declare(Work& work)
    {
        work.call.token = {work.token};
        work.call.coinbase_prefix = {work.prefix};
        work.call.coinbase_outputs = {work.outputs};
        mining.say(work.call);
    }
    std::uint32_t accepted()
    {
        const auto success = mining.take<stratum::v2::SetCustomJobSuccess>();
        EXPECT_TRUE(success.has_value());
        return success ? success->job : 0;
    }
    std::string refused()
    {
        const auto error = mining.take<stratum::v2::SetCustomJobError>();
        return error ? std::string{error->code.value} : "not refused";
    }
    std::string declared(Work& work)
    {
        declare(work);
        if (mining.take<stratum::v2::SetCustomJobSuccess>()) return "accepted";
        return refused();
    }
    /// The job as its miners hash it.
    stratum::client::MiningJob mined(const Work& work, std::uint32_t number) const
    {
        stratum::client::MiningJob job;
        job.number = number;
        job.version = work.call.version;
        job.previous = {work.call.previous};
        job.bits = {work.call.bits};
        job.time = {work.call.min_time};
        pool::ByteWriter prefix;
        prefix.u32(work.call.coinbase_version);
        prefix.compact_size(1);
        prefix.raw(pool::Digest{});
        prefix.u32(0xffffffff);
        prefix.compact_size(work.prefix.size() + channel.prefix.size() + channel.rolled);
        prefix.raw(work.prefix);
        job.coinbase_prefix = prefix.take();
        pool::ByteWriter suffix;
        suffix.u32(work.call.coinbase_sequence);
        suffix.raw(work.outputs);
        suffix.u32(work.call.coinbase_locktime);
        job.coinbase_suffix = suffix.take();
        for (const pool::Digest& node : work.call.merkle_path.values) job.branch.push_back({node});
        job.extranonce1 = channel.prefix;
        job.extranonce2_bytes = channel.rolled;
        job.target = channel.target;
        return job;
    }

    Peer tokens;
    Peer mining;
    Peer::Channel channel;

private:
    std::string user_;
};

}  // namespace tests
