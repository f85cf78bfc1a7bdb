#pragma once

/// What the kernel is told of the thread that calls.
namespace pool::this_thread {

/// As `top -H`, perf and a debugger show it: at most 15 characters, longer ones are cut.
void name(const char* name);

/// Others go first when there are more threads than cores: 0 to 19, the higher the later. Linux
/// counts it by the thread, and nobody may take it back.
void give_way(int nice);

}  // namespace pool::this_thread
