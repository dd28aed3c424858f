#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("caf\xC3\xA9 \\ ~"), "caf\xC3\xA9 \\ ~");
}

TEST(Printable, LetsNoControlCharacterThrough) {
  EXPECT_EQ(printable(std::string_view{"a\0b\x1b[31m\x7f\n", 9}), "a\\x00b\\x1b[31m\\x7f");
}

}  // namespace
}  // namespace donord
