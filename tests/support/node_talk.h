#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "pool/node/node.h"
#include "pool/node/node_rpc.h"
#include "pool/runtime/loop.h"
#include "tests/support/node_fixture.h"

namespace tests {

/// How the pool would speak with a node of a test.
inline pool::NodeOptions options_of(const NodeFixture& node, std::string name = "local")
{
    pool::NodeOptions options;
    options.name = std::move(name);
    options.url = node.url();
    options.cookie_file = node.cookie_file();
    return options;
}

/// One NodeRpc on a loop of its own, asked as if it answered at once.
class NodeTalk {
public:
    explicit NodeTalk(pool::NodeOptions options) : node_(pool::make_node_rpc(loop_, options)) {}

    pool::Node& node() { return *node_; }
    pool::Loop& loop() { return loop_; }

    template <typename T>
    pool::Result<T> ask(const std::function<void(pool::Node::Done<T>)>& question)
    {
        std::optional<pool::Result<T>> out;
        question([&](pool::Result<T> answer) {
            out = std::move(answer);
            loop_.stop();
        });
        run(std::chrono::seconds{30});
        if (!out) return pool::fail(pool::Error::Code::unavailable, "the test waited in vain");
        return *std::move(out);
    }

    pool::Result<pool::ChainInfo> chain_info()
    {
        return ask<pool::ChainInfo>([this](auto done) { node_->chain_info(std::move(done)); });
    }
    pool::Result<pool::Node::TemplatePtr> get_template()
    {
        return ask<pool::Node::TemplatePtr>(
            [&](auto done) { node_->get_template(std::move(done)); });
    }
    pool::Result<pool::TipHeader> header(const pool::BlockHash& hash)
    {
        return ask<pool::TipHeader>([&](auto done) { node_->header(hash, std::move(done)); });
    }
    pool::Result<std::string> propose(const pool::Bytes& block)
    {
        return ask<std::string>([&](auto done) { node_->propose(block, std::move(done)); });
    }
    pool::Result<pool::Sighting> sight(const pool::BlockHash& hash, pool::Height height)
    {
        return ask<pool::Sighting>([&](auto done) { node_->sight(hash, height, std::move(done)); });
    }
    pool::SubmitAnswer submit(const pool::Bytes& block)
    {
        pool::SubmitAnswer out;
        node_->submit(pool::submit_text(block), [&](const pool::SubmitAnswer& answer) {
            out = answer;
            loop_.stop();
        });
        run(std::chrono::seconds{30});
        return out;
    }
    /// Turns the loop until somebody stops it, or fails the test.
    void run(std::chrono::milliseconds patience)
    {
        const pool::Watch deadline = loop_.after(patience, [this] {
            ADD_FAILURE() << "what the test waits for did not happen";
            loop_.stop();
        });
        loop_.run();
    }

private:
    pool::Loop loop_;
    std::unique_ptr<pool::Node> node_;
};

}  // namespace tests
