#include "clone/file_changes.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace donord {

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

}  // namespace donord
