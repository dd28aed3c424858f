#pragma once

// How urgent a thread's reads and writes are for the disk's scheduler.

namespace donord {

enum class IoPriority {
  normal,  ///< as the thread's nice value says
  idle,    ///< when nobody else wants the disk
};

/// Of the calling thread and of those that it starts from then on. Advice: false when the operating system refuses, and
/// a scheduler that knows no priorities ignores it.
bool set_io_priority(IoPriority priority);

}  // namespace donord
