#pragma once

// Where the files of an instance are, under the names that mysqld's options have.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "source/data_file_path.hpp"
#include "source/option_setting.hpp"
#include "source/path_map.hpp"

namespace donord {

enum class PageVerification { on, off };

/// Whether the binary log decides about the transactions that a crash left prepared, as it does for its own server.
enum class BinaryLogUse { decides, ignored };

inline constexpr std::uint64_t kDefaultRedoFileBytes = 3'276'800;  ///< 100 MiB of redo in 32 files
inline constexpr std::string_view kDefaultBufferPoolFilename = "ib_buffer_pool";

/// An empty path stands for the datadir; a relative one is relative to the datadir, as it is for mysqld. What comes
/// from a command line or a file is put in by `apply_setting`, which minds the precedence.
struct DatadirOptions {
  std::filesystem::path datadir;
  std::filesystem::path innodb_data_home_dir = {};
  std::string innodb_data_file_path = std::string{kDefaultDataFilePath};
  std::filesystem::path innodb_undo_directory = {};
  std::filesystem::path innodb_log_group_home_dir = {};
  std::vector<std::filesystem::path> innodb_directories = {};
  std::filesystem::path innodb_doublewrite_dir = {};
  std::string innodb_buffer_pool_filename = std::string{kDefaultBufferPoolFilename};
  std::optional<std::uint32_t> innodb_page_size = {};  ///< what the files must have; they know it themselves
  /// The data file of component_keyring_file; empty for none but one that the datadir itself names.
  std::filesystem::path keyring_file = {};
  std::filesystem::path log_bin = {};        ///< basename of the binary logs
  std::filesystem::path log_bin_index = {};  ///< their index, where it is not found by the basename or in the datadir
  BinaryLogUse binary_log = BinaryLogUse::decides;
  PageVerification verify_pages = PageVerification::on;
  /// The size that the redo files of a recipient get: a multiple of the page size, 64 KiB to 16 GiB.
  std::uint64_t redo_file_bytes = kDefaultRedoFileBytes;
  PathMap path_map = {};

  std::vector<OptionSetting> settings = {};  ///< who set the fields above; one that is not in here is mysqld's default
  std::vector<std::string> notes = {};       ///< for people: what was left out, what a server would see differently

  /// `directory` as seen from here.
  [[nodiscard]] std::filesystem::path resolve(const std::filesystem::path& directory) const {
    return directory.empty() ? datadir : datadir / directory;
  }
  [[nodiscard]] std::filesystem::path redo_directory() const {
    return resolve(innodb_log_group_home_dir) / "#innodb_redo";
  }
  [[nodiscard]] std::filesystem::path buffer_pool_dump() const {
    return resolve(innodb_data_home_dir) / innodb_buffer_pool_filename;
  }
  /// mysqld puts a '#' before a relative name, so that it does not take the directory for a schema.
  [[nodiscard]] std::filesystem::path doublewrite_directory() const {
    const std::string& name = innodb_doublewrite_dir.native();
    const bool as_it_is = name.empty() || name.starts_with('/') || name.starts_with('#') || name.starts_with('.');
    return resolve(as_it_is ? name : "#" + name);
  }
  /// Who set a field, under mysqld's name for it; null when nobody did.
  [[nodiscard]] const OptionSetting* setting(std::string_view name) const;
};

/// Sets the field that belongs to `setting.name`, unless something that goes before it has. `Errc::usage` for a value
/// that the option cannot have, `Errc::not_found` for a name that is none of `location_options()`.
[[nodiscard]] Result<> apply_setting(DatadirOptions& options, OptionSetting setting);

}  // namespace donord
