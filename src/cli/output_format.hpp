#pragma once

namespace donord {

enum class OutputFormat { text, json };

}  // namespace donord
