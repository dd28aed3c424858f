#pragma once

// The states of a clone, in the order in which donor and recipient go through them together.

#include <cstdint>
#include <string_view>

namespace donord {

/// Values on the wire: one byte in a locator, four in descriptors.
enum class CloneState : std::uint32_t {
  none = 0,  ///< only in the locator of COM_INIT
  init = 1,
  file_copy = 2,
  page_copy = 3,
  redo_copy = 4,
  done = 5,
};

constexpr CloneState next_state(CloneState state) {
  return static_cast<CloneState>(static_cast<std::uint32_t>(state) + 1);
}

constexpr bool copies_data(CloneState state) {
  return state == CloneState::file_copy || state == CloneState::page_copy || state == CloneState::redo_copy;
}

constexpr std::string_view to_string(CloneState state) {
  switch (state) {
    case CloneState::none:
      return "none";
    case CloneState::init:
      return "init";
    case CloneState::file_copy:
      return "file_copy";
    case CloneState::page_copy:
      return "page_copy";
    case CloneState::redo_copy:
      return "redo_copy";
    case CloneState::done:
      return "done";
  }
  return "unknown";
}

}  // namespace donord
