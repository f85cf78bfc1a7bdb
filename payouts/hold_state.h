#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace payouts {

/// What holds payouts; when several do, the one that is named first here is told.
enum class HoldCause : std::uint8_t {
    none,
    books,   ///< they are not those that this server has paid from
    server,  ///< a server has seen that something is wrong: two people have to release them
    person,  ///< somebody has said stoppayouts
    file,    ///< payouts.stop lies in this server's data_dir
};
constexpr std::size_t hold_causes = 5;

/// What the hold switch says.
struct HoldState {
    bool stopped = false;
    HoldCause cause = HoldCause::none;
    std::string by;  ///< who pressed it; the file's name, when that holds
    std::string reason;
    std::string released_by{};   ///< who wants to release it; another person has to agree
    bool books_adopted = false;  ///< and says that the books are right, though others were seen
};

}  // namespace payouts
