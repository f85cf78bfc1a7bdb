#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

// Conversations of real clients, told in our words after their source and users' reports
// (tests/golden/transcripts). `>` lines in a row arrive in one piece; behind them the `<` lines are
// all that is answered, each holding the words given in that order; `!` moves the world.
namespace tests {
namespace {

std::vector<std::string> transcripts()
{
    std::vector<std::string> names;
    for (const auto& file :
         std::filesystem::directory_iterator{std::string{ZUBR_GOLDEN_DIR} + "/transcripts"}) {
        names.push_back(file.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

void replace(std::string& text, std::string_view what, std::string_view with)
{
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
    }
}

bool holds_in_order(std::string_view line, std::string_view words)
{
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        const std::string_view word = words.substr(0, end);
        words.remove_prefix(std::min(end + 1, words.size()));
        const std::size_t at = line.find(word);
        if (at == std::string_view::npos) return false;
        line.remove_prefix(at + word.size());
    }
    return true;
}

/// One client in a Talk, replaying its file.
class Replay {
public:
    Replay() : id_(first_job()), miner_(talk_, id_) {}

    void read(const std::string& line, std::size_t number)
    {
        if (line.empty() || line[0] == '#') return;
        const std::string text = line.size() > 2 ? line.substr(2) : "";
        const char kind = line[0];
        if (kind != '<' && !pending_.empty() && !(kind == '>' && saying_)) settle();
        number_ = number;
        if (kind == '>') {
            said_ += filled(text) + "\r\n";
            saying_ = true;
        } else if (kind == '!') {
            say();
            settle();
            move(text);
        } else if (kind == '<') {
            say();
            ASSERT_FALSE(pending_.empty()) << number << ": nothing was answered for " << text;
            EXPECT_TRUE(holds_in_order(pending_.front(), text))
                << number << ": " << text << "\nin: " << pending_.front();
            pending_.erase(pending_.begin());
        }
    }

    void end()
    {
        say();
        settle();
        EXPECT_FALSE(talk_.end_of(id_)) << "the client was thrown out";
    }

private:
    pool::SessionId first_job()
    {
        talk_.publish(tip_);
        return talk_.open();
    }

    void say()
    {
        if (!std::exchange(saying_, false)) return;
        settle();
        take(talk_.send(id_, std::exchange(said_, {})));
    }

    void take(const Lines& lines)
    {
        miner_.take_in(lines);
        pending_.insert(pending_.end(), lines.begin(), lines.end());
    }

    // What the transcript does not name was not to be said.
    void settle()
    {
        for (const std::string& line : pending_) ADD_FAILURE() << number_ << ": also: " << line;
        pending_.clear();
    }

    void move(const std::string& what)
    {
        if (what == "job" || what == "tip") {
            talk_.publish(what == "tip" ? ++tip_ : tip_);
        } else {
            talk_.pass(std::chrono::seconds{std::stoi(what.substr(what.find(' ')))});
        }
        take(talk_.hear(id_));
    }

    std::string filled(std::string text)
    {
        // A second share of the same piece; one in a line is the same in all its fields.
        const std::string again = text.find("{nonce2}") != std::string::npos ? "2" : "";
        const bool repeats = text.find("{bits}") != std::string::npos && last_ && saying_;
        if (text.find("{job" + again + "}") == std::string::npos) {
            if (last_) fill(text, *last_, "");
            return text;
        }
        TalkingMiner::Wish wish;
        wish.bits = text.find("{bits}") != std::string::npos ? 0x00800000 : 0;
        if (text.find("{short_nonce}") != std::string::npos) wish.nonce_below = 0x10000000;
        if (!repeats) last_ = miner_.find(wish);
        fill(text, *last_, again);
        return text;
    }

    static void fill(std::string& text, const TalkingMiner::Share& share, const std::string& again)
    {
        replace(text, "{job" + again + "}", share.job);
        replace(text, again.empty() ? "{en2}" : "{en2_2}", share.extranonce2);
        replace(text, "{ntime" + again + "}", share.time);
        replace(text, "{nonce" + again + "}", share.nonce);
        replace(text, "{short_nonce}", share.nonce.substr(share.nonce.find_first_not_of('0')));
        replace(text, "{bits}", share.bits);
    }

    Talk talk_;
    std::uint8_t tip_ = 1;
    pool::SessionId id_;
    TalkingMiner miner_;
    std::optional<TalkingMiner::Share> last_;
    bool saying_ = false;
    std::string said_;
    Lines pending_;
    std::size_t number_ = 0;
};

class Transcript : public testing::TestWithParam<std::string> {};

TEST_P(Transcript, IsAnsweredAsThatClientNeedsIt)
{
    std::ifstream file{std::string{ZUBR_GOLDEN_DIR} + "/transcripts/" + GetParam() + ".txt"};
    ASSERT_TRUE(file.is_open());
    Replay replay;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) replay.read(line, ++number);
    replay.end();
}

INSTANTIATE_TEST_SUITE_P(Clients, Transcript, testing::ValuesIn(transcripts()),
                         [](const auto& test) {
                             std::string name = test.param;
                             std::erase_if(name, [](char c) { return std::isalnum(c) == 0; });
                             return name;
                         });

}  // namespace
}  // namespace tests
