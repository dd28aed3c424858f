#include <gtest/gtest.h>

#include "server/sql/value.hpp"

namespace donord::sql {
namespace {

TEST(SqlValue, ComparesTextsWithoutRegardToCase) {
  EXPECT_EQ(compare(text_value("Clone"), text_value("cLONE")), std::partial_ordering::equivalent);
  EXPECT_EQ(compare(text_value("10"), text_value("9")), std::partial_ordering::less);
}

TEST(SqlValue, ComparesAsNumbersWhenOneIsANumber) {
  EXPECT_EQ(compare(number_value("10"), text_value("9")), std::partial_ordering::greater);
  EXPECT_EQ(compare(text_value("abc"), number_value("0")), std::partial_ordering::equivalent);
  EXPECT_EQ(compare(text_value(" 12x"), number_value("12")), std::partial_ordering::equivalent);
  EXPECT_EQ(compare(text_value("-1.5"), number_value("-1.5")), std::partial_ordering::equivalent);
  for (const char* not_a_number : {"nan", "inf", "-inf", "-nan", "", "+"})
    EXPECT_EQ(compare(text_value(not_a_number), number_value("0")), std::partial_ordering::equivalent) << not_a_number;
}

TEST(SqlValue, KnowsNothingAboutNull) {
  EXPECT_FALSE(compare(Value{}, number_value("1")));
  EXPECT_FALSE(truth_of(Value{}));
  EXPECT_TRUE(truth_of(text_value("2")).value());
  EXPECT_FALSE(truth_of(text_value("x")).value());
}

TEST(SqlLike, MatchesWholeTexts) {
  EXPECT_TRUE(like("version", "version"));
  EXPECT_TRUE(like("version", "VERSION"));
  EXPECT_FALSE(like("version", "versio"));
  EXPECT_FALSE(like("version", "version_"));
  EXPECT_TRUE(like("", ""));
  EXPECT_FALSE(like("", "_"));
  EXPECT_FALSE(like("x", ""));
}

TEST(SqlLike, ExpandsPercentAndUnderscore) {
  EXPECT_TRUE(like("", "%"));
  EXPECT_TRUE(like("version_comment", "version%"));
  EXPECT_TRUE(like("version_comment", "%comment"));
  EXPECT_TRUE(like("version_comment", "%s%o%c%"));
  EXPECT_TRUE(like("clone", "c_one"));
  EXPECT_TRUE(like("ab", "a%_"));
  EXPECT_FALSE(like("a", "a%_"));
  EXPECT_TRUE(like("gr\xC3\xBC\xC3\x9F", "gr__")) << "an underscore is a character, not a byte";
  EXPECT_TRUE(like("aab", "%ab"));
}

TEST(SqlLike, TakesTheMeaningFromEscapedCharacters) {
  EXPECT_TRUE(like("a%b", "a\\%b"));
  EXPECT_FALSE(like("axb", "a\\%b"));
  EXPECT_FALSE(like("version", "versio\\_"));
  EXPECT_TRUE(like("a\\", "a\\\\"));
  EXPECT_TRUE(like("a\\", "a\\")) << "a backslash at the end stands for itself";
}

TEST(SqlLike, StaysQuickOnHostilePatterns) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "%a";
  EXPECT_FALSE(like(std::string(20'000, 'a') + 'b', pattern));
}

}  // namespace
}  // namespace donord::sql
