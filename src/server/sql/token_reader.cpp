#include "server/sql/token_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/sql/sql_error.hpp"

namespace donord::sql {
namespace {

/// Words that are no names unless quoted, as far as they can follow or be mistaken for one here.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"ALL",  "AND",   "AS",     "ASC",   "BETWEEN", "BY",    "CASE",   "DESC",  "DISTINCT", "EXISTS", "FOR",
     "FROM", "GROUP", "HAVING", "IN",    "INNER",   "INTO",  "IS",     "JOIN",  "LEFT",     "LIKE",   "LIMIT",
     "NOT",  "ON",    "OR",     "ORDER", "REGEXP",  "RIGHT", "SELECT", "UNION", "USING",    "WHERE",  "XOR"});

bool is_reserved(std::string_view word) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [word](std::string_view reserved) { return same_word(word, reserved); });
}

}  // namespace

void TokenReader::fail(MysqlError error) {
  if (error_) return;
  error_ = std::move(error);
  tokens_.push_back(Token{TokenKind::invalid, {}, text_.size(), text_.size(), 1});
  at_ = tokens_.size() - 1;
}

void TokenReader::fail() {
  fail(syntax_error(text_.substr(std::min(peek().begin, text_.size())), peek().line));
}

void TokenReader::fail_unsupported(std::string_view what) {
  fail(unsupported(what));
}

const Token& TokenReader::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

void TokenReader::advance() {
  at_ = std::min(at_ + 1, tokens_.size() - 1);
}

bool TokenReader::is_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::word && same_word(peek(ahead).text, word);
}

bool TokenReader::is_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == symbol;
}

bool TokenReader::accept_word(std::string_view word) {
  const bool found = is_word(word);
  if (found) advance();
  return found;
}

bool TokenReader::accept(std::string_view symbol) {
  const bool found = is_symbol(symbol);
  if (found) advance();
  return found;
}

void TokenReader::expect_word(std::string_view word) {
  if (!accept_word(word)) fail();
}

void TokenReader::expect(std::string_view symbol) {
  if (!accept(symbol)) fail();
}

bool TokenReader::is_name() const {
  return peek().kind == TokenKind::quoted_word || (peek().kind == TokenKind::word && !is_reserved(peek().text));
}

std::string TokenReader::read_name() {
  if (!is_name()) fail();
  std::string name = peek().text;
  advance();
  return name;
}

std::uint64_t TokenReader::read_count() {
  std::uint64_t count = 0;
  const std::string& text = peek().text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (peek().kind == TokenKind::number && error == std::errc{} && end == text.data() + text.size())
    advance();
  else
    fail();
  return count;
}

void TokenReader::skip_rest() {
  while (!at_end() && !is_symbol(";")) {
    if (peek().kind == TokenKind::invalid) return fail();
    advance();
  }
}

std::string TokenReader::text_since(std::size_t begin) const {
  const std::size_t end = at_ == 0 ? begin : tokens_[at_ - 1].end;
  return std::string{text_.substr(begin, std::max(end, begin) - begin)};
}

}  // namespace donord::sql
