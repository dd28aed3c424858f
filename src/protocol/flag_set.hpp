#pragma once

// A set of the flags of one enum, carried on the wire as an integer. Bits without a name are kept as they came.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace donord {

template <class Flag>
requires std::is_enum_v<Flag>
class FlagSet {
 public:
  using Representation = std::underlying_type_t<Flag>;

  constexpr FlagSet() = default;
  constexpr explicit FlagSet(Representation bits) : bits_(bits) {}
  constexpr FlagSet(std::initializer_list<Flag> flags) {
    for (const Flag flag : flags) add(flag);
  }

  [[nodiscard]] constexpr Representation value() const { return bits_; }
  [[nodiscard]] constexpr bool has(Flag flag) const { return (bits_ & bit(flag)) != 0; }

  constexpr void add(Flag flag) { bits_ = static_cast<Representation>(bits_ | bit(flag)); }
  constexpr void remove(Flag flag) { bits_ = static_cast<Representation>(bits_ & ~bit(flag)); }

  friend constexpr FlagSet operator&(FlagSet a, FlagSet b) {
    return FlagSet{static_cast<Representation>(a.bits_ & b.bits_)};
  }
  friend constexpr FlagSet operator|(FlagSet a, FlagSet b) {
    return FlagSet{static_cast<Representation>(a.bits_ | b.bits_)};
  }
  constexpr bool operator==(const FlagSet&) const = default;

 private:
  static constexpr Representation bit(Flag flag) { return static_cast<Representation>(flag); }

  Representation bits_ = 0;
};

}  // namespace donord
