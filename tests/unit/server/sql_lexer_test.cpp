#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/sql/lexer.hpp"

namespace donord::sql {
namespace {

using testing::ElementsAre;

/// "kind:text" of every token but the last, which must be `end`.
std::vector<std::string> tokens(std::string_view statement) {
  constexpr std::array kNames = {"word", "name", "string", "number", "symbol", "invalid", "end"};
  std::vector<std::string> found;
  for (const Token& token : tokenize(statement))
    if (token.kind != TokenKind::end)
      found.push_back(std::string{kNames.at(static_cast<std::size_t>(token.kind))} + ":" + token.text);
  return found;
}

TEST(SqlLexer, SplitsWordsNumbersAndSymbols) {
  EXPECT_THAT(tokens("SELECT @@global.version,1.5e-3>=x"),
              ElementsAre("word:SELECT", "symbol:@@", "word:global", "symbol:.", "word:version", "symbol:,",
                          "number:1.5e-3", "symbol:>=", "word:x"));
  EXPECT_THAT(tokens("a<=>b <> c!=d"),
              ElementsAre("word:a", "symbol:<=>", "word:b", "symbol:<>", "word:c", "symbol:!=", "word:d"));
}

TEST(SqlLexer, TellsNumbersFromNamesThatBeginWithADigit) {
  EXPECT_THAT(tokens("1 1. .5 1e3 1abc t.1"), ElementsAre("number:1", "number:1.", "number:.5", "number:1e3",
                                                          "word:1abc", "word:t", "symbol:.", "number:1"));
}

TEST(SqlLexer, ResolvesQuotesAndEscapes) {
  EXPECT_THAT(tokens(R"('it''s' "q\"q" 'a''b"c' '\n\t\\\x' '\%\_' '')"),
              ElementsAre("string:it's", "string:q\"q", "string:a'b\"c", "string:\n\t\\x", "string:\\%\\_", "string:"));
  EXPECT_EQ(tokenize(R"('\0')")[0].text, std::string(1, '\0'));
  EXPECT_THAT(tokens("`a``b` `from`"), ElementsAre("name:a`b", "name:from"));
}

TEST(SqlLexer, SkipsComments) {
  EXPECT_THAT(tokens("a/* b */c -- d\ne # f\n--\ng"), ElementsAre("word:a", "word:c", "word:e", "word:g"));
  EXPECT_THAT(tokens("5--1"), ElementsAre("number:5", "symbol:-", "symbol:-", "number:1"));
  EXPECT_THAT(tokens("--"), ElementsAre());
}

TEST(SqlLexer, ReadsVersionComments) {
  EXPECT_THAT(tokens("/*!40101 SET NAMES utf8 */;"), ElementsAre("word:SET", "word:NAMES", "word:utf8", "symbol:;"));
  EXPECT_THAT(tokens("a /*! b */ c"), ElementsAre("word:a", "word:b", "word:c"));
}

TEST(SqlLexer, StopsAtWhatHasNoEnd) {
  for (const char* statement : {"a 'b", "a \"b", "a `b", "a /* b", "a /*!1 b", "a ``", "a 'b\\"}) {
    const std::vector<Token> found = tokenize(statement);
    EXPECT_EQ(found.back().kind, TokenKind::invalid) << statement;
    EXPECT_EQ(found.front().text, "a") << statement;
  }
  EXPECT_THAT(tokens(std::string_view{"a \0 b", 5}), ElementsAre("word:a", "invalid:"));
}

TEST(SqlLexer, KnowsWhereTokensStand) {
  const std::vector<Token> found = tokenize("ab\n 'c\nd' e");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[1].begin, 4u);
  EXPECT_EQ(found[1].end, 9u);
  EXPECT_EQ(found[1].line, 2u);
  EXPECT_EQ(found[2].line, 3u);
  EXPECT_EQ(found[3].kind, TokenKind::end);
}

}  // namespace
}  // namespace donord::sql
