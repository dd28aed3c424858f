#pragma once

// From options to the parts of a server; everything here can be read again on SIGHUP.

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/serve_options.hpp"
#include "server/accounts.hpp"
#include "server/server_options.hpp"
#include "server/tls.hpp"

namespace donord {

/// The accounts of the options and of the configuration file. `Errc::usage` when there is none.
[[nodiscard]] Result<std::vector<ServerAccount>> accounts_of(const ServeOptions& options);

/// The certificate of the options, or a self-signed one, which is made at the first start and kept beside the catalog.
[[nodiscard]] Result<std::shared_ptr<const TlsContext>> tls_of(const ServeOptions& options);

/// {9, 7, 4} of "9.7.4" or "9.7.4-2".
[[nodiscard]] std::optional<std::array<unsigned, 3>> parse_version(std::string_view text);

/// Limits, and what recipients are told.
[[nodiscard]] Result<ServerOptions> server_options_of(const ServeOptions& options);

}  // namespace donord
