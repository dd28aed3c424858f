#include "server/sql/evaluate.hpp"

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "server/sql/lexer.hpp"
#include "server/sql/sql_error.hpp"

namespace donord::sql {
namespace {

/// An evaluation costs this and the bytes of its value.
constexpr std::uint64_t kEvaluationWork = 16;

using Function = Value (*)(const SqlContext&);

Value user(const SqlContext& context) {
  return text_value(fmt::format("{}@{}", context.user, context.peer_host));
}
Value current_user(const SqlContext& context) {
  return text_value(fmt::format("{}@{}", context.account.user, context.account.host));
}
Value database(const SqlContext& context) {
  return context.database.empty() ? Value{} : text_value(context.database);
}
Value version(const SqlContext& context) {
  const auto known = context.variables.find("version");
  return known == context.variables.end() ? Value{} : Value{known->second.value};
}
Value connection_id(const SqlContext& context) {
  return number_value(fmt::to_string(context.connection));
}
Value now(const SqlContext& context) {
  constexpr std::size_t kToSeconds = std::string_view{"2026-01-31 12:34:56"}.size();
  return text_value(utc_time(context.now_ms).substr(0, kToSeconds));
}

struct KnownFunction {
  std::string_view name;
  Function function;
};
constexpr std::array<KnownFunction, 10> kFunctions = {{{"version", version},
                                                       {"user", user},
                                                       {"session_user", user},
                                                       {"system_user", user},
                                                       {"current_user", current_user},
                                                       {"database", database},
                                                       {"schema", database},
                                                       {"connection_id", connection_id},
                                                       {"now", now},
                                                       {"current_timestamp", now}}};

/// A function without arguments; none of the others is known here.
Function find_function(const FunctionCall& call) {
  if (!call.arguments.empty()) return nullptr;
  const auto* const known = std::find_if(kFunctions.begin(), kFunctions.end(),
                                         [&](const KnownFunction& function) { return function.name == call.name; });
  return known == kFunctions.end() ? nullptr : known->function;
}

Truth negated(Truth truth) {
  if (!truth) return truth;
  return !*truth;
}

template <class Predicate>
Truth compared(const Value& a, const Value& b, Predicate holds) {
  const std::optional<std::partial_ordering> order = compare(a, b);
  if (!order) return std::nullopt;
  return holds(*order);
}

Truth is_equal(const Value& a, const Value& b) {
  return compared(a, b, std::is_eq);
}

/// OR over the operands, and AND by De Morgan.
template <class TruthAt>
Truth any_of(std::size_t count, TruthAt truth_at) {
  Truth result = false;
  for (std::size_t i = 0; i < count; ++i) {
    const Truth truth = truth_at(i);
    if (truth && *truth) return true;
    if (!truth) result = std::nullopt;
  }
  return result;
}

const std::vector<Expression>* children(const Expression& expression) {
  if (const auto* operation = std::get_if<Operation>(&expression.node)) return &operation->operands;
  if (const auto* function = std::get_if<FunctionCall>(&expression.node)) return &function->arguments;
  if (const auto* count = std::get_if<Count>(&expression.node)) return &count->argument;
  return nullptr;
}

}  // namespace

std::optional<MysqlError> Evaluator::check(const Expression& expression, std::string_view clause,
                                           CountUse count_use) const {
  if (const auto* column = std::get_if<ColumnName>(&expression.node); column != nullptr && !find(*column)) {
    const std::string name = column->qualifier.empty() ? column->name : column->qualifier + "." + column->name;
    return unknown_column(name, clause);
  }
  if (const auto* asked = std::get_if<SystemVariable>(&expression.node);
      asked != nullptr && !context_.variables.contains(lower(asked->name)))
    return unknown_variable(asked->name);
  if (const auto* function = std::get_if<FunctionCall>(&expression.node);
      function != nullptr && find_function(*function) == nullptr)
    return unknown_function(function->name);
  const bool counts = std::holds_alternative<Count>(expression.node);
  if (counts && count_use == CountUse::forbidden) return misplaced_count();
  if (const std::vector<Expression>* inner = children(expression))
    for (const Expression& child : *inner)
      if (std::optional<MysqlError> error = check(child, clause, counts ? CountUse::forbidden : count_use))
        return error;
  return std::nullopt;
}

Value Evaluator::evaluate(const Expression& expression, const TextRow* row,
                          std::span<const TextRow* const> counted) const {
  if (overworked()) return Value{};
  Value value = evaluate_node(expression, row, counted);
  work_ += kEvaluationWork + (value.text ? value.text->size() : 0);
  return value;
}

Value Evaluator::evaluate_node(const Expression& expression, const TextRow* row,
                               std::span<const TextRow* const> counted) const {
  if (const auto* value = std::get_if<Value>(&expression.node)) return *value;
  if (const auto* asked = std::get_if<SystemVariable>(&expression.node)) return variable(*asked);
  if (const auto* function = std::get_if<FunctionCall>(&expression.node)) return call(*function);
  if (const auto* operation = std::get_if<Operation>(&expression.node))
    return evaluate_operation(*operation, row, counted);
  if (const auto* counting = std::get_if<Count>(&expression.node))
    return number_value(fmt::to_string(count(*counting, counted)));
  if (const auto* column = std::get_if<ColumnName>(&expression.node)) {
    const std::optional<std::size_t> index = find(*column);
    if (index && row != nullptr) return Value{row->at(*index), from_.table->columns.at(*index).kind};
  }
  return Value{};
}

bool Evaluator::matches(std::string_view text, std::string_view pattern) const {
  work_ += kEvaluationWork + std::uint64_t{text.size()} * pattern.size();
  return !overworked() && like(text, pattern);
}

std::optional<std::size_t> Evaluator::find(const ColumnName& column) const {
  if (from_.table == nullptr) return std::nullopt;
  const Table& table = *from_.table;
  if (!column.qualifier.empty() && !same_word(column.qualifier, from_.alias) &&
      !same_word(column.qualifier, table.schema + "." + table.name))
    return std::nullopt;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (same_word(table.columns[i].name, column.name)) return i;
  return std::nullopt;
}

Value Evaluator::variable(const SystemVariable& asked) const {
  const auto known = context_.variables.find(lower(asked.name));
  if (known == context_.variables.end()) return Value{};
  const SqlVariable& found = known->second;
  switch (found.kind) {
    case SqlVariable::Kind::text:
      return Value{found.value, ValueKind::text};
    case SqlVariable::Kind::number:
      return Value{found.value, ValueKind::number};
    case SqlVariable::Kind::boolean:
      return number_value(found.value == "ON" ? "1" : "0");
  }
  return Value{};
}

Value Evaluator::call(const FunctionCall& asked) const {
  const Function function = find_function(asked);
  return function == nullptr ? Value{} : function(context_);
}

std::uint64_t Evaluator::count(const Count& counting, std::span<const TextRow* const> counted) const {
  if (counting.argument.empty()) return counted.size();
  const auto has_value = [&](const TextRow* row) { return evaluate(counting.argument.front(), row).text.has_value(); };
  return static_cast<std::uint64_t>(std::count_if(counted.begin(), counted.end(), has_value));
}

Value Evaluator::evaluate_operation(const Operation& operation, const TextRow* row,
                                    std::span<const TextRow* const> counted) const {
  const auto operand = [&](std::size_t i) { return evaluate(operation.operands.at(i), row, counted); };
  const auto ordered = [&](auto holds) { return value_of(compared(operand(0), operand(1), holds)); };
  switch (operation.op) {
    case Operator::logical_or:
      return value_of(any_of(operation.operands.size(), [&](std::size_t i) { return truth_of(operand(i)); }));
    case Operator::logical_and:
      return value_of(
          negated(any_of(operation.operands.size(), [&](std::size_t i) { return negated(truth_of(operand(i))); })));
    case Operator::logical_not:
      return value_of(negated(truth_of(operand(0))));
    case Operator::equal:
      return value_of(is_equal(operand(0), operand(1)));
    case Operator::null_safe_equal: {
      const Value a = operand(0);
      const Value b = operand(1);
      return value_of(is_equal(a, b).value_or(!a.text && !b.text));
    }
    case Operator::not_equal:
      return value_of(negated(is_equal(operand(0), operand(1))));
    case Operator::less:
      return ordered(std::is_lt);
    case Operator::less_equal:
      return ordered(std::is_lteq);
    case Operator::greater:
      return ordered(std::is_gt);
    case Operator::greater_equal:
      return ordered(std::is_gteq);
    case Operator::like: {
      const Value text = operand(0);
      const Value pattern = operand(1);
      if (!text.text || !pattern.text) return value_of(std::nullopt);
      return value_of(matches(*text.text, *pattern.text));
    }
    case Operator::in: {
      const Value wanted = operand(0);
      return value_of(any_of(operation.operands.size() - 1, [&](std::size_t i) {
        work_ += wanted.text ? wanted.text->size() : 0;
        return is_equal(wanted, operand(i + 1));
      }));
    }
    case Operator::is_null:
      return value_of(!operand(0).text.has_value());
  }
  return Value{};
}

bool contains_count(const Expression& expression) {
  if (std::holds_alternative<Count>(expression.node)) return true;
  const std::vector<Expression>* const inner = children(expression);
  return inner != nullptr && std::any_of(inner->begin(), inner->end(), contains_count);
}

const ColumnName* bare_column(const Expression& expression) {
  if (const auto* column = std::get_if<ColumnName>(&expression.node)) return column;
  if (std::holds_alternative<Count>(expression.node)) return nullptr;
  if (const std::vector<Expression>* inner = children(expression))
    for (const Expression& child : *inner)
      if (const ColumnName* column = bare_column(child)) return column;
  return nullptr;
}

}  // namespace donord::sql
