#pragma once

// Where the files of an instance are, under the names that mysqld's options have.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "source/data_file_path.hpp"

namespace donord {

enum class PageVerification { on, off };

inline constexpr std::uint64_t kDefaultRedoFileBytes = 3'276'800;  ///< 100 MiB of redo in 32 files

/// An empty path stands for the datadir; a relative one is relative to the datadir, as it is for mysqld.
struct DatadirOptions {
  std::filesystem::path datadir;
  std::filesystem::path innodb_data_home_dir = {};
  std::string innodb_data_file_path = std::string{kDefaultDataFilePath};
  std::filesystem::path innodb_undo_directory = {};
  std::filesystem::path innodb_log_group_home_dir = {};
  std::vector<std::filesystem::path> innodb_directories = {};
  std::filesystem::path innodb_doublewrite_dir = {};
  /// The data file of component_keyring_file; empty for none but one that the datadir itself names.
  std::filesystem::path keyring_file = {};
  PageVerification verify_pages = PageVerification::on;
  /// The size that the redo files of a recipient get: a multiple of the page size, 64 KiB to 16 GiB.
  std::uint64_t redo_file_bytes = kDefaultRedoFileBytes;

  /// `directory` as seen from here.
  [[nodiscard]] std::filesystem::path resolve(const std::filesystem::path& directory) const {
    return directory.empty() ? datadir : datadir / directory;
  }
  [[nodiscard]] std::filesystem::path doublewrite_directory() const {
    return resolve(innodb_doublewrite_dir.empty() ? innodb_data_home_dir : innodb_doublewrite_dir);
  }
  [[nodiscard]] std::filesystem::path redo_directory() const {
    return resolve(innodb_log_group_home_dir) / "#innodb_redo";
  }
};

}  // namespace donord
