#pragma once

// Serves the data directory of a running server. Nothing in it is changed. The server itself is asked only if it is
// given as `LiveOptions::upstream`.

#include <memory>
#include <mutex>
#include <optional>

#include "clone/donor_source.hpp"
#include "live/live_survey.hpp"
#include "live/live_view.hpp"
#include "live/redo_watch.hpp"
#include "live/source_server.hpp"
#include "source/file_cache.hpp"

namespace donord {

struct LiveOptions {
  DatadirOptions datadir;
  std::filesystem::path state_directory;
  std::uint64_t archive_bytes = RedoArchiveOptions{}.max_bytes;
  std::optional<UpstreamOptions> upstream = {};
  RedoWatchPace pace = {};
  LiveViewOptions view;
  PageCacheUse page_cache = PageCacheUse::as_it_was;
};

class LiveSource final : public DonorSource {
 public:
  /// Surveys the directory and begins to read its redo. `Errc::unavailable` when no server runs on it. One that is to
  /// be asked must answer, and be the one that runs on the directory.
  [[nodiscard]] static Result<std::unique_ptr<LiveSource>> open(LiveOptions options);
  ~LiveSource() override;

  [[nodiscard]] SourceIdentity identity() const override;
  [[nodiscard]] bool has_keys() const;

  /// Looks at the directory again. Redo is read again from its newest checkpoint on when the reading had ended, because
  /// the server was started again, say. Does without a server that does not answer, unless DDL is to be held off.
  [[nodiscard]] Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest& request) override;

 private:
  explicit LiveSource(LiveOptions options);

  /// What is there at one moment, with the redo from a moment before.
  struct Found {
    std::shared_ptr<RedoWatch> watch;
    RedoWatch::Hold hold;
    LiveSurvey survey;
    std::optional<SourcePosition> position;  ///< as in `ServerHelp`
  };

  [[nodiscard]] Result<std::shared_ptr<RedoWatch>> watch(const LiveSurvey& survey);
  [[nodiscard]] Result<Found> find(const LiveSurvey& previous);
  [[nodiscard]] Result<std::unique_ptr<const DdlBlock>> block_ddl(const CloneRequest& request) const;
  [[nodiscard]] Result<std::optional<SourcePosition>> ask_server(const LiveSurvey& survey, RedoWatch& watch,
                                                                 Lsn since) const;

  const LiveOptions options_;
  const std::optional<SourceServer> server_;
  std::mutex starting_;  // a watch; the other mutex is free meanwhile
  mutable std::mutex mutex_;
  std::shared_ptr<const LiveSurvey> survey_;  // the latest
  std::shared_ptr<RedoWatch> watch_;
  std::weak_ptr<FileCache> cache_;  // of the views
};

}  // namespace donord
