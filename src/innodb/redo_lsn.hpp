#pragma once

// LSNs count the headers and trailers of blocks, records do not: this converts between both. A *position* is the LSN of
// a payload byte, at offset 12 to 507 of its block. The position behind the last payload byte of a block is that of
// byte 12 of the next one: ends of records and groups, and so the LSNs in pages, are never on the boundary of a block.

#include <cstdint>

#include "base/ids.hpp"
#include "innodb/redo_block.hpp"

namespace donord::innodb {

inline constexpr std::uint64_t kRedoPayloadBytes = 496;  ///< of a full block
inline constexpr std::uint64_t kRedoBlockTrailerBytes = 4;

[[nodiscard]] constexpr bool is_redo_position(Lsn lsn) {
  const std::uint64_t offset = lsn.value() % kRedoBlockBytes;
  return offset >= kRedoBlockHeaderBytes && offset < kRedoBlockBytes - kRedoBlockTrailerBytes;
}

/// How many payload bytes lie before this position, from LSN 0 on.
[[nodiscard]] constexpr std::uint64_t redo_payload_before(Lsn position) {
  return position.value() / kRedoBlockBytes * kRedoPayloadBytes + position.value() % kRedoBlockBytes -
         kRedoBlockHeaderBytes;
}

/// The position of the payload byte that has `payload_bytes` before it: the inverse of `redo_payload_before()`.
[[nodiscard]] constexpr Lsn redo_position(std::uint64_t payload_bytes) {
  return Lsn{payload_bytes / kRedoPayloadBytes * kRedoBlockBytes + payload_bytes % kRedoPayloadBytes +
             kRedoBlockHeaderBytes};
}

/// The position `payload_bytes` behind `position`.
[[nodiscard]] constexpr Lsn advance_redo(Lsn position, std::uint64_t payload_bytes) {
  return redo_position(redo_payload_before(position) + payload_bytes);
}

/// Payload bytes from one position to a later one.
[[nodiscard]] constexpr std::uint64_t redo_payload_between(Lsn from, Lsn to) {
  return redo_payload_before(to) - redo_payload_before(from);
}

}  // namespace donord::innodb
