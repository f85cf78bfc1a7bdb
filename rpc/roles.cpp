#include "rpc/roles.h"

#include <array>

namespace rpc {
namespace {

struct RoleName {
    Role role;
    std::string_view word;
};

constexpr std::array role_names{
    RoleName{Role::viewer, "viewer"},         RoleName{Role::operating, "operator"},
    RoleName{Role::accountant, "accountant"}, RoleName{Role::approver, "approver"},
    RoleName{Role::auditor, "auditor"},       RoleName{Role::admin, "admin"},
};

}  // namespace

std::string_view to_string(Role role)
{
    for (const RoleName& entry : role_names) {
        if (entry.role == role) return entry.word;
    }
    return "unknown";
}

std::optional<Role> role_from(std::string_view word)
{
    for (const RoleName& entry : role_names) {
        if (entry.word == word) return entry.role;
    }
    return std::nullopt;
}

std::string RoleSet::to_text() const
{
    if (*this == everyone()) return "everyone";
    std::string text;
    for (const RoleName& entry : role_names) {
        if (!holds(entry.role)) continue;
        if (!text.empty()) text += ", ";
        text += entry.word;
    }
    return text;
}

}  // namespace rpc
