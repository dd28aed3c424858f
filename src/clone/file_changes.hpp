#pragma once

// Files as a recipient is told of them: in the lists of FILE COPY, and when they came, got another name or went
// meanwhile (docs/clone-stream.md, "File metadata" and "Concurrent DDL").

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "clone/chunk_plan.hpp"
#include "clone/descriptors.hpp"
#include "clone/donor_source.hpp"

namespace donord {

[[nodiscard]] constexpr std::string_view to_string(FileChange::Kind kind) {
  switch (kind) {
    case FileChange::Kind::created:
      return "created";
    case FileChange::Kind::renamed:
      return "renamed";
    case FileChange::Kind::altered:
      return "altered";
    case FileChange::Kind::removed:
      return "removed";
  }
  return "changed";
}

/// The descriptor of a file, in state FILE COPY.
[[nodiscard]] FileDescriptor describe(const DataFile& file, std::uint32_t index, ChunkRange chunks);

/// The descriptor of a change, sent before the START of `state`.
[[nodiscard]] FileDescriptor describe(const FileChange& change, CloneState state, ChunkRange chunks);

/// The changes in the order of their files, which is that of a stock donor. In it every name is free when it is needed,
/// if they are the first since a START: a file that was created last has the highest index, so what had its name before
/// is renamed or removed first. A recipient aborts when the index of a created file is not the next one, so
/// `Errc::conflict` unless all of them follow the `file_count` files that it knows, every other index is one of those,
/// and none is there twice.
[[nodiscard]] Result<std::vector<FileChange>> in_order_of_files(std::vector<FileChange> changes,
                                                                std::uint32_t file_count);

/// One change for each file, what became of it in the end, in the order of the files. For a recipient that may have
/// been told of the changes so far, of some, or of none: a file that it does not know it creates even when it hears
/// only of the last name or of the removal. One that came or got another name is told of as such, with its last
/// attributes.
[[nodiscard]] std::vector<FileChange> last_of_each_file(const std::vector<FileChange>& changes);

/// The same changes, given in the order of their files, so that no name is taken when it is given: what is removed goes
/// first, what is renamed gets a name of its own before anything is created, and its last name behind that. A recipient
/// keeps a renamed file aside under its new name until the next START, and overwrites what is there, so this is for
/// changes that are not the first since a START. Files from index `known_files` on may be new to it: each is first
/// mentioned in its place.
[[nodiscard]] std::vector<FileChange> without_collisions(const std::vector<FileChange>& changes,
                                                         std::uint32_t known_files);

/// The first undo tablespace that was removed and whose name no created one has, or nothing. A recipient that replaces
/// its own data and has an undo tablespace in a file of that name could never be started again.
[[nodiscard]] const FileChange* dropped_undo_tablespace(const std::vector<FileChange>& changes);

}  // namespace donord
