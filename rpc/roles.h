#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace rpc {

/// What somebody may do who has proven a name. Written in `rpcauth` lines as the word itself.
enum class Role : std::uint8_t {
    viewer,      ///< looks
    operating,   ///< runs the server: stop, accounts, later bans and drains
    accountant,  ///< reads the books, prepares payouts
    approver,    ///< releases payouts
    auditor,     ///< reads everything, changes nothing
    admin,       ///< all of it; the cookie's role
};

std::string_view to_string(Role role);  ///< "viewer", "operator", …
std::optional<Role> role_from(std::string_view word);

/// The roles that may call a method. An admin may, named or not, unless it is `only` for others.
class RoleSet {
public:
    constexpr RoleSet(std::initializer_list<Role> roles)
    {
        for (const Role role : roles) bits_ |= bit(role);
    }
    static constexpr RoleSet everyone()
    {
        return {Role::viewer,   Role::operating, Role::accountant,
                Role::approver, Role::auditor,   Role::admin};
    }
    /// These roles and no admin, who may call every other method.
    static constexpr RoleSet only(std::initializer_list<Role> roles)
    {
        RoleSet set{roles};
        set.bits_ &= ~bit(Role::admin);
        return set;
    }
    constexpr bool holds(Role role) const { return (bits_ & bit(role)) != 0; }
    /// "everyone", or the words with commas: for help.
    std::string to_text() const;
    friend constexpr bool operator==(RoleSet, RoleSet) = default;

private:
    static constexpr unsigned bit(Role role) { return 1U << static_cast<unsigned>(role); }
    unsigned bits_ = bit(Role::admin);
};

/// Who may read the books and what accounts have: everybody but those who only look.
inline constexpr RoleSet books_roles{Role::operating, Role::accountant, Role::approver,
                                     Role::auditor};

/// Who makes a call, once proven.
struct Caller {
    std::string name;
    Role role = Role::viewer;
    std::string host{};  ///< where the call comes from; "" when unknown
};

}  // namespace rpc
