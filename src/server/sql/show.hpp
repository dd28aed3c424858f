#pragma once

// Runs a SHOW statement.

#include "server/sql/select.hpp"

namespace donord::sql {

[[nodiscard]] QueryResult run_show(const Show& show, const SqlContext& context);

}  // namespace donord::sql
