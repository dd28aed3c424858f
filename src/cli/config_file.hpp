#pragma once

// The TOML file of `--config`: any option of `serve` under its name without the dashes, and accounts. Other subcommands
// take from it what they have, too.
//
//   datadir = "/var/lib/mysql"
//   port = 3307
//   require-secure-transport = true
//
//   [[account]]
//   user = "clone"
//   hosts = ["10.0.0.0/8"]              # default: everywhere
//   password-file = "/etc/donord/pw"    # or password = "...", or password-hash = "$A$005$..." as in mysql.user
//   clone = true                        # BACKUP_ADMIN; default: true

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "server/accounts.hpp"

namespace donord {

/// The options of the file as command-line arguments: the `wanted` ones. Those in `other_options` are passed over, and
/// no others may occur. `Errc::usage` names file, line and key, never a value: it may be a password in the wrong place.
[[nodiscard]] Result<std::vector<std::string>> read_config_arguments(const std::filesystem::path& path,
                                                                     std::span<const std::string> wanted,
                                                                     std::span<const std::string> other_options);

/// The accounts of the file, which may have none. Errors as above.
[[nodiscard]] Result<std::vector<ServerAccount>> read_config_accounts(const std::filesystem::path& path);

/// The first line of a password file, which must not be empty.
[[nodiscard]] Result<Secret> read_password_file(const std::filesystem::path& path);

}  // namespace donord
