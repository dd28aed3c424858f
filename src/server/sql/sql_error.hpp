#pragma once

// The errors of MySQL that the SQL front returns, with MySQL's numbers, SQLSTATEs and texts.
// Source: MySQL manual, "Server Error Message Reference"; observed on a stock 9.7.4 server.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/error_map.hpp"

namespace donord::sql {

[[nodiscard]] MysqlError syntax_error(std::string_view rest_of_statement, std::size_t line);
[[nodiscard]] MysqlError empty_query();
[[nodiscard]] MysqlError too_long(std::size_t limit_bytes);
[[nodiscard]] MysqlError unsupported(std::string_view what);
[[nodiscard]] MysqlError unknown_variable(std::string_view name);
[[nodiscard]] MysqlError unknown_column(std::string_view name, std::string_view clause);
[[nodiscard]] MysqlError unknown_function(std::string_view name);
[[nodiscard]] MysqlError unknown_database(std::string_view name);
[[nodiscard]] MysqlError unknown_table(std::string_view schema, std::string_view name);
[[nodiscard]] MysqlError unknown_qualifier(std::string_view name);
[[nodiscard]] MysqlError no_database();
[[nodiscard]] MysqlError no_tables();
[[nodiscard]] MysqlError too_many_columns();
[[nodiscard]] MysqlError too_many_order_terms(std::size_t limit);
[[nodiscard]] MysqlError result_too_large(std::size_t limit_bytes);
[[nodiscard]] MysqlError too_much_work();
[[nodiscard]] MysqlError misplaced_count();
[[nodiscard]] MysqlError mixed_with_count(std::size_t position, std::string_view column);
[[nodiscard]] MysqlError missing_privilege(std::string_view privilege);
[[nodiscard]] MysqlError unknown_thread(std::uint64_t id);

}  // namespace donord::sql
