#pragma once

// Tablespace ids with a meaning of their own (docs/innodb-files.md, "Page 0 identifies a file").

#include <cstdint>
#include <optional>

#include "base/ids.hpp"

namespace donord::innodb {

inline constexpr SpaceId kSystemSpace{0};
inline constexpr SpaceId kDictionarySpace{0xFFFFFFFE};       ///< mysql.ibd
inline constexpr SpaceId kGlobalTemporarySpace{0xFFFFFFFD};  ///< ibtmp1
inline constexpr SpaceId kNoSpace{0xFFFFFFFF};

/// An undo tablespace takes a new id at every truncation; each of the 127 has 400,000 of them, counted downwards.
inline constexpr std::uint32_t kUndoSpaces = 127;
inline constexpr std::uint32_t kIdsPerUndoSpace = 400'000;
inline constexpr SpaceId kLastUndoSpace{0xFFFFFFEF};
inline constexpr SpaceId kFirstUndoSpace{0xFFFFFFF0 - kUndoSpaces * kIdsPerUndoSpace};
/// The ids below are those of the sessions' temporary tablespaces.
inline constexpr SpaceId kFirstSessionTemporarySpace{kFirstUndoSpace.value() - 400'000};

enum class SpaceKind { system, dictionary, undo, temporary, user, invalid };

[[nodiscard]] constexpr SpaceKind kind_of(SpaceId space) {
  if (space == kSystemSpace) return SpaceKind::system;
  if (space == kDictionarySpace) return SpaceKind::dictionary;
  if (space >= kFirstUndoSpace && space <= kLastUndoSpace) return SpaceKind::undo;
  if (space == kGlobalTemporarySpace) return SpaceKind::temporary;
  if (space > kLastUndoSpace) return SpaceKind::invalid;
  return space >= kFirstSessionTemporarySpace ? SpaceKind::temporary : SpaceKind::user;
}

/// 1 for `innodb_undo_001`; nothing for a space that is no undo tablespace.
[[nodiscard]] constexpr std::optional<std::uint32_t> undo_number(SpaceId space) {
  if (kind_of(space) != SpaceKind::undo) return std::nullopt;
  return (kLastUndoSpace.value() - space.value()) % kUndoSpaces + 1;
}

}  // namespace donord::innodb
