#include "server/sql/lexer.hpp"

#include <algorithm>
#include <array>

namespace donord::sql {
namespace {

char lower_char(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_word(char c) {
  const char l = lower_char(c);
  return is_digit(c) || (l >= 'a' && l <= 'z') || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    for (;;) {
      const bool closed = skip_blanks();
      tokens_.push_back(Token{TokenKind::end, {}, at_, at_, line_});
      if (!closed) tokens_.back().kind = TokenKind::invalid;
      if (!closed || at_ == text_.size()) return std::move(tokens_);
      Token& token = tokens_.back();
      read(token);
      token.end = at_;
      if (token.kind == TokenKind::invalid) return std::move(tokens_);
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  [[nodiscard]] bool at(std::string_view symbol) const { return text_.substr(at_).starts_with(symbol); }

  void advance(std::size_t count) {
    const std::string_view passed = text_.substr(at_, count);
    line_ += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
    at_ += passed.size();
  }

  void skip_line() { advance(std::min(text_.find('\n', at_), text_.size()) - at_); }

  /// Blanks, comments, and the marks around version comments. False for a comment without an end.
  bool skip_blanks() {
    for (;;) {
      if (at_ < text_.size() && is_space(text_[at_])) {
        advance(1);
      } else if (peek() == '#' || (at("--") && (at_ + 2 == text_.size() || is_space(peek(2))))) {
        skip_line();
      } else if (at("/*!")) {
        advance(3);
        while (is_digit(peek())) advance(1);
        in_version_comment_ = true;
      } else if (in_version_comment_ && at("*/")) {
        advance(2);
        in_version_comment_ = false;
      } else if (at("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return false;
        advance(end + 2 - at_);
      } else {
        return !(at_ == text_.size() && in_version_comment_);
      }
    }
  }

  void read(Token& token) {
    const char c = text_[at_];
    if (c == '`') return read_quoted_word(token);
    if (c == '\'' || c == '"') return read_string(token);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) return read_number(token);
    if (is_word(c)) return read_word(token);
    read_symbol(token);
  }

  /// After a name a dot is a separator, whatever comes next.
  [[nodiscard]] bool follows_name() const {
    if (tokens_.size() < 2) return false;
    const TokenKind before = tokens_[tokens_.size() - 2].kind;
    return before == TokenKind::word || before == TokenKind::quoted_word;
  }

  void read_word(Token& token) {
    token.kind = TokenKind::word;
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) advance(1);
    token.text = text_.substr(from, at_ - from);
  }

  void read_number(Token& token) {
    const std::size_t from = at_;
    const auto digits = [this] {
      while (is_digit(peek())) advance(1);
    };
    digits();
    if (is_word(peek()) && lower_char(peek()) != 'e') {  // an identifier may begin with a digit
      at_ = from;
      return read_word(token);
    }
    if (peek() == '.') {
      advance(1);
      digits();
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (lower_char(peek()) == 'e' && is_digit(peek(1 + sign))) {
      advance(1 + sign);
      digits();
    }
    token.kind = TokenKind::number;
    token.text = text_.substr(from, at_ - from);
  }

  void read_quoted_word(Token& token) {
    token.kind = TokenKind::invalid;
    advance(1);
    while (at_ < text_.size()) {
      if (peek() == '`' && peek(1) != '`') {
        advance(1);
        if (!token.text.empty()) token.kind = TokenKind::quoted_word;
        return;
      }
      if (peek() == '`') advance(1);
      token.text += peek();
      advance(1);
    }
  }

  void read_string(Token& token) {
    token.kind = TokenKind::invalid;
    const char quote = peek();
    advance(1);
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == quote && peek(1) != quote) {
        advance(1);
        token.kind = TokenKind::string;
        return;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        append_escaped(token.text, peek(1));
        advance(2);
      } else {
        token.text += c;
        advance(c == quote ? 2 : 1);
      }
    }
  }

  /// \% and \_ keep their backslash, which a LIKE pattern needs.
  static void append_escaped(std::string& text, char c) {
    constexpr std::string_view kNames = "0bnrtZ";
    constexpr std::string_view kMeanings{"\0\b\n\r\t\x1A", 6};
    if (c == '%' || c == '_') text += '\\';
    const std::size_t known = kNames.find(c);
    text += known == std::string_view::npos ? c : kMeanings[known];
  }

  void read_symbol(Token& token) {
    static constexpr std::array<std::string_view, 21> kSymbols = {
        "<=>", "@@", "<>", "!=", "<=", ">=", "@", ".", ",", "(", ")", "=", "<", ">", "*", ";", "+", "-", "/", "%", ":"};
    for (const std::string_view symbol : kSymbols) {
      if (!at(symbol)) continue;
      token.kind = TokenKind::symbol;
      token.text = symbol;
      advance(symbol.size());
      return;
    }
    token.kind = TokenKind::invalid;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool in_version_comment_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view statement) {
  return Lexer{statement}.run();
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

}  // namespace donord::sql
