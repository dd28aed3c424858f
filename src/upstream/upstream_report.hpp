#pragma once

// What a server says when it is asked everything that donord asks, for `donord inspect --upstream`. Nothing that one
// answer lacks keeps the others from being given.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "upstream/cross_check.hpp"
#include "upstream/log_status.hpp"
#include "upstream/privileges.hpp"
#include "upstream/server_facts.hpp"
#include "upstream/upstream_files.hpp"

namespace donord {

struct UpstreamReport {
  std::string name;  ///< "clone@db1:3306"
  std::string tls;   ///< as of `UpstreamConnection::tls`
  ServerFacts facts;
  PrivilegeCheck privileges;
  Result<LogStatus> log_status = LogStatus{};
  Result<std::vector<UpstreamFile>> files = std::vector<UpstreamFile>{};
};

/// An error only when the server cannot be asked at all, or is lost on the way.
[[nodiscard]] Result<UpstreamReport> read_upstream_report(UpstreamConnection& connection);

/// The files of the server's directory as donord found them, compared with the server's list.
struct FileComparison {
  std::size_t found = 0;
  std::vector<FileMismatch> mismatches;
};

/// For people: several lines. `comparison` is null when there is no directory to compare with.
[[nodiscard]] std::string upstream_text(const UpstreamReport& report, const FileComparison* comparison);
/// For programs: one JSON object, its member "kind" is "server".
[[nodiscard]] std::string upstream_json(const UpstreamReport& report, const FileComparison* comparison);

}  // namespace donord
