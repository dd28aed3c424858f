#pragma once

// The catalog's tables, a step per released version.

#include "catalog/migrations.hpp"

namespace donord {

[[nodiscard]] const sqlite::Schema& catalog_schema();

}  // namespace donord
