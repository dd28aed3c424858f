#include "base/io_priority.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace donord {

namespace {

// ioprio_set(2), which has no wrapper in the C library.
constexpr int kOfThread = 1;
constexpr int kClassShift = 13;
constexpr int kClassNone = 0;
constexpr int kClassIdle = 3;

}  // namespace

bool set_io_priority(IoPriority priority) {
  const int of_class = priority == IoPriority::idle ? kClassIdle : kClassNone;
  constexpr int kCallingThread = 0;
  return ::syscall(SYS_ioprio_set, kOfThread, kCallingThread, of_class << kClassShift) == 0;
}

}  // namespace donord
