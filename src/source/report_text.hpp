#pragma once

// Parts that the reports for people have in common.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/check_pages.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

/// "clean", "unclean", "unknown".
[[nodiscard]] std::string_view name_of(Shutdown shutdown);

/// "  shutdown         clean" and more such lines: label, value, line end.
[[nodiscard]] std::string line_of(std::string_view label, std::string_view value);

/// A line for each, with its hint below; a hint that was the same all along only once.
[[nodiscard]] std::string list_of(const std::vector<Error>& reasons);

/// What is wrong with a file, less what is among `known`, and how much more there is.
[[nodiscard]] std::vector<Error> reasons_of(const TablespaceFile& file, const FileCheck& check,
                                            const std::vector<Error>& known = {});

}  // namespace donord
