#pragma once

// The tables that exist here: made of the context when a statement asks for one.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result_set.hpp"
#include "server/sql/value.hpp"
#include "server/sql_context.hpp"

namespace donord::sql {

struct Column {
  std::string name;
  ValueKind kind = ValueKind::text;
};

struct Table {
  std::string schema = {};
  std::string name = {};
  std::vector<Column> columns;
  std::vector<TextRow> rows = {};  ///< each with a value per column
};

/// "information_schema", "performance_schema"
[[nodiscard]] std::span<const std::string_view> databases();
[[nodiscard]] bool is_database(std::string_view name);

/// information_schema.plugins; performance_schema.clone_status, clone_progress, global_variables, session_variables,
/// global_status, session_status, processlist. Names match without regard to case.
[[nodiscard]] std::optional<Table> virtual_table(std::string_view schema, std::string_view name,
                                                 const SqlContext& context);

/// Name and value, as SHOW VARIABLES and SHOW STATUS have them; the names of the columns are the caller's.
[[nodiscard]] Table variables_table(const SqlContext& context);
[[nodiscard]] Table status_table(const SqlContext& context);
/// The connections that this user may see: its own.
[[nodiscard]] Table process_table(const SqlContext& context);

}  // namespace donord::sql
