#pragma once

#include <string>
#include <string_view>

#include "stratum/v2/codec.h"
#include "stratum/v2/session.h"

/// What the session's source files share.
namespace stratum::v2 {

inline constexpr std::uint32_t group_id = 1;  ///< of every connection; channels count from 2

/// SetupConnection's flags of the Mining protocol.
inline constexpr std::uint32_t flag_standard_jobs = 1;
inline constexpr std::uint32_t flag_work_selection = 2;
inline constexpr std::uint32_t flag_version_rolling = 4;
/// Of its Success.
inline constexpr std::uint32_t flag_extended_channels = 2;
/// Of the Job Declaration protocol.
inline constexpr std::uint32_t flag_declare_tx_data = 1;

// Messages are sealed as they are said: the order of writing is the order of the nonces.
template <typename Message>
void Session::send(const Message& message)
{
    std::string frame;
    append_frame(frame, message);
    seal_frame(ciphers_.send, pool::as_bytes(frame), out_);
}

}  // namespace stratum::v2
