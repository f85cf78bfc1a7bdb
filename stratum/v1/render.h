#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pool/base/types.h"
#include "pool/bitcoin/target.h"
#include "pool/work/job.h"
#include "stratum/extranonce.h"
#include "stratum/v1/messages.h"

/// What the server says: whole lines, ASCII, one '\n' at the end, appended to `out`.
/// `id` is always JSON text from Request::id.
namespace stratum::v1 {

void append_result(std::string& out, std::string_view id, bool result);
/// {"id":…,"result":…,"error":null} with `result` being JSON text already.
void append_result_json(std::string& out, std::string_view id, std::string_view result);
/// "result" is null; for authorize false, because ESP-Miner tells replies apart by their type.
void append_error(std::string& out, std::string_view id, ErrorCode code, std::string_view text,
                  std::string_view result = "null");

struct SubscribeReply {
    std::uint64_t subscription = 0;  ///< shown as 16 hex digits
    ExtranoncePrefix prefix;
    std::uint8_t zeros = 0;  ///< bytes of zero behind the prefix, part of "extranonce1"
    std::uint8_t extranonce2_bytes = 0;
};
void append_subscribe_reply(std::string& out, std::string_view id, const SubscribeReply& reply);

/// mask: what was agreed on; 0 says that version rolling is refused.
void append_configure_reply(std::string& out, std::string_view id, const Configure& asked,
                            std::uint32_t mask);

void append_set_difficulty(std::string& out, pool::Difficulty difficulty);
void append_set_version_mask(std::string& out, std::uint32_t mask);
/// mining.set_extranonce: the next job's, in place of what the subscribe reply said. zeros: as
/// there.
void append_set_extranonce(std::string& out, const ExtranoncePrefix& prefix, std::uint8_t zeros,
                           std::uint8_t extranonce2_bytes);
/// client.show_message: a line for the people in front of the miner. Cut at 200 characters.
void append_show_message(std::string& out, std::string_view text);

/// client.get_version: the one request of ours; its answer has this id.
inline constexpr std::string_view version_question_id = "77077";
void append_get_version(std::string& out);

/// client.reconnect without parameters: to the same place, once the connection is gone.
void append_reconnect(std::string& out);

/// The mining.notify lines of a job: one for all connections, but for the clean flag.
struct NotifyLines {
    std::string clean;
    std::string keep;
};
NotifyLines render_notify(const pool::Job& job);

/// The lines of a job made ahead of time; only the tip's hash and the time are still to be put
/// in, at places that do not move.
class PreparedNotify {
public:
    explicit PreparedNotify(const pool::Job& prepared);
    /// The lines of `job`, which job_on_tip made of the prepared one.
    NotifyLines lines_of(const pool::Job& job) const;

private:
    NotifyLines lines_;
    std::size_t hash_at_ = 0;
    std::size_t time_at_ = 0;
};

/// Lower-case hex without leading zeros: 1 to 16 characters, any firmware takes that.
void append_job_id(std::string& out, pool::JobId id);

}  // namespace stratum::v1
