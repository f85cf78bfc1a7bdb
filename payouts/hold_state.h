#pragma once

#include <string>

namespace payouts {

/// What the hold switch says.
struct HoldState {
    bool stopped = false;
    std::string by;  ///< who pressed it; the file's name, when that holds
    std::string reason;
    std::string released_by{};   ///< who wants to release it; another person has to agree
    bool books_adopted = false;  ///< and says that the books are right, though others were seen
};

}  // namespace payouts
