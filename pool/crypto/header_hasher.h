#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/result.h"
#include "pool/crypto/header_kernels.h"

namespace pool {

/// Kernels that this processor and its operating system can run, the portable one first.
std::span<const HeaderKernel* const> header_kernels();

/// Hashes any number of tasks with whichever kernels are cheapest for so many. Immutable; any
/// thread.
class HeaderHasher {
public:
    /// With the kernels that are usually the fastest; measures nothing.
    HeaderHasher();
    /// With one kernel alone. Errors: not_found, with the names there are.
    static Result<HeaderHasher> with(std::string_view kernel);
    /// With what is fastest on this machine at this moment: takes about a millisecond.
    static HeaderHasher calibrated();

    /// out.size() == tasks.size(), here and below (checked).
    void roots(std::span<const RootTask> tasks, std::span<Words8> out) const;
    void headers(std::span<const HeaderTask> tasks, std::span<Words8> out) const;

    /// For logs: "sha-ni 1.. sha-ni-x2 2.. avx512 5..", which kernel is used from how many on.
    std::string describe() const;

private:
    static constexpr std::size_t planned = 64;
    using Choice = std::array<const HeaderKernel*, planned + 1>;
    struct Cost {
        const HeaderKernel* kernel;
        double roots;  ///< of one call, in any unit
        double headers;
    };
    explicit HeaderHasher(std::span<const Cost> costs);
    static Choice cheapest(std::span<const Cost> costs, double Cost::* what);

    Choice for_roots_{};
    Choice for_headers_{};
};

/// Runs every kernel of this machine against plain double SHA-256. False: do not start.
[[nodiscard]] bool header_kernels_self_test();

}  // namespace pool
