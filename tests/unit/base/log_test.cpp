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

TEST(Log, LeavesUtf8AsItIs) {
  for (const char* text :
       {"\xC2\xA0", "gr\xC3\xBC\xC3\x9F", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(log::quoted(text), text);
}

TEST(Log, EscapesControlCharactersAndWhatIsNotUtf8) {
  EXPECT_EQ(log::quoted("a\x7F"), "\"a\\x7f\"");
  EXPECT_EQ(log::quoted("\xC2\x9B"
                        "31m"),
            "\"\\xc2\\x9b31m\"")
      << "C1: starts a terminal command";
  EXPECT_EQ(log::quoted("\x9B"
                        "31m"),
            "\"\\x9b31m\"");
  EXPECT_EQ(log::quoted("\xC3"), "\"\\xc3\"") << "ends too early";
  EXPECT_EQ(log::quoted("\xC3z"), "\"\\xc3z\"");
  EXPECT_EQ(log::quoted("\xC0\x8A"), "\"\\xc0\\x8a\"") << "a newline in two bytes";
  EXPECT_EQ(log::quoted("\xE0\x80\x8A"), "\"\\xe0\\x80\\x8a\"");
  EXPECT_EQ(log::quoted("\xED\xA0\x80"), "\"\\xed\\xa0\\x80\"") << "a surrogate";
  EXPECT_EQ(log::quoted("\xF4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"") << "beyond U+10FFFF";
}

TEST(Log, ClipsLongValuesBetweenCharacters) {
  EXPECT_EQ(log::quoted(std::string(512, 'x')), std::string(512, 'x'));
  EXPECT_EQ(log::quoted(std::string(513, 'x')), std::string(512, 'x') + "...");
  EXPECT_EQ(log::quoted(std::string(511, 'x') + "\xC3\xBC"), std::string(511, 'x') + "...");
  EXPECT_EQ(log::quoted(std::string(510, 'x') + " " + "\xF0\x90\x80\x80"), '"' + std::string(510, 'x') + " ...\"");
}

}  // namespace
}  // namespace donord
