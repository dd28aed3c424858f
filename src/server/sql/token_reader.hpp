#pragma once

// A statement's tokens, read one after another. The error is sticky: the first one is kept, and the reader then stands
// at the end, where every loop over tokens stops.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/error_map.hpp"
#include "server/sql/lexer.hpp"

namespace donord::sql {

class TokenReader {
 public:
  /// `text` outlives the reader.
  explicit TokenReader(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  [[nodiscard]] const std::optional<MysqlError>& error() const { return error_; }
  void fail(MysqlError error);
  /// A syntax error at the current token.
  void fail();
  void fail_unsupported(std::string_view what);

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  void advance();
  [[nodiscard]] bool at_end() const { return peek().kind == TokenKind::end; }

  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  /// Moves past the word or symbol if it stands here.
  bool accept_word(std::string_view word);
  bool accept(std::string_view symbol);
  void expect_word(std::string_view word);
  void expect(std::string_view symbol);

  /// A word that is not reserved, or any in backticks.
  [[nodiscard]] bool is_name() const;
  std::string read_name();
  std::uint64_t read_count();
  /// To the end of the statement, whatever stands there.
  void skip_rest();

  /// What was written from offset `begin` to the current token.
  [[nodiscard]] std::string text_since(std::size_t begin) const;

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::optional<MysqlError> error_;
};

}  // namespace donord::sql
