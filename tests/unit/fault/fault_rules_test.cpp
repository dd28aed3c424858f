#include "fault/fault_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FaultRules, ReadsPointMatchesAndAction) {
  const FaultRules rules =
      FaultRules::parse("net.send stage=file_copy after=3 action=disconnect; net.send task=1 action=delay ms=200")
          .value();
  ASSERT_THAT(rules.rules, SizeIs(2));
  const FaultRule& first = rules.rules[0];
  EXPECT_EQ(first.point, "net.send");
  ASSERT_THAT(first.matches, SizeIs(1));
  EXPECT_EQ(first.matches[0].key, "stage");
  EXPECT_EQ(first.matches[0].value, "file_copy");
  EXPECT_EQ(first.after, 3u);
  EXPECT_EQ(first.times, 1u);
  EXPECT_EQ(first.action.kind, FaultKind::disconnect);
  EXPECT_EQ(first.text, "net.send stage=file_copy after=3 action=disconnect");
  EXPECT_EQ(rules.rules[1].action.kind, FaultKind::delay);
  EXPECT_EQ(rules.rules[1].action.delay, std::chrono::milliseconds{200});
}

TEST(FaultRules, ReadsEveryOption) {
  const FaultRules rules = FaultRules::parse(
                               "a.b times=0 probability=0.25 seed=42 action=error number=1317\n"
                               "c action=pause until=/tmp/go\n"
                               "d action=abort")
                               .value();
  ASSERT_THAT(rules.rules, SizeIs(3));
  EXPECT_EQ(rules.rules[0].times, 0u);
  EXPECT_DOUBLE_EQ(rules.rules[0].probability, 0.25);
  EXPECT_EQ(rules.rules[0].seed, 42u);
  EXPECT_EQ(rules.rules[0].action.error_number, 1317);
  EXPECT_EQ(rules.rules[1].action.until, "/tmp/go");
  EXPECT_EQ(rules.rules[2].action.kind, FaultKind::abort);
}

TEST(FaultRules, SkipsBlanksEmptyRulesAndComments) {
  EXPECT_THAT(FaultRules::parse("").value().rules, IsEmpty());
  EXPECT_THAT(FaultRules::parse(" ;; \n\t\n").value().rules, IsEmpty());
  EXPECT_THAT(
      FaultRules::parse("# net.send action=error; net.send action=error\r\n  a   action=error ; ").value().rules,
      SizeIs(1));
}

struct BadRule {
  std::string_view text;
  std::string_view complaint;
};

class BadFaultRules : public testing::TestWithParam<BadRule> {};

TEST_P(BadFaultRules, AreUsageErrorsThatNameTheWord) {
  const Result<FaultRules> rules = FaultRules::parse(GetParam().text);
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code, Errc::usage);
  EXPECT_THAT(rules.error().what, HasSubstr(std::string{GetParam().complaint}));
}

INSTANTIATE_TEST_SUITE_P(Each, BadFaultRules,
                         testing::Values(BadRule{"Net.Send action=error", "'Net.Send' is not the name"},
                                         BadRule{"action=error", "'action=error' is not the name"},
                                         BadRule{"a", "action= is missing"}, BadRule{"a stage=x", "action= is missing"},
                                         BadRule{"a action=explode", "unknown action 'explode'"},
                                         BadRule{"a colour=red action=error", "unknown key 'colour'"},
                                         BadRule{"a stage action=error", "'stage' is not key=value"},
                                         BadRule{"a stage=x stage=y action=error", "stage is given twice"},
                                         BadRule{"a action=error action=abort", "action is given twice"},
                                         BadRule{"a after=-1 action=error", "after=-1 is not a number"},
                                         BadRule{"a after= action=error", "after= is not a number"},
                                         BadRule{"a times=99999999999999999999 action=error", "not a number in range"},
                                         BadRule{"a number=65536 action=error", "not a number in range"},
                                         BadRule{"a probability=0 action=error", "probability=0"},
                                         BadRule{"a probability=1.5 action=error", "probability=1.5"},
                                         BadRule{"a probability=nan action=error", "probability=nan"},
                                         BadRule{"a seed=1 action=error", "seed= belongs to probability="},
                                         BadRule{"a action=delay", "ms= belongs to action=delay"},
                                         BadRule{"a ms=3 action=error", "ms= belongs to action=delay"},
                                         BadRule{"a number=3 action=abort", "number= belongs to action=error"},
                                         BadRule{"a action=pause", "until=<path> belongs to action=pause"},
                                         BadRule{"a until=/x action=error", "until=<path> belongs to action=pause"},
                                         BadRule{"ok action=error; a", "fault rule 'a'"}));

TEST(FaultRules, SurviveEveryPrefixAndEveryFlippedByte) {
  const std::string text =
      "net.send stage=file_copy after=3 probability=0.5 seed=7 action=delay ms=200; b action=abort";
  for (std::size_t length = 0; length <= text.size(); ++length)
    (void)FaultRules::parse(std::string_view{text}.substr(0, length));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x15);
    (void)FaultRules::parse(damaged);
  }
}

}  // namespace
}  // namespace donord
