#pragma once

// SQL text into tokens, by MySQL's rules: three kinds of comments, the text of version comments read as if it stood
// bare, backticks, and both quotes for strings with escapes and doubled quotes.
// Source: MySQL manual, "Language Structure".

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace donord::sql {

enum class TokenKind {
  word,         ///< an identifier or keyword as written
  quoted_word,  ///< an identifier in backticks: never a keyword
  string,
  number,   ///< digits, with a fraction and exponent if there is one
  symbol,   ///< one of @@ @ . , ( ) = <> != < > <= >= <=> * ; + - / %
  invalid,  ///< what is none of these, or has no end
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;       ///< without quotes, escapes resolved
  std::size_t begin = 0;  ///< offset of the first byte in the statement
  std::size_t end = 0;    ///< offset after the last
  std::size_t line = 1;   ///< counted from 1
};

/// The last token is of kind `end` or `invalid`.
[[nodiscard]] std::vector<Token> tokenize(std::string_view statement);

/// ASCII without regard to case, as keywords and names here are.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace donord::sql
