#include "server/sql/parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "server/sql/lexer.hpp"
#include "server/sql/sql_error.hpp"

namespace donord::sql {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(), [word](std::string_view known) { return same_word(word, known); });
}

/// Words that are no names unless quoted, as far as they can follow or be mistaken for one here.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"ALL",  "AND",   "AS",     "ASC",   "BETWEEN", "BY",    "CASE",   "DESC",  "DISTINCT", "EXISTS", "FOR",
     "FROM", "GROUP", "HAVING", "IN",    "INNER",   "INTO",  "IS",     "JOIN",  "LEFT",     "LIKE",   "LIMIT",
     "NOT",  "ON",    "OR",     "ORDER", "REGEXP",  "RIGHT", "SELECT", "UNION", "USING",    "WHERE",  "XOR"});

/// Statements that exist and are not for a donor.
constexpr auto kOtherStatements = std::to_array<std::string_view>(
    {"ALTER",   "ANALYZE",    "BINLOG",    "CACHE",    "CALL",     "CHANGE", "CHECK",  "CHECKSUM", "CLONE",
     "CREATE",  "DEALLOCATE", "DELETE",    "DESC",     "DESCRIBE", "DO",     "DROP",   "EXECUTE",  "EXPLAIN",
     "FLUSH",   "GET",        "GRANT",     "HANDLER",  "HELP",     "IMPORT", "INSERT", "INSTALL",  "LOAD",
     "LOCK",    "OPTIMIZE",   "PREPARE",   "PURGE",    "RELEASE",  "RENAME", "REPAIR", "REPLACE",  "RESET",
     "RESTART", "REVOKE",     "SAVEPOINT", "SHUTDOWN", "START",    "STOP",   "TABLE",  "TRUNCATE", "UNINSTALL",
     "UNLOCK",  "UPDATE",     "VALUES",    "WITH",     "XA"});
constexpr auto kOtherShows = std::to_array<std::string_view>(
    {"BINARY",   "BINLOG", "CHARACTER", "CHARSET",    "COLLATION", "COLUMNS",  "CREATE",   "ENGINE",
     "ENGINES",  "EVENTS", "EXTENDED",  "FIELDS",     "FUNCTION",  "INDEX",    "INDEXES",  "KEYS",
     "MASTER",   "OPEN",   "PROCEDURE", "PRIVILEGES", "PROFILE",   "PROFILES", "RELAYLOG", "REPLICA",
     "REPLICAS", "SLAVE",  "STORAGE",   "TABLE",      "TABLES",    "TRIGGERS"});

std::string upper(std::string_view word) {
  std::string out{word};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  return out;
}

Expression operation(Operator op, std::vector<Expression> operands) {
  return Expression{Operation{op, std::move(operands)}};
}

template <class... Operands>
Expression operation(Operator op, Operands... operands) {
  std::vector<Expression> list;
  (list.push_back(std::move(operands)), ...);
  return operation(op, std::move(list));
}

