#pragma once

// The server whose directory is served, as far as it is asked (--upstream): whether it is the one that runs on this
// directory, which files it has, and where its logs stand. Every question is a session of its own.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/datadir_options.hpp"
#include "source/tablespace_file.hpp"
#include "upstream/cross_check.hpp"
#include "upstream/log_status.hpp"
#include "upstream/upstream_options.hpp"

namespace donord {

/// The tablespaces among these files, by the names that the server has for them: what is seen from here as its data
/// directory may be mounted elsewhere.
[[nodiscard]] std::vector<FoundFile> as_found(const std::vector<TablespaceFile>& files,
                                              const std::filesystem::path& datadir);

class SourceServer {
 public:
  explicit SourceServer(UpstreamOptions options) : options_(std::move(options)) {}

  [[nodiscard]] const UpstreamOptions& options() const { return options_; }

  /// `Errc::denied` when the account lacks a privilege, `Errc::conflict` when it is another server: its uuid, its redo
  /// log, its page size or its checkpoints are not those of the directory.
  [[nodiscard]] Result<> check_identity(const DatadirOptions& datadir, std::uint32_t page_size_bytes) const;

  struct Moment {
    std::vector<FileMismatch> missing;  ///< files that the server had, and that are not among those found
    LogStatus logs;                     ///< taken after the files
  };
  /// Checks the identity as well.
  [[nodiscard]] Result<Moment> look(const DatadirOptions& datadir, std::uint32_t page_size_bytes,
                                    const std::vector<FoundFile>& found) const;

 private:
  [[nodiscard]] Result<ServerFacts> identify(UpstreamConnection& connection, const DatadirOptions& datadir,
                                             std::uint32_t page_size_bytes) const;

  UpstreamOptions options_;
};

/// It could not be reached, or went away: nothing is known of whether it is the right one.
[[nodiscard]] bool is_out_of_reach(const Error& error);

}  // namespace donord
