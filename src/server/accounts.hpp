#pragma once

// Who may log in, from where, and what they may do. There are no account tables: accounts come from the command line
// and the configuration, are checked as a whole, and are replaced as a whole (SIGHUP).

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "protocol/auth/server_auth.hpp"
#include "server/host_pattern.hpp"

namespace donord {

/// BACKUP_ADMIN on a server.
enum class ClonePrivilege { none, backup_admin };

struct ServerAccount {
  std::string user;
  std::vector<HostPattern> hosts;  ///< at least one
  Credential credential;
  ClonePrivilege privilege = ClonePrivilege::backup_admin;
  bool allow_empty_password = false;  ///< without it, a `NoPassword` credential is refused
};

/// The account that a login from one address ends up with.
struct AccountMatch {
  std::string user;
  std::string host;  ///< the pattern that matched; CURRENT_USER() is user@host
  Credential credential;
  ClonePrivilege privilege = ClonePrivilege::none;
};

/// Thread-safe. As on a server the host decides first: of all patterns that match the peer, the most specific one of a
/// user wins, whatever its credential.
class AccountRegistry {
 public:
  /// No accounts: nobody may log in.
  AccountRegistry();

  /// Replaces all accounts, or none: `Errc::usage` for an account without name or host, for two that claim the same
  /// user and host, and for an empty password that was not allowed. Logins under way keep what they have.
  [[nodiscard]] Result<> replace(std::vector<ServerAccount> accounts);

  /// `peer_address` as in `parse_peer_address`.
  [[nodiscard]] std::optional<AccountMatch> find(std::string_view user, std::string_view peer_address) const;

  /// The same for `ServerAuth`. The registry must outlive it.
  [[nodiscard]] AccountLookup lookup() const;

  /// A full authentication has shown the fast digest of this account's stored hash: the next login needs none. Ignored
  /// when the accounts were replaced meanwhile.
  void learned(const Account& account, const FastDigest& digest);

 private:
  using Accounts = std::vector<ServerAccount>;

  [[nodiscard]] std::shared_ptr<const Accounts> current() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Accounts> accounts_;  ///< shared with lookups under way; never changed, only replaced
};

}  // namespace donord
