#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "pool/node/node.h"

namespace tests {

/// A node that does what the test says, when the test says it: every question waits in a queue
/// until it is answered by hand.
class FakeNode final : public pool::Node {
public:
    explicit FakeNode(std::string name) : name_(std::move(name)) {}

    struct TemplateQuestion {
        std::string longpoll_id;
        Done<TemplatePtr> answer;
    };
    struct SubmitQuestion {
        pool::Bytes block;
        std::function<void(pool::SubmitAnswer)> answer;
    };

    const std::string& name() const override { return name_; }
    void chain_info(Done<pool::ChainInfo> done) override { chain_infos.push_back(std::move(done)); }
    void get_template(const std::string& longpoll_id, Done<TemplatePtr> done) override
    {
        templates.push_back({longpoll_id, std::move(done)});
    }
    void submit(const pool::Bytes& block, std::function<void(pool::SubmitAnswer)> done) override
    {
        submits.push_back({block, std::move(done)});
    }
    void sight(const pool::BlockHash& hash, pool::Height, Done<pool::Sighting> done) override
    {
        sights.push_back({hash, std::move(done)});
    }

    /// Answers the oldest submit.
    void answer_submit(pool::SubmitOutcome outcome, std::string reason = "")
    {
        SubmitQuestion question = std::move(submits.front());
        submits.pop_front();
        question.answer({outcome, std::move(reason), {}});
    }

    std::deque<Done<pool::ChainInfo>> chain_infos;
    std::deque<TemplateQuestion> templates;
    std::deque<SubmitQuestion> submits;
    std::deque<std::pair<pool::BlockHash, Done<pool::Sighting>>> sights;

private:
    std::string name_;
};

}  // namespace tests