/// The error is sticky: the first one is kept, and the parser then stands at the end, where every loop stops.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  ParsedStatement run() {
    while (accept(";")) {
    }
    if (peek().kind == TokenKind::end) return empty_query();
    Statement statement = read_statement();
    if (!std::holds_alternative<Unsupported>(statement)) {
      while (accept(";")) {
      }
      if (peek().kind != TokenKind::end) fail();
    }
    if (error_) return std::move(*error_);
    return statement;
  }

 private:
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }

  void fail(MysqlError error) {
    if (error_) return;
    error_ = std::move(error);
    tokens_.push_back(Token{TokenKind::invalid, {}, text_.size(), text_.size(), 1});
    at_ = tokens_.size() - 1;
  }
  void fail() { fail(syntax_error(text_.substr(std::min(peek().begin, text_.size())), peek().line)); }
  void fail_unsupported(std::string_view what) { fail(unsupported(what)); }

  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::word && same_word(peek(ahead).text, word);
  }
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == symbol;
  }
  bool accept_word(std::string_view word) {
    const bool found = is_word(word);
    if (found) advance();
    return found;
  }
  bool accept(std::string_view symbol) {
    const bool found = is_symbol(symbol);
    if (found) advance();
    return found;
  }
  void expect_word(std::string_view word) {
    if (!accept_word(word)) fail();
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) fail();
  }

  [[nodiscard]] bool is_name() const {
    return peek().kind == TokenKind::quoted_word ||
           (peek().kind == TokenKind::word && !is_one_of(peek().text, kReserved));
  }
  std::string read_name() {
    if (!is_name()) fail();
    std::string name = peek().text;
    advance();
    return name;
  }
  std::uint64_t read_count() {
    std::uint64_t count = 0;
    const std::string& text = peek().text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (peek().kind != TokenKind::number || error != std::errc{} || end != text.data() + text.size())
      fail();
    else
      advance();
    return count;
  }
  /// To the end of the statement, whatever stands there.
  void skip_rest() {
    while (peek().kind != TokenKind::end && !is_symbol(";")) {
      if (peek().kind == TokenKind::invalid) return fail();
      advance();
    }
  }

  Statement read_statement() {
    if (accept_word("SELECT")) return read_select();
    if (accept_word("SHOW")) return read_show();
    if (accept_word("SET")) return read_set();
    if (accept_word("USE")) return Use{read_name()};
    if (accept_word("KILL")) return read_kill();
    if (is_word("BEGIN") || is_word("COMMIT") || is_word("ROLLBACK") ||
        (is_word("START") && is_word("TRANSACTION", 1))) {
      skip_rest();
      return Nothing{};
    }
    if (peek().kind == TokenKind::word && is_one_of(peek().text, kOtherStatements))
      return Unsupported{upper(peek().text)};
    fail();
    return Nothing{};
  }

  Statement read_set() {
    for (const std::string_view subject : {"PASSWORD", "ROLE", "DEFAULT", "RESOURCE"})
      if (is_word(subject)) return Unsupported{fmt::format("SET {}", subject)};
    const bool global = is_symbol("@@") ? is_word("GLOBAL", 1) || is_word("PERSIST", 1) || is_word("PERSIST_ONLY", 1)
                                        : is_word("GLOBAL") || is_word("PERSIST") || is_word("PERSIST_ONLY");
    if (global) {
      fail(missing_privilege("SUPER or SYSTEM_VARIABLES_ADMIN"));
      return Nothing{};
    }

    const bool scoped = is_word("SESSION") || is_word("LOCAL");
    const bool named = is_word("NAMES") || is_word("CHARACTER") || is_word("CHARSET");
    if (named || is_word("TRANSACTION", scoped ? 1 : 0)) {
      skip_rest();
      return Nothing{};
    }
    const auto assigns = [this] { return is_symbol("=") || is_symbol(":"); };
    while (peek().kind != TokenKind::end && peek().kind != TokenKind::invalid && !is_symbol(";") && !assigns())
      advance();
    if (!assigns()) fail();
    skip_rest();
    return Nothing{};
  }

  Statement read_kill() {
    Kill kill;
    if (accept_word("QUERY"))
      kill.query_only = true;
    else
      accept_word("CONNECTION");
    kill.id = read_count();
    return kill;
  }

  Statement read_show() {
    struct Subject {
      std::string_view word;
      ShowSubject subject;
      bool filtered;
    };
    static constexpr std::array<Subject, 9> kSubjects = {{{"VARIABLES", ShowSubject::variables, true},
                                                          {"STATUS", ShowSubject::status, true},
                                                          {"DATABASES", ShowSubject::databases, true},
                                                          {"SCHEMAS", ShowSubject::databases, true},
                                                          {"PLUGINS", ShowSubject::plugins, false},
                                                          {"PROCESSLIST", ShowSubject::process_list, false},
                                                          {"GRANTS", ShowSubject::grants, false},
                                                          {"WARNINGS", ShowSubject::warnings, false},
                                                          {"ERRORS", ShowSubject::warnings, false}}};
    for (const std::string_view modifier : {"GLOBAL", "SESSION", "LOCAL", "FULL"})
      if (accept_word(modifier)) break;
    const auto* const known =
        std::find_if(kSubjects.begin(), kSubjects.end(), [this](const Subject& s) { return is_word(s.word); });
    if (known == kSubjects.end()) {
      if (is_one_of(peek().text, kOtherShows)) return Unsupported{fmt::format("SHOW {}", upper(peek().text))};
      fail();
      return Nothing{};
    }
    advance();
    Show show{known->subject, {}, {}};
    if (show.subject == ShowSubject::grants && accept_word("FOR")) read_current_user();
    if (show.subject == ShowSubject::warnings && accept_word("LIMIT")) read_limit();
    if (!known->filtered) return show;
    if (accept_word("LIKE")) {
      if (peek().kind != TokenKind::string) fail();
      show.like = peek().text;
      advance();
    } else if (accept_word("WHERE")) {
      show.where = read_or();
    }
    return show;
  }

  void read_current_user() {
    if (!is_word("CURRENT_USER")) return fail_unsupported("SHOW GRANTS FOR another user");
    advance();
    if (accept("(")) expect(")");
  }

  Statement read_select() {
    Select select;
    if (accept_word("DISTINCT"))
      select.distinct = true;
    else
      accept_word("ALL");
    do select.items.push_back(read_item());
    while (accept(","));
    if (accept_word("FROM")) read_from(select);
    if (accept_word("WHERE")) select.where = read_or();
    if (is_word("GROUP") || is_word("HAVING")) fail_unsupported("GROUP BY");
    if (accept_word("ORDER")) read_order(select);
    if (accept_word("LIMIT")) select.limit = read_limit();
    if (is_word("UNION")) fail_unsupported("UNION");
    if (is_word("INTO")) fail_unsupported("SELECT INTO");
    if (is_word("FOR")) fail_unsupported("SELECT FOR");
    return select;
  }

  SelectItem read_item() {
    if (accept("*")) return AllColumns{};
    if (is_name() && is_symbol(".", 1) && is_symbol("*", 2)) {
      AllColumns all{read_name()};
      advance();
      advance();
      return all;
    }
    const std::size_t begin = peek().begin;
    Expression expression = read_or();
    std::string name = default_name(expression, begin);
    const bool as = accept_word("AS");
    if (peek().kind == TokenKind::string || is_name()) {
      name = peek().text;
      advance();
    } else if (as) {
      fail();
    }
    return NamedExpression{std::move(expression), std::move(name)};
  }

  /// A literal and a column are named by themselves, everything else by its text.
  [[nodiscard]] std::string default_name(const Expression& expression, std::size_t begin) const {
    if (std::holds_alternative<Value>(expression.node)) return literal_name_;
    if (const auto* column = std::get_if<ColumnName>(&expression.node)) return column->name;
    const std::size_t end = at_ == 0 ? begin : tokens_[at_ - 1].end;
    return std::string{text_.substr(begin, std::max(end, begin) - begin)};
  }

  void read_from(Select& select) {
    if (accept_word("DUAL")) return;
    if (is_symbol("(")) return fail_unsupported("subqueries");
    TableName table;
    table.name = read_name();
    if (accept(".")) table.schema = std::exchange(table.name, read_name());
    table.alias = table.name;
    if (accept_word("AS") || is_name()) table.alias = read_name();
    if (is_symbol(",") || is_word("JOIN") || is_word("INNER") || is_word("LEFT") || is_word("RIGHT"))
      return fail_unsupported("JOIN");
    select.from = std::move(table);
  }

  void read_order(Select& select) {
    expect_word("BY");
    do {
      OrderTerm term{read_or()};
      if (accept_word("DESC"))
        term.descending = true;
      else
        accept_word("ASC");
      select.order.push_back(std::move(term));
    } while (accept(","));
  }

  Limit read_limit() {
    Limit limit;
    limit.count = read_count();
    if (accept(","))
      limit.offset = std::exchange(limit.count, read_count());
    else if (accept_word("OFFSET"))
      limit.offset = read_count();
    return limit;
  }

  Expression read_or() {
    const Nesting nesting{*this};
    return read_chain(Operator::logical_or, "OR", &Parser::read_and);
  }
  Expression read_and() { return read_chain(Operator::logical_and, "AND", &Parser::read_not); }

  Expression read_chain(Operator op, std::string_view word, Expression (Parser::*read_operand)()) {
    std::vector<Expression> operands;
    do operands.push_back((this->*read_operand)());
    while (accept_word(word));
    if (operands.size() == 1) return std::move(operands.front());
    return operation(op, std::move(operands));
  }

  Expression read_not() {
    bool negated = false;
    bool any = false;
    for (; accept_word("NOT"); any = true) negated = !negated;
    Expression expression = read_comparison();
    if (any && !negated) expression = operation(Operator::logical_not, std::move(expression));
    if (any) expression = operation(Operator::logical_not, std::move(expression));
    return expression;
  }

  Expression read_comparison() {
    static constexpr std::array<std::pair<std::string_view, Operator>, 8> kComparisons = {
        {{"=", Operator::equal},
         {"<=>", Operator::null_safe_equal},
         {"<>", Operator::not_equal},
         {"!=", Operator::not_equal},
         {"<", Operator::less},
         {"<=", Operator::less_equal},
         {">", Operator::greater},
         {">=", Operator::greater_equal}}};
    Expression left = read_primary();
    for (const std::string_view arithmetic : {"+", "-", "*", "/", "%"})
      if (is_symbol(arithmetic)) fail_unsupported("arithmetic");
    for (const auto& [symbol, op] : kComparisons)
      if (accept(symbol)) return operation(op, std::move(left), read_primary());

    if (accept_word("IS")) {
      const bool negated = accept_word("NOT");
      expect_word("NULL");
      return negate_if(negated, operation(Operator::is_null, std::move(left)));
    }
    const bool negated = accept_word("NOT");
    if (accept_word("LIKE")) return negate_if(negated, operation(Operator::like, std::move(left), read_primary()));
    if (accept_word("IN")) {
      expect("(");
      std::vector<Expression> operands = read_list();
      operands.insert(operands.begin(), std::move(left));
      return negate_if(negated, operation(Operator::in, std::move(operands)));
    }
    if (is_word("BETWEEN") || is_word("REGEXP"))
      fail_unsupported(peek().text);
    else if (negated)
      fail();
    return left;
  }

  static Expression negate_if(bool negated, Expression expression) {
    return negated ? operation(Operator::logical_not, std::move(expression)) : std::move(expression);
  }

  /// One or more expressions and the closing parenthesis.
  std::vector<Expression> read_list() {
    std::vector<Expression> list;
    do list.push_back(read_or());
    while (accept(","));
    expect(")");
    return list;
  }

  Expression read_primary() {
    switch (peek().kind) {
      case TokenKind::number:
        return read_number({});
      case TokenKind::string:
        return read_string();
      case TokenKind::symbol:
        return read_after_symbol();
      case TokenKind::word:
        if (is_name()) return read_named();
        if (is_word("SELECT") || is_word("EXISTS")) {
          fail_unsupported("subqueries");
          return {};
        }
        break;
      case TokenKind::quoted_word:
        return read_column();
      case TokenKind::invalid:
      case TokenKind::end:
        break;
    }
    fail();
    return {};
  }

  Expression read_number(std::string_view sign) {
    if (peek().kind != TokenKind::number) {
      fail();
      return {};
    }
    literal_name_ = std::string{sign} + peek().text;
    advance();
    return Expression{number_value(literal_name_)};
  }

  Expression read_string() {
    literal_name_ = peek().text;
    std::string text;
    for (; peek().kind == TokenKind::string; advance()) text += peek().text;
    return Expression{text_value(std::move(text))};
  }

  Expression read_after_symbol() {
    if (accept("-")) return read_number("-");
    if (accept("+")) return read_number({});
    if (accept("@@")) return read_system_variable();
    if (accept("@")) {
      if (peek().kind != TokenKind::string && !is_name()) fail();
      advance();
      return Expression{UserVariable{}};
    }
    if (accept("(")) {
      if (is_word("SELECT")) fail_unsupported("subqueries");
      Expression inner = read_or();
      expect(")");
      return inner;
    }
    fail();
    return {};
  }

  Expression read_system_variable() {
    SystemVariable variable;
    if (is_symbol(".", 1)) {
      if (is_word("GLOBAL"))
        variable.scope = VariableScope::global;
      else if (is_word("SESSION") || is_word("LOCAL"))
        variable.scope = VariableScope::session;
      if (variable.scope != VariableScope::unspecified) {
        advance();
        advance();
      }
    }
    variable.name = read_name();
    return Expression{std::move(variable)};
  }

  /// A literal or function that is written as a word, or a column.
  Expression read_named() {
    const std::string word = peek().text;
    const bool called = is_symbol("(", 1);
    if (!called && !is_symbol(".", 1)) {
      literal_name_ = word;
      const bool is_true = same_word(word, "TRUE");
      if (is_true || same_word(word, "FALSE")) {
        advance();
        return Expression{number_value(is_true ? "1" : "0")};
      }
      if (same_word(word, "NULL")) {
        literal_name_ = "NULL";
        advance();
        return Expression{Value{}};
      }
      if (same_word(word, "CURRENT_USER") || same_word(word, "CURRENT_TIMESTAMP")) {
        advance();
        return Expression{FunctionCall{lower(word), {}}};
      }
    }
    if (!called) return read_column();
    advance();
    advance();
    if (same_word(word, "COUNT")) return read_count_of();
    FunctionCall call{lower(word), {}};
    if (!accept(")")) call.arguments = read_list();
    return Expression{std::move(call)};
  }

  Expression read_count_of() {
    Count count;
    if (accept("*")) {
      expect(")");
    } else {
      count.argument.push_back(read_or());
      expect(")");
    }
    return Expression{std::move(count)};
  }

  Expression read_column() {
    ColumnName column{{}, read_name()};
    for (int parts = 1; parts < 3 && accept("."); ++parts) {
      column.qualifier += (column.qualifier.empty() ? "" : ".") + column.name;
      column.name = read_name();
    }
    return Expression{std::move(column)};
  }

  /// Counts how deep expressions stand in each other, and fails beyond the limit.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > kMaxNesting) parser_.fail_unsupported("expressions nested that deep");
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --parser_.nesting_; }

   private:
    Parser& parser_;
  };

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::optional<MysqlError> error_;
  int nesting_ = 0;
  std::string literal_name_;  ///< of the literal read last, as a result column
};

}  // namespace

ParsedStatement parse(std::string_view statement) {
  if (statement.size() > kMaxStatementBytes) return too_long(kMaxStatementBytes);
  return Parser{statement}.run();
}

}  // namespace donord::sql
