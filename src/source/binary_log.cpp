#include "source/binary_log.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include "base/endian.hpp"
#include "base/file.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::uint8_t, 4> kMagic{0xFE, 'b', 'i', 'n'};
constexpr std::size_t kStartBytes = kMagic.size() + 19;
constexpr std::uint8_t kFormatDescription = 15;
constexpr std::uint8_t kInUse = 1;
constexpr std::uint64_t kMaxIndexBytes = 16 << 20;

/// The last line of an index file is the newest log.
std::optional<fs::path> newest_of(const fs::path& index, const fs::path& datadir) {
  const Result<Bytes> content = read_file(index, kMaxIndexBytes);
  if (!content) return std::nullopt;
  std::string_view text = as_text(*content);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::string_view name = text.substr(text.rfind('\n') + 1);
  if (name.empty()) return std::nullopt;
  return datadir / name;
}

bool is_in_use(const fs::path& log) {
  const Result<UniqueFd> fd = open_for_reading(log);
  std::array<std::uint8_t, kStartBytes> start{};
  return fd && read_exactly(*fd, log, 0, start) && is_binary_log_in_use(start);
}

}  // namespace

bool is_binary_log_in_use(ByteView file_start) {
  if (file_start.size() < kStartBytes || !std::ranges::equal(file_start.first(kMagic.size()), kMagic)) return false;
  const ByteView event = file_start.subspan(kMagic.size());
  return event[4] == kFormatDescription && (event[17] & kInUse) != 0;
}

std::optional<fs::path> binary_log_in_use(const fs::path& datadir) {
  std::error_code error;
  for (fs::directory_iterator entries{datadir, error}; !error && entries != fs::directory_iterator{};
       entries.increment(error)) {
    if (entries->path().extension() != ".index") continue;
    if (const std::optional<fs::path> log = newest_of(entries->path(), datadir); log && is_in_use(*log)) return log;
  }
  return std::nullopt;
}

}  // namespace donord
