#include "base/secret.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace donord {

namespace {

constexpr std::size_t kSlotBytes = 64;
constexpr std::size_t kChunkBytes = 65536;  // a multiple of every page size

std::atomic<bool> everything_is_locked = true;

std::uint8_t* map_locked(std::size_t size) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc{};
  if (::mlock(at, size) != 0) everything_is_locked = false;
  ::madvise(at, size, MADV_DONTDUMP);
  return static_cast<std::uint8_t*>(at);
}

/// Places for what fits into a slot. Chunks are never given back to the system.
class SlotPool {
 public:
  std::uint8_t* take() {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) add_chunk();
    std::uint8_t* const at = free_.back();
    free_.pop_back();
    return at;
  }

  void give_back(std::uint8_t* at) {
    const std::lock_guard lock{mutex_};
    free_.push_back(at);  // never allocates: there is room for all slots
  }

 private:
  void add_chunk() {
    slots_ += kChunkBytes / kSlotBytes;
    free_.reserve(slots_);
    std::uint8_t* const chunk = map_locked(kChunkBytes);
    for (std::size_t offset = 0; offset < kChunkBytes; offset += kSlotBytes) free_.push_back(chunk + offset);
  }

  std::mutex mutex_;
  std::vector<std::uint8_t*> free_;
  std::size_t slots_ = 0;
};

/// Never destroyed: keys in static objects are released after it would be.
SlotPool& slot_pool() {
  static SlotPool& pool = *new SlotPool;
  return pool;
}

}  // namespace

LockedBytes::LockedBytes(std::size_t size) : size_(size) {
  if (size > kSlotBytes)
    at_ = map_locked(size);
  else if (size > 0)
    at_ = slot_pool().take();
}

LockedBytes::~LockedBytes() {
  if (at_ == nullptr) return;
  ::explicit_bzero(at_, size_);
  if (size_ > kSlotBytes)
    ::munmap(at_, size_);
  else
    slot_pool().give_back(at_);
}

LockedBytes LockedBytes::copy_of(ByteView bytes) {
  LockedBytes copy{bytes.size()};
  std::ranges::copy(bytes, copy.fill().begin());
  return copy;
}

bool key_memory_is_locked() {
  return everything_is_locked;
}

}  // namespace donord
