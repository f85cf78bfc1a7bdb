#include "tests/browser/browser.h"

#include <chrono>
#include <filesystem>

#include "pool/base/json.h"

namespace tests {

Browsed browse(const PoolFixture& pool, const std::string& name, Given given)
{
    const std::filesystem::path shots = required("ZUBR_TEST_SHOTS");
    std::filesystem::create_directories(shots);
    given.insert(given.end(), {{"web", pool.web_url()},
                               {"admin", pool.admin_url()},
                               {"stratum", std::to_string(pool.stratum_port())},
                               {"chromium", required("ZUBR_TEST_CHROMIUM")},
                               {"shots", shots}});
    std::string text;
    pool::JsonWriter json{text};
    json.begin_object();
    for (const auto& [key, value] : given) json.key(key).string(value);
    json.end_object();
    Process check{
        {required("ZUBR_TEST_NODE"), required("ZUBR_TEST_CHECKS") + "/check.mjs", name, text},
        pool.directory() / (name + ".log")};
    // Dozens of visits on a busy machine; each of their steps has a limit of its own.
    const bool passed = check.wait(std::chrono::seconds{300}) == 0;
    return {passed, check.output()};
}

}  // namespace tests
