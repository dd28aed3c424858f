#pragma once

// Text of others on a terminal.

#include <string>
#include <string_view>

namespace donord {

/// `text` with control characters as "\x1b", so that none of them reaches a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace donord
