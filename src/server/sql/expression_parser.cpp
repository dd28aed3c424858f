#include "server/sql/expression_parser.hpp"

#include <array>
#include <utility>

namespace donord::sql {
namespace {

Expression operation(Operator op, std::vector<Expression> operands) {
  return Expression{Operation{op, std::move(operands)}};
}

template <class... Operands>
Expression operation(Operator op, Operands... operands) {
  std::vector<Expression> list;
  (list.push_back(std::move(operands)), ...);
  return operation(op, std::move(list));
}

Expression negate_if(bool negated, Expression expression) {
  return negated ? operation(Operator::logical_not, std::move(expression)) : std::move(expression);
}

}  // namespace

/// Counts how deep expressions stand in each other, and fails beyond the limit.
class ExpressionParser::Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMaxNesting) parser_.in_.fail_unsupported("expressions nested that deep");
  }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { --parser_.nesting_; }

 private:
  ExpressionParser& parser_;
};

NamedExpression ExpressionParser::read_named_by_text() {
  const std::size_t begin = in_.peek().begin;
  Expression expression = read_or();
  std::string name = in_.text_since(begin);
  if (std::holds_alternative<Value>(expression.node)) name = literal_name_;
  if (const auto* column = std::get_if<ColumnName>(&expression.node)) name = column->name;
  return {std::move(expression), std::move(name)};
}

Expression ExpressionParser::read_or() {
  const Nesting nesting{*this};
  return read_chain(Operator::logical_or, "OR", &ExpressionParser::read_and);
}

Expression ExpressionParser::read_and() {
  return read_chain(Operator::logical_and, "AND", &ExpressionParser::read_not);
}

Expression ExpressionParser::read_chain(Operator op, std::string_view word,
                                        Expression (ExpressionParser::*read_operand)()) {
  std::vector<Expression> operands;
  do operands.push_back((this->*read_operand)());
  while (in_.accept_word(word));
  if (operands.size() == 1) return std::move(operands.front());
  return operation(op, std::move(operands));
}

Expression ExpressionParser::read_not() {
  bool negated = false;
  bool any = false;
  for (; in_.accept_word("NOT"); any = true) negated = !negated;
  Expression expression = read_comparison();
  // An even number of them still turns the value into a truth.
  if (any && !negated) expression = operation(Operator::logical_not, std::move(expression));
  if (any) expression = operation(Operator::logical_not, std::move(expression));
  return expression;
}

Expression ExpressionParser::read_comparison() {
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
    if (in_.is_symbol(arithmetic)) in_.fail_unsupported("arithmetic");
  for (const auto& [symbol, op] : kComparisons)
    if (in_.accept(symbol)) return operation(op, std::move(left), read_primary());

  if (in_.accept_word("IS")) {
    const bool negated = in_.accept_word("NOT");
    in_.expect_word("NULL");
    return negate_if(negated, operation(Operator::is_null, std::move(left)));
  }
  const bool negated = in_.accept_word("NOT");
  if (in_.accept_word("LIKE")) return negate_if(negated, operation(Operator::like, std::move(left), read_primary()));
  if (in_.accept_word("IN")) {
    in_.expect("(");
    std::vector<Expression> operands = read_list();
    operands.insert(operands.begin(), std::move(left));
    return negate_if(negated, operation(Operator::in, std::move(operands)));
  }
  if (in_.is_word("BETWEEN") || in_.is_word("REGEXP"))
    in_.fail_unsupported(in_.peek().text);
  else if (negated)
    in_.fail();
  return left;
}

/// One or more expressions and the closing parenthesis.
std::vector<Expression> ExpressionParser::read_list() {
  std::vector<Expression> list;
  do list.push_back(read_or());
  while (in_.accept(","));
  in_.expect(")");
  return list;
}

