#include "clone/file_changes.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace donord {
namespace {

/// docs/clone-stream.md, "Fields by kind of file"
bool is_undo(SpaceId space) {
  constexpr SpaceId kFirst{0xFCF8DA70};
  constexpr SpaceId kLast{0xFFFFFFEF};
  return space >= kFirst && space <= kLast;
}

/// A rename to a name of its own, in the directory of the name to come; a server has no `#` in the names of its tables'
/// files.
FileChange aside(FileChange change) {
  const std::size_t directory_bytes = change.file.name.find_last_of('/') + 1;
  change.file.name = fmt::format("{}#donord-{}.ibd", change.file.name.substr(0, directory_bytes), change.file_index);
  return change;
}

}  // namespace

FileDescriptor describe(const DataFile& file, std::uint32_t index, ChunkRange chunks) {
  FileDescriptor descriptor{.state = CloneState::file_copy,
                            .size_bytes = file.size_bytes,
                            .allocated_bytes = file.allocated_bytes,
                            .fsp_flags = file.fsp_flags,
                            .fs_block_size_bytes = file.fs_block_size_bytes,
                            .space = file.space,
                            .index = index,
                            .first_chunk = chunks.first,
                            .last_chunk = chunks.last,
                            .name = file.name};
  if (file.compression == PageCompression::zlib) descriptor.flags |= FileDescriptor::kZlib;
  if (file.compression == PageCompression::lz4) descriptor.flags |= FileDescriptor::kLz4;
  if (file.encrypted) descriptor.flags |= FileDescriptor::kAes;
  return descriptor;
}

FileDescriptor describe(const FileChange& change, CloneState state, ChunkRange chunks) {
  FileDescriptor descriptor = describe(change.file, change.file_index, chunks);
  descriptor.state = state;
  if (change.kind == FileChange::Kind::renamed) descriptor.flags |= FileDescriptor::kRenamed;
  if (change.kind == FileChange::Kind::removed) descriptor.flags |= FileDescriptor::kDeleted;
  return descriptor;
}

Result<std::vector<FileChange>> in_order_of_files(std::vector<FileChange> changes, std::uint32_t file_count) {
  std::ranges::sort(changes, {}, &FileChange::file_index);
  std::uint32_t next_created = file_count;
  std::optional<std::uint32_t> former;
  for (const FileChange& change : changes) {
    const bool created = change.kind == FileChange::Kind::created;
    const bool fits = created ? change.file_index == next_created++ : change.file_index < file_count;
    if (!fits || std::exchange(former, change.file_index) == change.file_index)
      return Error{Errc::conflict,
                   fmt::format("{} was {} as file {}, which does not follow from the {} files before", change.file.name,
                               to_string(change.kind), change.file_index, file_count)};
  }
  return changes;
}

std::vector<FileChange> last_of_each_file(const std::vector<FileChange>& changes) {
  std::map<std::uint32_t, FileChange> last;
  for (const FileChange& change : changes) {
    const auto [known, is_first] = last.try_emplace(change.file_index, change);
    if (is_first) continue;
    known->second.file = change.file;
    if (change.kind != FileChange::Kind::altered) known->second.kind = change.kind;
  }
  std::vector<FileChange> result;
  for (auto& [index, change] : last) result.push_back(std::move(change));
  return result;
}

std::vector<FileChange> without_collisions(const std::vector<FileChange>& changes, std::uint32_t known_files) {
  using Kind = FileChange::Kind;
  const auto is_known = [&](const FileChange& change, Kind kind) {
    return change.file_index < known_files && change.kind == kind;
  };
  std::vector<FileChange> told;
  for (const FileChange& change : changes)
    if (is_known(change, Kind::removed)) told.push_back(change);
  for (const FileChange& change : changes)
    if (is_known(change, Kind::renamed)) told.push_back(aside(change));
  for (const FileChange& change : changes)
    if (change.file_index >= known_files) told.push_back(change.kind == Kind::renamed ? aside(change) : change);
  for (const FileChange& change : changes)
    if (is_known(change, Kind::altered)) told.push_back(change);
  for (const FileChange& change : changes)
    if (change.kind == Kind::renamed) told.push_back(change);
  return told;
}

const FileChange* dropped_undo_tablespace(const std::vector<FileChange>& changes) {
  const auto is_dropped = [&](const FileChange& change) {
    const auto takes_its_name = [&](const FileChange& other) {
      return other.kind == FileChange::Kind::created && other.file.name == change.file.name;
    };
    return change.kind == FileChange::Kind::removed && is_undo(change.file.space) &&
           std::ranges::none_of(changes, takes_its_name);
  };
  const auto found = std::ranges::find_if(changes, is_dropped);
  return found == changes.end() ? nullptr : &*found;
}

}  // namespace donord
