#include "innodb/redo_log.hpp"

#include <algorithm>
#include <charconv>

namespace donord::innodb {

namespace {

constexpr std::string_view kNamePrefix = "#ib_redo";
constexpr std::size_t kWalkBytes = std::size_t{1} << 20;
constexpr std::uint64_t kLookAheadBytes = std::uint64_t{64} << 20;

Error broken(const RedoFile& file, std::string_view problem) {
  return Error{Errc::malformed, fmt::format("redo file {}{}: {}", kNamePrefix, file.id, problem)};
}

Result<> check_link(const RedoFile& older, const RedoFile& newer) {
  if (newer.id != older.id + 1) return broken(newer, fmt::format("file {}{} is missing", kNamePrefix, older.id + 1));
  if (newer.start.header.uuid != older.start.header.uuid)
    return broken(newer, fmt::format("uuid 0x{:08x}, expected 0x{:08x} as in file {}", newer.start.header.uuid,
                                     older.start.header.uuid, older.id));
  if (newer.start_lsn() != older.end_lsn())
    return broken(newer, fmt::format("it starts at LSN {}, expected {}, where file {} ends", newer.start_lsn(),
                                     older.end_lsn(), older.id));
  return {};
}

}  // namespace

std::optional<std::uint64_t> redo_file_id(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  name.remove_prefix(kNamePrefix.size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return id;
}

Result<> check_redo_file(const RedoFile& file) {
  if (file.size_bytes < kMinRedoFileBytes || file.size_bytes > kMaxRedoFileBytes ||
      file.size_bytes % kRedoBlockBytes != 0)
    return broken(file, fmt::format("it cannot have {} bytes", file.size_bytes));
  const RedoFileHeader& header = file.start.header;
  constexpr std::uint64_t kHighestStart = std::uint64_t{1} << 62;
  if (header.start_lsn.value() % kRedoBlockBytes != 0 || header.start_lsn < kFirstLsn ||
      header.start_lsn.value() > kHighestStart)
    return broken(file, fmt::format("it cannot start at LSN {}", header.start_lsn));
  if (header.uuid == 0) return broken(file, "its uuid is 0");
  return {};
}

Result<RedoChain> RedoChain::make(std::vector<RedoFile> files) {
  if (files.empty()) return Error{Errc::not_found, "there are no redo files"};
  std::ranges::sort(files, {}, &RedoFile::id);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (Result<> file = check_redo_file(files[i]); !file) return file.error();
    if (i == 0) continue;
    if (Result<> link = check_link(files[i - 1], files[i]); !link) return link.error();
  }
  if (files.back().start.header.has(RedoFlag::file_full))
    return broken(files.back(), "it is marked as full, so that a newer file is missing");
  RedoChain chain;
  chain.files_ = std::move(files);
  return chain;
}

Result<Lsn> RedoChain::newest_checkpoint() const {
  std::optional<Lsn> newest;
  for (const RedoFile& file : files_)
    for (const std::optional<Lsn>& slot : file.start.checkpoints)
      if (slot && file.covers(*slot) && (!newest || *slot > *newest)) newest = slot;
  if (!newest) return Error{Errc::not_found, "no redo file holds a valid checkpoint"};
  return *newest;
}

std::optional<RedoLayout::Place> RedoChain::find(Lsn lsn) const {
  const auto file = std::ranges::find_if(files_, [lsn](const RedoFile& f) { return f.covers(lsn); });
  if (file == files_.end()) return std::nullopt;
  return Place{.file = static_cast<std::size_t>(file - files_.begin()),
               .offset_bytes = kRedoHeaderBytes + (lsn - file->start_lsn()),
               .left_bytes = file->end_lsn() - lsn};
}

Result<RedoEnd> find_redo_end(const RedoLayout& log, Lsn from, const RedoRead& read) {
  RedoEnd end{.end = from.block_start()};
  Bytes buffer(kWalkBytes);
  while (const std::optional<RedoLayout::Place> place = log.find(end.end)) {
    const MutableBytes bytes = MutableBytes{buffer}.first(std::min<std::uint64_t>(kWalkBytes, place->left_bytes));
    if (Result<> done = read(end.end, bytes); !done) return done.error();
    for (std::size_t offset = 0; offset < bytes.size(); offset += kRedoBlockBytes) {
      const RedoBlock block = log.look_at(bytes.subspan(offset, kRedoBlockBytes), end.end);
      if (block.state == RedoBlockState::encrypted)
        return Error{Errc::unsupported_version, fmt::format("the redo block at LSN {} is encrypted", end.end)};
      if (block.state != RedoBlockState::current) {
        end.stopped_at = block.state;
        return end;
      }
      ++end.block_count;
      end.end = end.end + block.header.data_bytes;
      if (!block.header.full()) {
        end.in_short_block = true;
        return end;
      }
    }
  }
  return end;
}

Result<std::optional<Lsn>> find_redo_behind(const RedoLayout& log, const RedoEnd& end, const RedoRead& read) {
  Lsn at = end.in_short_block ? end.end.block_start() + kRedoBlockBytes : end.end + kRedoBlockBytes;
  const Lsn stop = at + kLookAheadBytes;
  Bytes buffer(kWalkBytes);
  while (at < stop) {
    const std::optional<RedoLayout::Place> place = log.find(at);
    if (!place) break;
    const MutableBytes bytes = MutableBytes{buffer}.first(std::min<std::uint64_t>(kWalkBytes, place->left_bytes));
    if (Result<> done = read(at, bytes); !done) return done.error();
    for (std::size_t offset = 0; offset < bytes.size(); offset += kRedoBlockBytes, at = at + kRedoBlockBytes)
      if (log.look_at(bytes.subspan(offset, kRedoBlockBytes), at).state == RedoBlockState::current)
        return std::optional{at};
  }
  return std::optional<Lsn>{};
}

}  // namespace donord::innodb
