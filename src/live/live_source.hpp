#pragma once

// Serves the data directory of a running server, which is neither asked nor changed.

#include <memory>
#include <mutex>

#include "clone/donor_source.hpp"
#include "live/live_survey.hpp"
#include "live/live_view.hpp"
#include "live/redo_watch.hpp"
#include "source/file_cache.hpp"

namespace donord {

struct LiveOptions {
  DatadirOptions datadir;
  std::filesystem::path state_directory;
  std::uint64_t archive_bytes = RedoArchiveOptions{}.max_bytes;
  LiveViewOptions view;
  PageCacheUse page_cache = PageCacheUse::as_it_was;
};

class LiveSource final : public DonorSource {
 public:
  /// Surveys the directory and begins to read its redo. `Errc::unavailable` when no server runs on it.
  [[nodiscard]] static Result<std::unique_ptr<LiveSource>> open(LiveOptions options);
  ~LiveSource() override;

  [[nodiscard]] SourceIdentity identity() const override;
  [[nodiscard]] bool has_keys() const;

  /// Looks at the directory again. Redo is read again from its newest checkpoint on when the reading had ended, because
  /// the server was started again, say.
  [[nodiscard]] Result<std::unique_ptr<CloneView>> begin_clone() override;

 private:
  explicit LiveSource(LiveOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<std::shared_ptr<RedoWatch>> watch(const LiveSurvey& survey);

  const LiveOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const LiveSurvey> survey_;  // the latest
  std::shared_ptr<RedoWatch> watch_;
  std::weak_ptr<FileCache> cache_;  // of the views
};

}  // namespace donord
