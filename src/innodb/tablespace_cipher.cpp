#include "innodb/tablespace_cipher.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "innodb/aes.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kTailBytes = 2 * kAesBlockBytes;
using Tail = std::array<std::uint8_t, kTailBytes>;

/// What the last 32 bytes are encrypted twice for: bytes at the end that do not fill a block.
std::size_t rest_of(ByteView bytes) {
  return bytes.size() % kAesBlockBytes;
}

}  // namespace

// The bytes, with a rest of r, and what the two passes cover:
//
//   |<-------- head -------->|<- r ->|<-- 32 - r -->|<- r ->|
//   |<------------- first pass: whole blocks ------>|
//                                    |<--- second: tail --->|
//
// So the first pass ends with two blocks that are r bytes untouched by the second one, and 32 - r touched by both.

void TablespaceCipher::decrypt(ByteView from, MutableBytes into) const {
  assert(from.size() == into.size() && from.size() >= kMinBytes);
  Aes256 aes{Aes256::Mode::cbc, Aes256::Direction::decrypt, key_.key()};
  const std::size_t rest = rest_of(from);
  if (rest == 0) {
    aes.start(key_.iv());
    aes.update(from, into);
    return;
  }
  Tail tail{};
  aes.start(key_.iv());
  aes.update(from.last(kTailBytes), tail);

  const std::size_t head = from.size() - kTailBytes - rest;
  Tail seam{};
  std::ranges::copy(from.subspan(head, rest), seam.begin());
  std::copy(tail.begin(), tail.end() - static_cast<std::ptrdiff_t>(rest), seam.begin() + rest);
  aes.start(key_.iv());
  aes.update(from.first(head), into.first(head));
  aes.update(seam, into.subspan(head, kTailBytes));
  std::copy(tail.end() - static_cast<std::ptrdiff_t>(rest), tail.end(), into.last(rest).begin());
}

void TablespaceCipher::encrypt(ByteView from, MutableBytes into) const {
  assert(from.size() == into.size() && from.size() >= kMinBytes);
  Aes256 aes{Aes256::Mode::cbc, Aes256::Direction::encrypt, key_.key()};
  const std::size_t rest = rest_of(from);
  const std::size_t whole = from.size() - rest;
  std::ranges::copy(from.last(rest), into.last(rest).begin());
  aes.start(key_.iv());
  aes.update(from.first(whole), into.first(whole));
  if (rest == 0) return;
  aes.start(key_.iv());
  aes.update(into.last(kTailBytes), into.last(kTailBytes));
}

}  // namespace donord::innodb
