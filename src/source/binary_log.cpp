#include "source/binary_log.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/endian.hpp"
#include "base/file.hpp"
#include "source/file_stamp.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kStartBytes = binlog::kMagic.size() + binlog::kEventHeaderBytes;
constexpr std::size_t kTypeOffset = 4;
constexpr std::uint64_t kMaxIndexBytes = 16 << 20;

/// mysqld replaces what looks like the extension of a basename.
fs::path index_of_basename(fs::path basename) {
  return basename.replace_extension(".index");
}

Result<std::vector<fs::path>> find_indexes(const DatadirOptions& options) {
  if (!options.log_bin_index.empty()) return std::vector{options.resolve(options.log_bin_index)};
  if (!options.log_bin.empty()) return std::vector{options.resolve(index_of_basename(options.log_bin))};
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entries{options.datadir, error}; !error && entries != fs::directory_iterator{};
       entries.increment(error))
    if (entries->path().extension() == ".index") found.push_back(entries->path());
  if (error) return io_error("list", options.datadir, error.value());
  std::ranges::sort(found);
  return found;
}

/// The last line of an index file is the newest log.
Result<std::optional<fs::path>> newest_of(const fs::path& index, const fs::path& datadir) {
  const Result<Bytes> content = read_file(index, kMaxIndexBytes);
  if (!content) return content.error();
  std::string_view text = as_text(*content);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const fs::path name{text.substr(text.rfind('\n') + 1)};
  if (name.empty()) return std::optional<fs::path>{};
  std::error_code ignored;
  const fs::path beside = index.parent_path() / name.filename();
  return std::optional{fs::exists(beside, ignored) ? beside : datadir / name};
}

/// A file that is shorter than the begin of one was in use as well.
Result<bool> is_in_use(const fs::path& log) {
  const Result<UniqueFd> fd = open_for_reading(log);
  if (!fd) return fd.error();
  std::array<std::uint8_t, kStartBytes> start{};
  const Result<> read = read_exactly(*fd, log, 0, start);
  if (!read && read.error().code == Errc::truncated) return true;
  if (!read) return read.error();
  return is_binary_log_in_use(start);
}

}  // namespace

bool is_binary_log_in_use(ByteView file_start) {
  if (file_start.size() < kStartBytes) return false;
  const ByteView magic = file_start.first(binlog::kMagic.size());
  if (std::ranges::equal(magic, binlog::kEncryptedMagic)) return true;
  const ByteView event = file_start.subspan(binlog::kMagic.size());
  return std::ranges::equal(magic, binlog::kMagic) &&
         binlog::EventType{event[kTypeOffset]} == binlog::EventType::format_description &&
         (event[binlog::kEventFlagsOffset] & binlog::kInUseFlag) != 0;
}

Result<std::optional<fs::path>> binary_log_in_use(const DatadirOptions& options) {
  const Result<std::vector<fs::path>> indexes = find_indexes(options);
  if (!indexes) return indexes.error();
  std::optional<fs::path> found;
  for (const fs::path& index : *indexes) {
    const Result<std::optional<fs::path>> log = newest_of(index, options.datadir);
    if (!log) return log.error();
    if (!*log) continue;
    const Result<bool> in_use = is_in_use(**log);
    if (!in_use) return in_use.error().within(index.string());
    if (!*in_use) continue;
    if (found)
      return Error{Errc::conflict,
                   fmt::format("{} and {} were both in use as binary logs", found->string(), (*log)->string()),
                   "say which one it was: --log-bin-index"};
    found = **log;
  }
  return found;
}

Result<binlog::ByteSource> open_binary_log(const fs::path& path) {
  Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  // std::function wants to be copied.
  auto shared = std::make_shared<const UniqueFd>(std::move(*fd));
  return binlog::ByteSource{.size_bytes = stamp->size_bytes,
                            .read = [fd = std::move(shared), path](std::uint64_t offset, MutableBytes into) {
                              return read_exactly(*fd, path, offset, into);
                            }};
}

}  // namespace donord
