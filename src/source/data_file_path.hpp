#pragma once

// The option innodb_data_file_path: which files make up the system tablespace, in which order.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace donord {

inline constexpr std::string_view kDefaultDataFilePath = "ibdata1:12M:autoextend";

struct SystemFileSpec {
  std::filesystem::path path;  ///< as written: relative to innodb_data_home_dir, or absolute
  std::uint64_t size_bytes = 0;
  bool autoextend = false;      ///< the last file only: it may be larger than `size_bytes`
  std::uint64_t max_bytes = 0;  ///< of a file with autoextend; 0: no limit

  bool operator==(const SystemFileSpec&) const = default;
};

/// "ibdata1:12M;ibdata2:12M:autoextend:max:1G". `Errc::usage` for what mysqld would not take and for raw devices.
[[nodiscard]] Result<std::vector<SystemFileSpec>> parse_data_file_path(std::string_view text);

/// A file as it is must have the size that its entry says, in whole MiB as mysqld compares; `Errc::conflict`.
[[nodiscard]] Result<> check_size(const SystemFileSpec& spec, const std::filesystem::path& path,
                                  std::uint64_t size_bytes);

}  // namespace donord
