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

/// Relay logs have indexes as well. In the clear they never say that they are in use, but they are encrypted when
/// binary logs are. Their names have "relay" in them, unless somebody chose others.
bool looks_like_relay_log(const fs::path& index, const DatadirOptions& options) {
  return !is_binary_log_named(options) && index.filename().native().find("relay") != std::string::npos;
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

bool is_given(const DatadirOptions& options, std::string_view name) {
  const OptionSetting* const setting = options.setting(name);
  return setting != nullptr && setting->rank == OptionRank::given;
}

bool is_below(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_normal().lexically_relative(directory.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

/// What an index says about files that are not beside it is true of the directory that it was written in.
bool may_follow(const DatadirOptions& options, const fs::path& log) {
  if (is_given(options, "log_bin_index") || is_given(options, "log_bin")) return true;
  if (is_below(log, options.datadir)) return true;
  return !options.log_bin.empty() && is_below(log, options.resolve(options.log_bin).parent_path());
}

/// The last line of an index file is the newest log.
Result<std::optional<fs::path>> newest_of(const fs::path& index, const DatadirOptions& options) {
  const Result<Bytes> content = read_file(index, kMaxIndexBytes);
  if (!content) return content.error();
  std::string_view text = as_text(*content);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const fs::path name{text.substr(text.rfind('\n') + 1)};
  if (name.empty()) return std::optional<fs::path>{};
  std::error_code ignored;
  const fs::path beside = index.parent_path() / name.filename();
  if (fs::exists(beside, ignored)) return std::optional{beside};
  const fs::path there = options.datadir / name;
  if (!may_follow(options, there))
    return Error{
        Errc::conflict,
        fmt::format("{} names {}, which is neither beside it nor in the data directory: it may be the log of "
                    "the server that this directory is a copy of",
                    index.string(), there.string()),
        "if it is the log of this directory, say so: --log-bin-index. --without-binary-log serves the directory "
        "without a log"};
  return std::optional{there};
}

Result<BinaryLogState> state_of(const fs::path& log) {
  const Result<UniqueFd> fd = open_for_reading(log);
  if (!fd) return fd.error();
  std::array<std::uint8_t, kStartBytes> start{};
  const Result<> read = read_exactly(*fd, log, 0, start);
  if (!read && read.error().code == Errc::truncated) return BinaryLogState::unknown;
  if (!read) return read.error();
  return state_of_binary_log(start);
}

/// The newest log of an index, if it may have been in use.
Result<std::optional<fs::path>> log_in_use(const fs::path& index, const DatadirOptions& options) {
  Result<std::optional<fs::path>> log = newest_of(index, options);
  if (!log || !*log) return log;
  const Result<BinaryLogState> state = state_of(**log);
  if (!state) return state.error().within(index.string());
  const bool counts =
      *state == BinaryLogState::in_use || (*state == BinaryLogState::unknown && !looks_like_relay_log(index, options));
  if (!counts) log->reset();
  return log;
}

}  // namespace

BinaryLogState state_of_binary_log(ByteView file_start) {
  if (file_start.size() < kStartBytes) return BinaryLogState::unknown;
  const ByteView magic = file_start.first(binlog::kMagic.size());
  if (std::ranges::equal(magic, binlog::kEncryptedMagic)) return BinaryLogState::unknown;
  const ByteView event = file_start.subspan(binlog::kMagic.size());
  const bool in_use = std::ranges::equal(magic, binlog::kMagic) &&
                      binlog::EventType{event[kTypeOffset]} == binlog::EventType::format_description &&
                      (event[binlog::kEventFlagsOffset] & binlog::kInUseFlag) != 0;
  return in_use ? BinaryLogState::in_use : BinaryLogState::closed;
}

bool is_binary_log_named(const DatadirOptions& options) {
  return !options.log_bin.empty() || !options.log_bin_index.empty();
}

Result<std::optional<fs::path>> binary_log_in_use(const DatadirOptions& options) {
  const Result<std::vector<fs::path>> indexes = find_indexes(options);
  if (!indexes) return indexes.error();
  std::optional<fs::path> found;
  for (const fs::path& index : *indexes) {
    const Result<std::optional<fs::path>> log = log_in_use(index, options);
    if (!log && looks_like_relay_log(index, options)) continue;
    if (!log) return log.error();
    if (!*log) continue;
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
