#include "server/sql/select.hpp"

#include <algorithm>
#include <charconv>

#include "server/sql/evaluate.hpp"
#include "server/sql/lexer.hpp"
#include "server/sql/sql_error.hpp"
#include "server/sql/virtual_tables.hpp"

namespace donord::sql {
namespace {

constexpr std::string_view kFieldList = "field list";
constexpr std::string_view kWhereClause = "where clause";
constexpr std::string_view kOrderClause = "order clause";

constexpr std::size_t kMaxColumns = 4096;  ///< as in mysqld
constexpr std::size_t kMaxOrderTerms = 64;
constexpr std::size_t kMaxResultBytes = std::size_t{16} << 20;  ///< in memory, with what orders it

using RowPointers = std::vector<const TextRow*>;

/// A row of the result with what it is ordered by.
struct OutputRow {
  TextRow values;
  std::vector<Value> keys;
};

class SelectRun {
 public:
  SelectRun(const Select& select, const SqlContext& context, const Table* table)
      : select_(select),
        table_(table),
        evaluator_(context, TableView{table, select.from ? std::string_view{select.from->alias} : ""}) {}

  QueryResult run() {
    if (std::optional<MysqlError> error = expand_items()) return std::move(*error);
    if (std::optional<MysqlError> error = check()) return std::move(*error);
    const RowPointers rows = filtered_rows();
    std::vector<OutputRow> output;
    if (counts_) {
      output.push_back(output_row(nullptr, rows));
    } else {
      for (const TextRow* row : rows) {
        output.push_back(output_row(row, {}));
        if (result_bytes_ > kMaxResultBytes) return result_too_large(kMaxResultBytes);
      }
      sort(output);
    }
    TextResultSet result = limited(std::move(output));
    if (evaluator_.overworked()) return too_much_work();
    return result;
  }

 private:
  std::optional<MysqlError> expand_items() {
    for (const SelectItem& item : select_.items) {
      if (const auto* named = std::get_if<NamedExpression>(&item)) {
        items_.push_back(*named);
        if (items_.size() > kMaxColumns) return too_many_columns();
        continue;
      }
      if (table_ == nullptr) return no_tables();
      const std::string& qualifier = std::get<AllColumns>(item).qualifier;
      if (!qualifier.empty() && !same_word(qualifier, select_.from->alias)) return unknown_qualifier(qualifier);
      for (const Column& column : table_->columns)
        items_.push_back({Expression{ColumnName{{}, column.name}}, column.name});
      if (items_.size() > kMaxColumns) return too_many_columns();
    }
    counts_ = std::any_of(items_.begin(), items_.end(),
                          [](const NamedExpression& item) { return contains_count(item.expression); });
    return std::nullopt;
  }

  std::optional<MysqlError> check() {
    for (const NamedExpression& item : items_)
      if (auto error = evaluator_.check(item.expression, kFieldList, CountUse::allowed)) return error;
    if (select_.where)
      if (auto error = evaluator_.check(*select_.where, kWhereClause, CountUse::forbidden)) return error;
    if (select_.order.size() > kMaxOrderTerms) return too_many_order_terms(kMaxOrderTerms);
    for (const OrderTerm& term : select_.order) {
      const Expression* const key = order_key(term.expression);
      if (key == nullptr) return unknown_column(*std::get<Value>(term.expression.node).text, kOrderClause);
      if (auto error = evaluator_.check(*key, kOrderClause, counts_ ? CountUse::allowed : CountUse::forbidden))
        return error;
      order_keys_.push_back(key);
    }
    if (!counts_) return std::nullopt;
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (const ColumnName* column = bare_column(items_[i].expression))
        return mixed_with_count(i + 1, fmt::format("{}.{}.{}", table_->schema, select_.from->alias,
                                                   table_->columns.at(evaluator_.find(*column).value()).name));
    return std::nullopt;
  }

  /// A position or an alias stands for the item; null for a position that is none.
  [[nodiscard]] const Expression* order_key(const Expression& expression) const {
    if (const auto* value = std::get_if<Value>(&expression.node);
        value != nullptr && value->text && value->kind == ValueKind::number) {
      std::size_t position = 0;
      std::from_chars(value->text->data(), value->text->data() + value->text->size(), position);
      if (position < 1 || position > items_.size()) return nullptr;
      return &items_[position - 1].expression;
    }
    if (const auto* column = std::get_if<ColumnName>(&expression.node); column != nullptr && column->qualifier.empty())
      for (const NamedExpression& item : items_)
        if (same_word(item.name, column->name)) return &item.expression;
    return &expression;
  }

