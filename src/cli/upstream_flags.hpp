#pragma once

// The connection to the source's server, as options; shared by the subcommands that use one.

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "upstream/upstream_options.hpp"

namespace CLI {
class App;
}

namespace donord {

struct UpstreamFlags {
  std::string upstream;
  std::filesystem::path password_file;
  std::string ssl_mode;
  std::filesystem::path ssl_ca;
};

/// Declares --upstream and what goes with it; parsing fills `flags`, which must outlive `app`.
void add_upstream_options(CLI::App& app, UpstreamFlags& flags);

/// Without --upstream absent. The password is the first line of its file, else that of the environment variable
/// DONORD_UPSTREAM_PASSWORD, else none.
[[nodiscard]] Result<std::optional<UpstreamOptions>> to_upstream_options(const UpstreamFlags& flags);

}  // namespace donord
