#pragma once

// Numbered schema steps. Step n brings a database from version n-1 to n; PRAGMA user_version says which version a file
// has, PRAGMA application_id whose it is. A released step is never changed: what is wrong with it is put right by the
// next one.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "catalog/db.hpp"

namespace donord::sqlite {

struct Schema {
  std::string_view name;                    ///< for messages: "catalog"
  std::int64_t application_id = 0;          ///< four letters, big-endian
  std::span<const std::string_view> steps;  ///< step n stands at n-1
};

/// Switches to the write-ahead log and applies the missing steps in one transaction that ends by setting user_version.
/// The file of another program, or of a newer one, is left as it was. Errors: `unsupported_version` for a
/// file of a newer program (with both numbers), `malformed` for a database of another program.
[[nodiscard]] Result<> migrate(Db& db, const Schema& schema);

/// The same checks for a database that is only read: an older version is `unsupported_version` too.
[[nodiscard]] Result<> check_version(Db& db, const Schema& schema);

}  // namespace donord::sqlite
