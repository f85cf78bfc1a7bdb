#pragma once

namespace pool {

/// What of the processor's instructions may be used: it has them and the operating system keeps
/// their registers (XCR0).
struct CpuFeatures {
    bool sha_ni = false;  ///< with SSSE3 and SSE4.1
    bool avx2 = false;
    bool avx512 = false;  ///< F, BW and VL
};
CpuFeatures cpu_features();

}  // namespace pool
