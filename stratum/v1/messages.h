#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/share/share.h"

/// What a Stratum v1 client may say, as values. Texts are views into the parsed document: valid
/// until it parses the next line.
namespace stratum::v1 {

/// mining.configure (BIP 310): the extensions asked for, in order, each once.
struct Configure {
    std::vector<std::string_view> codes;
    std::uint32_t version_mask = 0xffffffff;   ///< BIP 310's default
    std::optional<double> minimum_difficulty;  ///< finite, >= 0
    std::string_view hardware = {};            ///< info: "" when it said none, as the next
    std::string_view software = {};
    std::string_view hardware_id = {};
};

struct Subscribe {
    std::string_view user_agent;                ///< "" when it gave none or no text
    std::optional<std::uint64_t> session = {};  ///< that it had before; nothing: no id of ours
};

struct Authorize {
    std::string_view user;
    std::string_view password;  ///< "" when it gave none or no text
};

/// mining.submit with fields that stand for numbers; nothing is known to be true yet.
struct Submit {
    std::string_view worker;
    std::optional<pool::JobId> job;  ///< nothing: no id that we would give
    std::array<std::uint8_t, pool::extranonce_bytes_max> extranonce2{};
    std::size_t extranonce2_length = 0;  ///< larger than the array when it was too long or uneven
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
    std::optional<std::uint32_t> version_bits;
};

struct SuggestDifficulty {
    std::optional<double> value;  ///< positive, at most 2^62
};
struct SuggestTarget {
    std::optional<pool::Uint256> target;  ///< not zero
};
struct SubscribeExtranonce {};
/// Bitmain's older way to ask for version rolling.
struct MultiVersion {};
/// bfgminer's "capabilities": nothing in it concerns us.
struct Capabilities {};
struct GetTransactions {};
struct Ping {};
/// agent.get_capabilities: BTCAgent falls back when it is offered none.
struct AgentCapabilities {};
/// Reports nobody reads (mining.hashrate_report and the like): thanked for.
struct Report {};
/// mining.bye, mining.term, mining.unsubscribe.
struct Leave {};
/// Takes leave for one of the connection's workers.
struct Deauthorize {
    std::string_view user;  ///< "" when none is named
};
/// The client's answer to a request of ours, or its "pong".
struct Answer {
    std::string_view text;  ///< "" when its result is no text
};
struct UnknownMethod {
    std::string_view name;
};
/// A known method whose parameters make no sense.
struct BadParams {
    /// extensions: more of them in one configure than are answered.
    enum class Of : std::uint8_t { submit, configure, extensions, authorize };
    Of method = Of::submit;
};
/// A JSON object that is no request: its method is missing or no text.
struct NoMethod {};

using Call = std::variant<Configure, Subscribe, Authorize, Submit, SuggestDifficulty, SuggestTarget,
                          SubscribeExtranonce, MultiVersion, Capabilities, GetTransactions, Ping,
                          AgentCapabilities, Report, Leave, Deauthorize, Answer, UnknownMethod,
                          BadParams, NoMethod>;

struct Request {
    /// The id as JSON text: a number as it stood, a string escaped anew, true and false; "null"
    /// for null, for none, and for what is no scalar.
    std::string id = "null";
    Call call;
    bool wants_reply() const { return id != "null"; }
};

/// Error codes of Stratum v1: miners are known to misbehave at any other.
enum class ErrorCode : std::int8_t {
    other = 20,
    job_not_found = 21,
    duplicate = 22,
    low_difficulty = 23,
    unauthorized = 24,
    not_subscribed = 25,
    unknown_method = -3,
};

}  // namespace stratum::v1