  [[nodiscard]] RowPointers filtered_rows() const {
    static const TextRow kNoColumns;
    RowPointers rows;
    const auto take = [&](const TextRow& row) {
      if (!select_.where || truth_of(evaluator_.evaluate(*select_.where, &row)).value_or(false)) rows.push_back(&row);
    };
    if (table_ == nullptr)
      take(kNoColumns);
    else
      for (const TextRow& row : table_->rows) take(row);
    return rows;
  }

  [[nodiscard]] OutputRow output_row(const TextRow* row, const RowPointers& counted) {
    const auto evaluated = [&](const Expression& expression) {
      Value value = evaluator_.evaluate(expression, row, counted);
      result_bytes_ += sizeof(Value) + (value.text ? value.text->size() : 0);
      return value;
    };
    OutputRow output;
    for (const NamedExpression& item : items_) output.values.push_back(evaluated(item.expression).text);
    for (const Expression* key : order_keys_) output.keys.push_back(evaluated(*key));
    return output;
  }

  /// NULL comes first.
  void sort(std::vector<OutputRow>& output) const {
    const auto before = [](const Value& a, const Value& b) {
      if (!a.text || !b.text) return !a.text && b.text;
      return compare(a, b) == std::partial_ordering::less;
    };
    std::stable_sort(output.begin(), output.end(), [&](const OutputRow& a, const OutputRow& b) {
      for (std::size_t i = 0; i < select_.order.size(); ++i) {
        const bool descending = select_.order[i].descending;
        if (before(a.keys[i], b.keys[i])) return !descending;
        if (before(b.keys[i], a.keys[i])) return descending;
      }
      return false;
    });
  }

  [[nodiscard]] TextResultSet limited(std::vector<OutputRow> output) const {
    TextResultSet result;
    for (const NamedExpression& item : items_) result.columns.push_back(result_column(item));
    std::vector<TextRow> rows;
    for (OutputRow& row : output)
      if (!select_.distinct || std::find(rows.begin(), rows.end(), row.values) == rows.end())
        rows.push_back(std::move(row.values));
    const std::size_t from = std::min<std::uint64_t>(select_.limit.offset, rows.size());
    const std::size_t count = std::min<std::uint64_t>(select_.limit.count, rows.size() - from);
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(from);
    result.rows.assign(std::make_move_iterator(first),
                       std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
    return result;
  }

  [[nodiscard]] ColumnDefinition41 result_column(const NamedExpression& item) const {
    ColumnDefinition41 column = is_integer(item.expression) ? number_column(item.name) : text_column(item.name);
    if (const auto* source = std::get_if<ColumnName>(&item.expression.node); source != nullptr && table_ != nullptr) {
      column.schema = table_->schema;
      column.table = select_.from->alias;
      column.original_table = table_->name;
      column.original_name = table_->columns.at(evaluator_.find(*source).value()).name;
    }
    return column;
  }

  /// Clients turn a column of whole numbers into integers, so what has a fraction is sent as text.
  [[nodiscard]] bool is_integer(const Expression& expression) const {
    if (std::holds_alternative<Operation>(expression.node) || std::holds_alternative<Count>(expression.node))
      return true;
    if (const auto* column = std::get_if<ColumnName>(&expression.node))
      return table_->columns.at(evaluator_.find(*column).value()).kind == ValueKind::number;
    const Value value = evaluator_.evaluate(expression, nullptr);
    return value.kind == ValueKind::number && value.text && value.text->find_first_of(".eE") == std::string::npos;
  }

  const Select& select_;
  const Table* table_;
  Evaluator evaluator_;
  std::vector<NamedExpression> items_;  ///< with every * spelt out
  std::vector<const Expression*> order_keys_;
  std::size_t result_bytes_ = 0;
  bool counts_ = false;
};

}  // namespace

QueryResult run_select(const Select& select, const SqlContext& context) {
  if (!select.from) return SelectRun{select, context, nullptr}.run();
  const std::string& schema = select.from->schema.empty() ? context.database : select.from->schema;
  if (schema.empty()) return no_database();
  if (!is_database(schema)) return unknown_database(schema);
  const std::optional<Table> table = virtual_table(schema, select.from->name, context);
  if (!table) return unknown_table(schema, select.from->name);
  return SelectRun{select, context, &*table}.run();
}

}  // namespace donord::sql
