// One libFuzzer program a target: ZUBR_FUZZ_TARGET is its name.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    tests::fuzz::ZUBR_FUZZ_TARGET({data, size});
    return 0;
}
