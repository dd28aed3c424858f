#pragma once

// What an operator should know about a source before it is served.

#include <string>

#include "source/datadir_survey.hpp"

namespace donord {

/// Where the values of its options come from goes to stdout; what may be meant otherwise, or fail on recipients, is
/// logged as warnings.
void report_source(const DatadirSurvey& survey);

/// What a server that runs, and is not asked, does not tell.
void report_live_source();

/// Warns when recipients are told another version than the source's.
void report_presented_version(const std::string& presented, const std::string& of_source);

}  // namespace donord
