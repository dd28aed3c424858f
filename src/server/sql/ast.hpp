#pragma once

// Statements after parsing: the small part of SQL that clients, monitors and orchestrators ask a donor.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/sql/value.hpp"

namespace donord::sql {

struct Expression;

enum class VariableScope { unspecified, session, global };

struct SystemVariable {
  VariableScope scope = VariableScope::unspecified;
  std::string name;
};
struct UserVariable {};  ///< @x: never set here, always NULL
struct ColumnName {
  std::string qualifier;  ///< "table", "schema.table" or empty
  std::string name;
};
struct FunctionCall {
  std::string name;
  std::vector<Expression> arguments;
};
/// COUNT(*) without an argument, or COUNT(expression).
struct Count {
  std::vector<Expression> argument;
};

enum class Operator {
  logical_or,   ///< two or more operands
  logical_and,  ///< two or more operands
  logical_not,
  equal,
  null_safe_equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  like,
  in,  ///< the first operand in the others
  is_null,
};

struct Operation {
  Operator op = Operator::equal;
  std::vector<Expression> operands;
};

struct Expression {
  std::variant<Value, SystemVariable, UserVariable, ColumnName, FunctionCall, Count, Operation> node;
};

struct AllColumns {
  std::string qualifier;
};
struct NamedExpression {
  Expression expression;
  std::string name;  ///< of the result column: the alias, or what mysqld makes of the text
};
using SelectItem = std::variant<AllColumns, NamedExpression>;

struct TableName {
  std::string schema;  ///< empty: the current one
  std::string name;
  std::string alias;  ///< the name where there is none
};

struct OrderTerm {
  Expression expression;
  bool descending = false;
};

struct Limit {
  std::uint64_t offset = 0;
  std::uint64_t count = UINT64_MAX;
};

struct Select {
  std::vector<SelectItem> items;
  bool distinct = false;
  std::optional<TableName> from;
  std::optional<Expression> where;
  std::vector<OrderTerm> order;
  Limit limit;
};

enum class ShowSubject { variables, status, plugins, grants, databases, process_list, warnings };

struct Show {
  ShowSubject subject = ShowSubject::variables;
  std::optional<std::string> like;
  std::optional<Expression> where;
};

struct Use {
  std::string schema;
};

struct Kill {
  std::uint64_t id = 0;
  bool query_only = false;
};

/// SET, COMMIT and the like: nothing to do, and right to say so.
struct Nothing {};

/// A statement of MySQL that a donor does not do.
struct Unsupported {
  std::string what;  ///< "INSERT"
};

using Statement = std::variant<Select, Show, Use, Kill, Nothing, Unsupported>;

}  // namespace donord::sql
