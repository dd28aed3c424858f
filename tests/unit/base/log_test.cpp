#include "base/log.hpp"

#include <gtest/gtest.h>

namespace donord {
namespace {

TEST(Log, LeavesPlainValuesBare) {
  EXPECT_EQ(log::quoted("127.0.0.1:3306"), "127.0.0.1:3306");
}

TEST(Log, QuotesAndEscapesWhatCouldForgeALine) {
  EXPECT_EQ(log::quoted("a b"), "\"a b\"");
  EXPECT_EQ(log::quoted("x\n2026 error"), "\"x\\x0a2026 error\"");
  EXPECT_EQ(log::quoted("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(log::quoted("user=root"), "\"user=root\"");
  EXPECT_EQ(log::quoted(""), "\"\"");
}

}  // namespace
}  // namespace donord
