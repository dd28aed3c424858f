#pragma once

// From options to what is served.

#include <memory>
#include <optional>
#include <string>

#include "cli/serve_options.hpp"
#include "clone/donor_source.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

struct ServedSource {
  std::shared_ptr<DonorSource> source;
  std::shared_ptr<const DatadirSurvey> at_rest;  ///< null when a server runs on it
  bool has_keys = false;
  std::optional<std::string> upstream = {};  ///< the name of --upstream
};

/// Opens the directory as a running server's or as one at rest. The catalog's path in `options` is set.
[[nodiscard]] Result<ServedSource> open_source(const ServeOptions& options);

}  // namespace donord
