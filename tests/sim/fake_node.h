#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pool/node/node.h"

namespace tests {

/// A node that does what the test says, when the test says it: every question waits in a queue
/// until it is answered by hand.
class FakeNode final : public pool::Node {
public:
    explicit FakeNode(std::string name, pool::NodeRole role = pool::NodeRole::both)
        : name_(std::move(name)), role_(role)
    {
    }

    struct SubmitQuestion {
        pool::SubmitText block;
        std::function<void(pool::SubmitAnswer)> answer;
    };
    template <typename Key, typename T>
    using Questions = std::deque<std::pair<Key, Done<T>>>;

    const std::string& name() const override { return name_; }
    pool::NodeRole role() const override { return role_; }
    void chain_info(Done<pool::ChainInfo> done) override { chain_infos.push_back(std::move(done)); }
    void wait_for_height(pool::Height height, Done<pool::Tip> done) override
    {
        waits.emplace_back(height, std::move(done));
    }
    void header(const pool::BlockHash& hash, Done<pool::TipHeader> done) override
    {
        headers.emplace_back(hash, std::move(done));
    }
    void get_template(Done<TemplatePtr> done) override { templates.push_back(std::move(done)); }
    void propose(const pool::Bytes& block, Done<std::string> done) override
    {
        proposals.emplace_back(block, std::move(done));
    }
    void submit(const pool::SubmitText& block,
                std::function<void(pool::SubmitAnswer)> done) override
    {
        submits.push_back({block, std::move(done)});
    }
    void prefer(const pool::BlockHash& hash, Done<void> done) override
    {
        preferred.push_back(hash);
        done({});
    }
    void sight(const pool::BlockHash& hash, pool::Height, Done<pool::Sighting> done) override
    {
        sights.emplace_back(hash, std::move(done));
    }
    void keep_warm() override { ++warmed; }

    /// Answers the oldest submit.
    void answer_submit(pool::SubmitOutcome outcome, std::string reason = "")
    {
        SubmitQuestion question = std::move(submits.front());
        submits.pop_front();
        question.answer({outcome, std::move(reason), {}});
    }

    std::deque<Done<pool::ChainInfo>> chain_infos;
    std::deque<Done<TemplatePtr>> templates;
    std::deque<SubmitQuestion> submits;
    Questions<pool::Height, pool::Tip> waits;
    Questions<pool::BlockHash, pool::TipHeader> headers;
    Questions<pool::Bytes, std::string> proposals;
    Questions<pool::BlockHash, pool::Sighting> sights;
    std::vector<pool::BlockHash> preferred;
    unsigned warmed = 0;

private:
    std::string name_;
    pool::NodeRole role_;
};

}  // namespace tests
