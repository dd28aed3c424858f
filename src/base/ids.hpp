#pragma once

// Strong types for the numbers that are easily mixed up: identifiers, page numbers and log sequence numbers. None of
// them converts implicitly, into or out of its integer.

#include <compare>
#include <concepts>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <type_traits>

namespace donord {

template <class Tag, std::unsigned_integral Rep>
class StrongId {
 public:
  using Representation = Rep;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}

  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_ = 0;
};

/// Tablespace id: 0 is the system tablespace, 0xFFFFFFFE the data dictionary (docs/innodb-files.md, "Page 0").
using SpaceId = StrongId<struct SpaceIdTag, std::uint32_t>;
/// Page number inside a tablespace, counted in physical pages.
using PageNo = StrongId<struct PageNoTag, std::uint32_t>;
/// A page of the instance.
struct PageId {
  SpaceId space;
  PageNo page;

  constexpr auto operator<=>(const PageId&) const = default;
};

/// The donor's id of one clone; never 0 on the wire.
using CloneId = StrongId<struct CloneIdTag, std::uint64_t>;
/// The donor's id of the state of the data that one clone copies; never 0 on the wire.
using SnapshotId = StrongId<struct SnapshotIdTag, std::uint64_t>;
/// Index of a connection that takes part in a clone: 0 is the master, workers follow in order of COM_ATTACH.
using CloneTaskId = StrongId<struct CloneTaskIdTag, std::uint32_t>;
/// MySQL connection id, as sent in the handshake and named by KILL CONNECTION.
using ConnectionId = StrongId<struct ConnectionIdTag, std::uint32_t>;

/// Log sequence number: the position of a byte in the redo log since the instance was created, block headers and
/// trailers included. Differences are byte counts.
class Lsn {
 public:
  using Representation = std::uint64_t;

  constexpr Lsn() = default;
  constexpr explicit Lsn(std::uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Lsn&) const = default;

  friend constexpr std::uint64_t operator-(Lsn a, Lsn b) { return a.value_ - b.value_; }
  friend constexpr Lsn operator+(Lsn a, std::uint64_t bytes) { return Lsn{a.value_ + bytes}; }

  /// The start of the 512-byte redo block that holds this position.
  [[nodiscard]] constexpr Lsn block_start() const { return Lsn{value_ & ~std::uint64_t{511}}; }

 private:
  std::uint64_t value_ = 0;
};

static_assert(!std::is_convertible_v<SpaceId, PageNo> && !std::is_convertible_v<SpaceId, std::uint32_t>);

}  // namespace donord

template <class Tag, class Rep>
struct fmt::formatter<donord::StrongId<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Context>
  auto format(const donord::StrongId<Tag, Rep>& id, Context& context) const {
    return fmt::formatter<Rep>::format(id.value(), context);
  }
};

template <>
struct fmt::formatter<donord::Lsn> : fmt::formatter<std::uint64_t> {
  template <class Context>
  auto format(const donord::Lsn& lsn, Context& context) const {
    return fmt::formatter<std::uint64_t>::format(lsn.value(), context);
  }
};

template <class Tag, class Rep>
struct std::hash<donord::StrongId<Tag, Rep>> {
  std::size_t operator()(const donord::StrongId<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value()); }
};
