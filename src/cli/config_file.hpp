#pragma once

// The TOML file of `--config`: any option of the subcommand under its name without the dashes, and accounts:
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
#include <string>
#include <vector>

#include "base/result.hpp"
#include "server/accounts.hpp"

namespace donord {

struct ConfigFile {
  std::vector<std::string> arguments;  ///< the options as command-line arguments
  std::vector<ServerAccount> accounts;
};

/// `Errc::usage` names file, line and key.
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

/// The first line of a password file, which must not be empty.
[[nodiscard]] Result<Secret> read_password_file(const std::filesystem::path& path);

}  // namespace donord
