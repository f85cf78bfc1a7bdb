#pragma once

#include <chrono>

#include <gtest/gtest.h>

#include "pool/runtime/loop.h"

namespace pool {

/// A loop that fails its test rather than hang. Long, for sanitizers on a busy machine.
struct TestLoop {
    Loop loop;
    Watch deadline = loop.after(std::chrono::seconds{60}, [this] {
        ADD_FAILURE() << "what the test waits for did not happen";
        loop.stop();
    });

    void run() { loop.run(); }
};

}  // namespace pool
