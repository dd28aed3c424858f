#pragma once

// What an operator should know about a source before it is served.

#include <optional>
#include <string>

#include "source/datadir_survey.hpp"

namespace donord {

/// Where the values of its options come from goes to stdout; what may be meant otherwise, or fail on recipients, is
/// logged as warnings.
void report_source(const DatadirSurvey& survey);

/// What clones of a server that runs have, and what they do not: with the server's name, as given by --upstream, or
/// without one.
void report_live_source(const std::optional<std::string>& upstream);

/// Warns when recipients are told another version than the source's.
void report_presented_version(const std::string& presented, const std::string& of_source);

}  // namespace donord
