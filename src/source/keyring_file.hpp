#pragma once

// The keys of a server that keeps them with component_keyring_file: a JSON file, in which master keys are plain hex
// digits, and the configuration that names this file.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "innodb/encryption_info.hpp"

namespace donord {

/// The InnoDB master keys of a keyring file; what else is in there is not kept.
class KeyringFile {
 public:
  /// Reads the data file of component_keyring_file. Errors: `not_found`, `denied`, `io`; `unavailable` when it is too
  /// long; `unsupported_version`; `malformed`; `conflict` when a server was stopped while it wrote the file.
  [[nodiscard]] static Result<KeyringFile> read(const std::filesystem::path& path);
  /// The same from the content of a file; `path` is what errors call it.
  [[nodiscard]] static Result<KeyringFile> parse(ByteView text, std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

  /// The master key of this server and id; `Errc::not_found` when the file does not have it. Valid as long as this
  /// object lives.
  [[nodiscard]] Result<const LockedBytes*> master_key(std::string_view server_uuid, std::uint32_t id) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, LockedBytes, std::less<>> keys_;  ///< by name
};

/// The data file that a configuration file of the component names. `{"read_local_config": true}`, as it can stand in
/// the plugin directory, refers to the configuration in the datadir. A relative path counts from the datadir: there a
/// server writes it (and reads it, if it was started there: docs/findings.md).
[[nodiscard]] Result<std::filesystem::path> configured_keyring_path(const std::filesystem::path& configuration,
                                                                    const std::filesystem::path& datadir);

/// The data file of the keyring that the server of a datadir uses, as far as the datadir says: by its manifest
/// mysqld.my and its component_keyring_file.cnf. Nothing when neither is there, as is normal: both may stand beside the
/// server's program and plugins instead. `Errc::unsupported_version` when the manifest names another keyring.
[[nodiscard]] Result<std::optional<std::filesystem::path>> find_keyring_of(const std::filesystem::path& datadir);

/// The key of the tablespace or redo log with this information: by the master key in `keyring`, which may be null, or
/// by the one that is no secret. The error names the key that is missing or does not fit.
[[nodiscard]] Result<innodb::TablespaceKey> unwrap_with(const KeyringFile* keyring, const innodb::EncryptionInfo& info);

}  // namespace donord