Expression ExpressionParser::read_primary() {
  switch (in_.peek().kind) {
    case TokenKind::number:
      return read_number({});
    case TokenKind::string:
      return read_string();
    case TokenKind::symbol:
      return read_after_symbol();
    case TokenKind::word:
      if (in_.is_name()) return read_word();
      if (in_.is_word("SELECT") || in_.is_word("EXISTS")) {
        in_.fail_unsupported("subqueries");
        return {};
      }
      break;
    case TokenKind::quoted_word:
      return read_column();
    case TokenKind::invalid:
    case TokenKind::end:
      break;
  }
  in_.fail();
  return {};
}

Expression ExpressionParser::read_number(std::string_view sign) {
  if (in_.peek().kind != TokenKind::number) {
    in_.fail();
    return {};
  }
  literal_name_ = std::string{sign} + in_.peek().text;
  in_.advance();
  return Expression{number_value(literal_name_)};
}

Expression ExpressionParser::read_string() {
  literal_name_ = in_.peek().text;
  std::string text;
  for (; in_.peek().kind == TokenKind::string; in_.advance()) text += in_.peek().text;
  return Expression{text_value(std::move(text))};
}

Expression ExpressionParser::read_after_symbol() {
  if (in_.accept("-")) return read_number("-");
  if (in_.accept("+")) return read_number({});
  if (in_.accept("@@")) return read_system_variable();
  if (in_.accept("@")) {
    if (in_.peek().kind != TokenKind::string && !in_.is_name()) in_.fail();
    in_.advance();
    return Expression{UserVariable{}};
  }
  if (in_.accept("(")) {
    if (in_.is_word("SELECT")) in_.fail_unsupported("subqueries");
    Expression inner = read_or();
    in_.expect(")");
    return inner;
  }
  in_.fail();
  return {};
}

Expression ExpressionParser::read_system_variable() {
  SystemVariable variable;
  if (in_.is_symbol(".", 1)) {
    if (in_.is_word("GLOBAL"))
      variable.scope = VariableScope::global;
    else if (in_.is_word("SESSION") || in_.is_word("LOCAL"))
      variable.scope = VariableScope::session;
    if (variable.scope != VariableScope::unspecified) {
      in_.advance();
      in_.advance();
    }
  }
  variable.name = in_.read_name();
  return Expression{std::move(variable)};
}

/// A literal or function that is written as a word, or a column.
Expression ExpressionParser::read_word() {
  const std::string word = in_.peek().text;
  const bool called = in_.is_symbol("(", 1);
  if (!called && !in_.is_symbol(".", 1)) {
    literal_name_ = word;
    const bool is_true = same_word(word, "TRUE");
    if (is_true || same_word(word, "FALSE")) {
      in_.advance();
      return Expression{number_value(is_true ? "1" : "0")};
    }
    if (same_word(word, "NULL")) {
      literal_name_ = "NULL";
      in_.advance();
      return Expression{Value{}};
    }
    if (same_word(word, "CURRENT_USER") || same_word(word, "CURRENT_TIMESTAMP")) {
      in_.advance();
      return Expression{FunctionCall{lower(word), {}}};
    }
  }
  if (!called) return read_column();
  in_.advance();
  in_.advance();
  if (same_word(word, "COUNT")) return read_count_of();
  FunctionCall call{lower(word), {}};
  if (!in_.accept(")")) call.arguments = read_list();
  return Expression{std::move(call)};
}

Expression ExpressionParser::read_count_of() {
  Count count;
  if (in_.accept("*")) {
    in_.expect(")");
  } else {
    count.argument.push_back(read_or());
    in_.expect(")");
  }
  return Expression{std::move(count)};
}

Expression ExpressionParser::read_column() {
  ColumnName column{{}, in_.read_name()};
  for (int parts = 1; parts < 3 && in_.accept("."); ++parts) {
    column.qualifier += (column.qualifier.empty() ? "" : ".") + column.name;
    column.name = in_.read_name();
  }
  return Expression{std::move(column)};
}

}  // namespace donord::sql
