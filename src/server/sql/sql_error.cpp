#include "server/sql/sql_error.hpp"

#include "server/sql/lexer.hpp"

namespace donord::sql {
namespace {

constexpr std::size_t kNearBytes = 80;

}  // namespace

MysqlError syntax_error(std::string_view rest_of_statement, std::size_t line) {
  return {1064, "42000",
          fmt::format("You have an error in your SQL syntax; check the manual that corresponds to your MySQL server "
                      "version for the right syntax to use near '{}' at line {}",
                      rest_of_statement.substr(0, kNearBytes), line)};
}

MysqlError empty_query() {
  return {1065, "42000", "Query was empty"};
}

MysqlError too_long(std::size_t limit_bytes) {
  return {1153, "08S01", fmt::format("Statements of more than {} bytes are not read here", limit_bytes)};
}

MysqlError unsupported(std::string_view what) {
  return {1235, "42000",
          fmt::format("This version of MySQL doesn't yet support '{}' (this is a clone donor, not a "
                      "database server)",
                      what)};
}

MysqlError unknown_variable(std::string_view name) {
  return {1193, "HY000", fmt::format("Unknown system variable '{}'", name)};
}

MysqlError unknown_column(std::string_view name, std::string_view clause) {
  return {1054, "42S22", fmt::format("Unknown column '{}' in '{}'", name, clause)};
}

MysqlError unknown_function(std::string_view name) {
  return {1305, "42000", fmt::format("FUNCTION {} does not exist", name)};
}

MysqlError unknown_database(std::string_view name) {
  return {1049, "42000", fmt::format("Unknown database '{}'", name)};
}

MysqlError unknown_table(std::string_view schema, std::string_view name) {
  return {1146, "42S02", fmt::format("Table '{}.{}' doesn't exist", lower(schema), name)};
}

MysqlError unknown_qualifier(std::string_view name) {
  return {1051, "42S02", fmt::format("Unknown table '{}'", name)};
}

MysqlError no_database() {
  return {1046, "3D000", "No database selected"};
}

MysqlError no_tables() {
  return {1096, "HY000", "No tables used"};
}

MysqlError too_many_columns() {
  return {1117, "HY000", "Too many columns"};
}

MysqlError too_many_order_terms(std::size_t limit) {
  return unsupported(fmt::format("ORDER BY with more than {} terms", limit));
}

MysqlError result_too_large(std::size_t limit_bytes) {
  return unsupported(fmt::format("results of more than {} bytes", limit_bytes));
}

MysqlError too_much_work() {
  return unsupported("statements that take that long");
}

MysqlError misplaced_count() {
  return {1111, "HY000", "Invalid use of group function"};
}

MysqlError mixed_with_count(std::size_t position, std::string_view column) {
  return {1140, "42000",
          fmt::format("In aggregated query without GROUP BY, expression #{} of SELECT list contains nonaggregated "
                      "column '{}'; this is incompatible with sql_mode=only_full_group_by",
                      position, column)};
}

MysqlError missing_privilege(std::string_view privilege) {
  return {1227, "42000",
          fmt::format("Access denied; you need (at least one of) the {} privilege(s) for this operation", privilege)};
}

MysqlError unknown_thread(std::uint64_t id) {
  return {1094, "HY000", fmt::format("Unknown thread id: {}", id)};
}

}  // namespace donord::sql
