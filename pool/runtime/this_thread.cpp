#include "pool/runtime/this_thread.h"

#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <pthread.h>

namespace pool::this_thread {

void name(const char* name)
{
    constexpr std::size_t length_max = 15;
    ::pthread_setname_np(::pthread_self(), std::string{name}.substr(0, length_max).c_str());
}

void give_way(int nice) { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice); }

}  // namespace pool::this_thread
