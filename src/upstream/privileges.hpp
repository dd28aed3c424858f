#pragma once

// The privileges that donord's account at the server needs, found out by using them: that counts roles in, and
// partial revokes.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

struct MissingPrivilege {
  std::string privilege;  ///< "BACKUP_ADMIN", "SELECT"
  std::string object;     ///< "*.*", "performance_schema.log_status"
  std::string purpose;    ///< what does not work without it
  bool required = true;   ///< false: donord does without

  bool operator==(const MissingPrivilege&) const = default;
};

struct PrivilegeCheck {
  std::string account;  ///< as GRANT takes it: 'donord'@'%'
  std::vector<MissingPrivilege> missing;

  /// All that is required is there.
  [[nodiscard]] bool sufficient() const;
};

/// Takes nothing and changes nothing; the connection must not hold the backup lock.
[[nodiscard]] Result<PrivilegeCheck> check_privileges(UpstreamConnection& connection);

/// "GRANT BACKUP_ADMIN ON *.* TO 'donord'@'%'".
[[nodiscard]] std::string grant_statement(const MissingPrivilege& missing, std::string_view account);

/// `denied`, naming each that is required and missing, and the statements that give them.
[[nodiscard]] Error privileges_error(const PrivilegeCheck& check);

}  // namespace donord
