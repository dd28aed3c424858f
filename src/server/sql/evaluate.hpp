#pragma once

// Expressions over the rows of a table. What can be wrong with one is found by `check`, before any row is looked at, so
// that an empty table gives the same errors as a full one; `evaluate` of a checked expression always has a value.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/error_map.hpp"
#include "server/sql/ast.hpp"
#include "server/sql/virtual_tables.hpp"
#include "server/sql_context.hpp"

namespace donord::sql {

/// The table of a statement under its alias. Without a table there are no columns.
struct TableView {
  const Table* table = nullptr;
  std::string_view alias = {};
};

enum class CountUse { allowed, forbidden };

/// What the evaluations of one statement may cost, about as many steps of a loop over bytes; some tenths of a second.
inline constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 25;

class Evaluator {
 public:
  /// Both outlive the evaluator.
  Evaluator(const SqlContext& context, TableView from) : context_(context), from_(from) {}

  /// `clause` names the place in errors: "field list".
  [[nodiscard]] std::optional<MysqlError> check(const Expression& expression, std::string_view clause,
                                                CountUse count_use) const;

  /// `row` is null where there is none; `counted` are the rows that COUNT counts. NULL once `overworked()`.
  [[nodiscard]] Value evaluate(const Expression& expression, const TextRow* row,
                               std::span<const TextRow* const> counted = {}) const;

  /// `like` at the expense of the statement's work.
  [[nodiscard]] bool matches(std::string_view text, std::string_view pattern) const;

  /// The evaluations so far cost more than `kMaxWork`: their values are worth nothing, `too_much_work()` is the answer.
  [[nodiscard]] bool overworked() const { return work_ > kMaxWork; }

  /// The index of a column of the table.
  [[nodiscard]] std::optional<std::size_t> find(const ColumnName& column) const;

 private:
  [[nodiscard]] Value evaluate_node(const Expression& expression, const TextRow* row,
                                    std::span<const TextRow* const> counted) const;
  [[nodiscard]] Value evaluate_operation(const Operation& operation, const TextRow* row,
                                         std::span<const TextRow* const> counted) const;
  [[nodiscard]] Value call(const FunctionCall& function) const;
  [[nodiscard]] Value variable(const SystemVariable& variable) const;
  [[nodiscard]] std::uint64_t count(const Count& count, std::span<const TextRow* const> counted) const;

  const SqlContext& context_;
  TableView from_;
  mutable std::uint64_t work_ = 0;
};

[[nodiscard]] bool contains_count(const Expression& expression);
/// The first column outside of any COUNT.
[[nodiscard]] const ColumnName* bare_column(const Expression& expression);

}  // namespace donord::sql
