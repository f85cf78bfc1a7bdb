#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/node/node.h"
#include "pool/work/template.h"

namespace pool {

/// By what means a node told us of a tip.
enum class TipSource : std::uint8_t { zmq, long_poll, look, block_template };
inline constexpr std::size_t tip_sources = 4;
std::string_view to_string(TipSource source);

/// The race of all nodes for the newest tip, and what miners get from it: which template becomes a
/// job and when, the next height's empty job, whom to ask for what, and when to sound the alarm.
///
/// Pure: it is told what came, from which node and when, and answers with what to do (Step). It
/// asks nobody and reads no clock. Nodes are numbered from 0. Owned by the core loop.
///
/// A tip is believed when a node that has connected it says so: by its header, or by a template
/// on it. Higher wins. One of the same height or a lower one wins only when no living node holds
/// our tip: at once if the node has left ours, which is a reorganisation, and after Options::left
/// if those that held it are gone; else the node lags or has forked. One of the same height that
/// work can be had on wins likewise over one that only nodes hold which give none.
class WorkSource {
public:
    using NodeIndex = std::size_t;
    using TemplatePtr = std::shared_ptr<const BlockTemplate>;

    struct Options {
        Chain chain = Chain::main;
        bool empty_first = true;
        std::chrono::milliseconds refresh{30'000};  ///< a job at least this often
        std::chrono::milliseconds look{10'000};     ///< a look at the fees at least this often
        Sats richer_by{10'000};                     ///< a template better by this much and
        unsigned richer_percent = 1;  ///< by so much of the reward becomes a job before its time
        /// An empty job on a header that came later than this is not worth its risk.
        std::chrono::milliseconds header_within{50};
        std::chrono::milliseconds template_within{500};  ///< then another node is asked as well
        std::chrono::milliseconds silent_after{5000};  ///< a node that says nothing counts no more
        /// A tip that no living node holds is given up after this for another of its height; for
        /// a lower one, which may only be late, after disagree_after.
        std::chrono::milliseconds left{5000};
        std::chrono::milliseconds disagree_after{30'000};
        std::chrono::milliseconds lost_after{120'000};  ///< nobody gives work: tell the miners
        std::chrono::milliseconds again_max{
            10'000};                           ///< between two questions to a node that fails
        std::chrono::seconds ahead_max{7200};  ///< of our clock: charter, decision 15
    };

    struct Ask {
        NodeIndex node = 0;
        std::optional<BlockHash> header;  ///< of this block; nothing: a template
        friend bool operator==(const Ask&, const Ask&) = default;
    };
    enum class Work : std::uint8_t {
        tip,      ///< full work on a new tip: all older work is stale
        empty,    ///< empty work on a new tip: likewise
        filled,   ///< full work where there was empty work
        routine,  ///< richer, or due: no miner need hurry
    };
    struct Publication {
        TemplatePtr source;
        Work work = Work::tip;
        UnixTime time;  ///< for the header
        bool clean() const { return work == Work::tip || work == Work::empty; }
    };
    struct Notice {
        enum class Kind : std::uint8_t {
            new_tip,         ///< our tip is `tip` from now on; `node` was first
            empty_withheld,  ///< with it came no empty job; `reason` says why
            behind,          ///< `node` says `tip`, and we stay where we are
            disagreement,    ///< `node` has stayed elsewhere for too long
            agreement,       ///< all living nodes are on our tip again
            messages_lost,   ///< ZMQ messages of `node` never came
            lost,            ///< no node has given a template on our tip for too long
            back,
        };
        Kind kind = Kind::new_tip;
        NodeIndex node = 0;
        Tip tip;
        const char* reason = "";
        TipSource source = TipSource::look;  ///< of new_tip: how `node` told us
    };
    struct Step {
        std::vector<Ask> asks;
        std::optional<Publication> publication;
        std::vector<Notice> notices;
    };

    /// roles: one for each node.
    WorkSource(Options options, const std::vector<NodeRole>& roles);

    /// `node` says that `hash` is its tip.
    Step on_tip(NodeIndex node, const BlockHash& hash, SteadyTime now,
                TipSource source = TipSource::look);
    /// The number of a ZMQ message. Call before on_tip.
    Step on_sequence(NodeIndex node, std::uint32_t sequence);
    /// The answer to an Ask for the header of `hash`. wall: the time of day.
    Step on_header(NodeIndex node, const BlockHash& hash, const Result<TipHeader>& header,
                   SteadyTime now, UnixTime wall);
    /// Whether a template of `node` can be true: its height is the next one of the block that it is
    /// on, where we know that, and its time is not so far ahead of ours (`wall`) that shares on it
    /// would be refused as too new. Errors: invalid, a sentence.
    Result<void> check(NodeIndex node, const BlockTemplate& given, UnixTime wall) const;
    /// The answer to an Ask for a template, which passed check(). One that is more than one block
    /// above our tip is believed when its node's header says so as well, or the node gives none.
    Step on_template(NodeIndex node, const Result<TemplatePtr>& given, SteadyTime now);
    /// `node` does not answer: it is asked nothing until it speaks again.
    void on_failure(NodeIndex node);
    /// Often enough for header_within: whatever is due by now.
    Step on_tick(SteadyTime now);

    /// Asks every living node for a template that is not asked already.
    Step ask_all(SteadyTime now);

    /// Whether a node has judged an empty block of ours on templates like the current ones: until
    /// then, and if not, there is none.
    void allow_empty(bool allowed) { empty_allowed_ = allowed; }
    /// The empty work that would follow the current template, without what only the next block
    /// tells (previous, times); null when the next block's successor can't have any.
    TemplatePtr next_empty() const;

    const std::optional<Tip>& tip() const { return tip_; }
    /// What the miners have; null before the first.
    const TemplatePtr& current() const { return current_; }
    /// Where `node` is, as far as it has said.
    const std::optional<Tip>& tip_of(NodeIndex node) const { return peers_[node].tip; }
    bool on_empty_work() const { return on_empty_; }
    bool lost() const { return lost_; }
    /// A living node has stayed on another tip for too long.
    bool disagreeing() const { return disagreeing_; }
    /// Since a node last gave a template on our tip; nothing before the first.
    std::optional<std::chrono::milliseconds> template_age(SteadyTime now) const;
    /// Who gave that one; says nothing before the first.
    NodeIndex template_node() const { return looked_by_; }
    /// How long the miners have worked on empty blocks, all in all.
    std::chrono::milliseconds empty_time(SteadyTime now) const;

private:
    struct Peer {
        NodeRole role = NodeRole::both;
        std::optional<Tip> tip;
        SteadyTime heard{};
        std::optional<SteadyTime> elsewhere;  // since when its tip is not ours
        std::optional<BlockHash> header_asked;
        SteadyTime header_at{};
        TipSource told_by = TipSource::look;  // of the header asked for
        bool headerless = false;              // it gave none when it was last asked
        bool template_asked = false;
        SteadyTime template_at{};
        std::optional<std::uint32_t> sequence;
        unsigned failures = 0;              // in a row: no template, or no answer at all
        unsigned refusals = 0;              // in a row: no template, on this tip
        std::chrono::milliseconds took{0};  // its last template
    };

    bool alive(const Peer& peer, SteadyTime now) const;
    bool better(const Peer& peer, const Tip& tip, SteadyTime now) const;
    enum class Holders : std::uint8_t { nobody, only_take_blocks, give_work };
    Holders holders_of(const Tip& tip, const Peer& but, SteadyTime now) const;
    void adopt(NodeIndex node, const Tip& tip, SteadyTime now, Step& step);
    void note_place(NodeIndex node, const Tip& tip, SteadyTime now);
    void ask_template(NodeIndex node, SteadyTime now, Step& step);
    void ask_best(SteadyTime now, Step& step);
    void want_template(NodeIndex node, SteadyTime now, Step& step);
    const char* why_no_empty(const Peer& peer, const TipHeader& header, SteadyTime now) const;
    void publish(TemplatePtr source, Work work, UnixTime time, SteadyTime now, Step& step);
    bool may_ask_again(const Peer& peer, SteadyTime now) const;
    void leave_lost_tip(SteadyTime now, Step& step);
    void judge_places(SteadyTime now, Step& step);
    void judge_silence(SteadyTime now, Step& step);
    void repeat_work(SteadyTime now, Step& step);

    Options options_;
    std::vector<Peer> peers_;
    std::optional<Tip> tip_;
    TemplatePtr full_;     // the newest full template that was published
    TemplatePtr current_;  // what the miners have: it, or empty work
    bool on_empty_ = false;
    SteadyTime published_{};
    SteadyTime looked_{};      // when a template on our tip last came
    NodeIndex looked_by_ = 0;  // and from whom
    SteadyTime received_{};    // when the current one came
    SteadyTime held_{};        // when a node last said that our tip is its
    bool wanted_ = true;       // there is no full work on our tip yet
    bool lost_ = false;
    bool empty_allowed_ = true;
    bool disagreeing_ = false;
    std::chrono::milliseconds empty_before_{0};
};

}  // namespace pool
