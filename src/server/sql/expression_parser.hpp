#pragma once

// Expressions:
//
//   or         = and { OR and }        and = not { AND not }        not = { NOT } comparison
//   comparison = primary [ (= | <=> | <> | != | < | <= | > | >=) primary
//                        | [NOT] LIKE primary | [NOT] IN (or, ..) | IS [NOT] NULL ]
//   primary    = literal | (or) | @@[scope.]name | @name | name([or, ..]) | COUNT(* | or) | [[schema.]table.]column
//
// Nesting is bounded, so that no statement exhausts the stack.

#include "server/sql/ast.hpp"
#include "server/sql/token_reader.hpp"

namespace donord::sql {

inline constexpr int kMaxNesting = 32;

class ExpressionParser {
 public:
  /// `in` outlives the parser and has the error, if there is one.
  explicit ExpressionParser(TokenReader& in) : in_(in) {}

  Expression read() { return read_or(); }
  /// An expression and the name that mysqld gives to its column: a literal and a column are named by themselves,
  /// everything else by its text.
  NamedExpression read_named_by_text();

 private:
  class Nesting;

  Expression read_or();
  Expression read_and();
  Expression read_chain(Operator op, std::string_view word, Expression (ExpressionParser::*read_operand)());
  Expression read_not();
  Expression read_comparison();
  std::vector<Expression> read_list();
  Expression read_primary();
  Expression read_number(std::string_view sign);
  Expression read_string();
  Expression read_after_symbol();
  Expression read_system_variable();
  Expression read_word();
  Expression read_count_of();
  Expression read_column();

  TokenReader& in_;
  int nesting_ = 0;
  std::string literal_name_;  ///< of the literal read last, as a result column
};

}  // namespace donord::sql
