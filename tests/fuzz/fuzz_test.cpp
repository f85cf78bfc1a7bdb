#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "tests/fuzz/targets.h"

// The fuzz targets in the small: their seeds and as many changes of them as a second allows, the
// same in every run. A property that fails ends the program and names itself.
namespace tests::fuzz {
namespace {

std::vector<pool::Bytes> seeds_of(std::string_view target)
{
    std::vector<pool::Bytes> seeds{{0, '{', '}', '\n'}};
    const auto folder = std::filesystem::path{ZUBR_GOLDEN_DIR} / "fuzz" / target;
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator{folder}) files.push_back(file);
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        std::ifstream file{path, std::ios::binary};
        seeds.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
    }
    return seeds;
}

pool::Bytes changed(pool::Bytes bytes, const pool::Bytes& other, std::mt19937& random)
{
    for (auto changes = random() % 4; changes-- > 0 && !bytes.empty();) {
        const auto at = random() % bytes.size();
        const auto from = random() % other.size();
        switch (random() % 4) {
            case 0:
                bytes[at] = static_cast<std::uint8_t>(random());
                break;
            case 1:
                bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
                break;
            case 2:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), other.begin(),
                             other.begin() + static_cast<std::ptrdiff_t>(from));
                break;
            default:
                bytes.resize(at + 1);
        }
    }
    return bytes;
}

class FuzzTarget : public testing::TestWithParam<Target> {};

TEST_P(FuzzTarget, HoldsForItsSeedsAndSomeOfTheirNeighbours)
{
    const std::vector<pool::Bytes> seeds = seeds_of(GetParam().name);
    ASSERT_GT(seeds.size(), 1U);
    for (const pool::Bytes& seed : seeds) GetParam().run(seed);
    std::mt19937 random{7};  // NOLINT(cert-msc51-cpp): the same in every run
    for (int round = 0; round < 150; ++round) {
        const pool::Bytes& seed = seeds[random() % seeds.size()];
        GetParam().run(changed(seed, seeds[random() % seeds.size()], random));
    }
}

INSTANTIATE_TEST_SUITE_P(All, FuzzTarget, testing::ValuesIn(targets),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace tests::fuzz
