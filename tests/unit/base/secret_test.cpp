#include "base/secret.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace donord {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

// Sanitizers make mlock do nothing, and call that a success.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCanLock = false;
#else
constexpr bool kCanLock = true;
#endif

static_assert(!std::is_copy_constructible_v<LockedBytes> && !std::is_copy_assignable_v<LockedBytes>);
static_assert(!fmt::is_formattable<LockedBytes>::value, "a key must not be printable");

/// The VmFlags line of the mapping that holds an address: "rd wr mr mw me lo dd".
std::string kernel_flags_of(const std::uint8_t* at) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  std::ifstream in{"/proc/self/smaps"};
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::istringstream head{line};
    if (head >> std::hex >> begin >> dash >> end && dash == '-') inside = begin <= address && address < end;
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return "no such mapping";
}

TEST(LockedBytes, StartAsZerosWhateverWasThereBefore) {
  for (const std::size_t size : {1U, 32U, 64U, 65U, 4096U, 100000U}) {
    const std::uint8_t* at = nullptr;
    {
      LockedBytes key{size};
      at = key.reveal().data();
      std::ranges::fill(key.fill(), std::uint8_t{0xAA});
    }
    const LockedBytes next{size};
    EXPECT_THAT(next.reveal(), Each(0)) << size;
    if (size <= 64) {
      EXPECT_EQ(next.reveal().data(), at) << "the place of a small one is used again";
    }
  }
}

TEST(LockedBytes, AreWipedWhenReleased) {
  const LockedBytes neighbour{32};  // keeps the page in use
  std::vector<const std::uint8_t*> places;
  for (int i = 0; i < 3; ++i) {
    const LockedBytes key = LockedBytes::copy_of(Bytes(32, 0x55));
    places.push_back(key.reveal().data());
  }
  for (const std::uint8_t* at : places) EXPECT_THAT(ByteView(at, 32), Each(0));
}

TEST(LockedBytes, AreLeftOutOfCoreDumpsAndSwap) {
  for (const std::size_t size : {32U, 10000U}) {
    const LockedBytes key{size};
    const std::string flags = kernel_flags_of(key.reveal().data());
    EXPECT_THAT(flags, HasSubstr(" dd "));
    if (kCanLock && key_memory_is_locked()) {
      EXPECT_THAT(flags, HasSubstr(" lo "));
    }
  }
}

TEST(LockedBytes, MoveTheirPlaceAndCopyOnlyWhenAsked) {
  LockedBytes first = LockedBytes::copy_of(as_bytes("a key"));
  const std::uint8_t* const at = first.reveal().data();
  LockedBytes second = std::move(first);
  EXPECT_EQ(second.reveal().data(), at);
  const LockedBytes copy = LockedBytes::copy_of(second.reveal());
  EXPECT_NE(copy.reveal().data(), at);
  EXPECT_EQ(as_text(copy.reveal()), "a key");
  second = LockedBytes{};
  EXPECT_TRUE(second.empty());
}

TEST(LockedBytes, SmallOnesDoNotOverlap) {
  std::vector<LockedBytes> keys;
  for (std::size_t i = 0; i < 5000; ++i)
    keys.push_back(LockedBytes::copy_of(Bytes(1 + i % 64, static_cast<std::uint8_t>(i))));
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_THAT(keys[i].reveal(), Each(static_cast<std::uint8_t>(i))) << i;
}

}  // namespace
}  // namespace donord
