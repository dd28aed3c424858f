#pragma once

// Random bytes that cannot be guessed.

#include "base/bytes.hpp"

namespace donord {

void fill_random(MutableBytes bytes);

}  // namespace donord
