#pragma once

// Runs a SELECT over the one table it names, or over none.

#include <variant>

#include "protocol/result_set.hpp"
#include "server/error_map.hpp"
#include "server/sql/ast.hpp"
#include "server/sql_context.hpp"

namespace donord::sql {

using QueryResult = std::variant<TextResultSet, MysqlError>;

[[nodiscard]] QueryResult run_select(const Select& select, const SqlContext& context);

}  // namespace donord::sql
