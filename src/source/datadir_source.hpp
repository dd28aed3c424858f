#pragma once

// Serves the data directory of a stopped instance. Nothing is ever written to it.

#include <memory>
#include <mutex>

#include "clone/donor_source.hpp"
#include "source/datadir_options.hpp"
#include "source/datadir_survey.hpp"

namespace donord {

class FileCache;

/// A datadir at rest. After a clean shutdown every page is final and the redo is a single block. After a crash, or in a
/// snapshot of a running server, the redo from the checkpoint to its end goes along and the recipient recovers, as the
/// server itself would have. While a clone is served a read lock keeps mysqld from starting on the directory.
class DatadirSource final : public DonorSource {
 public:
  /// Surveys the directory and tries the lock; the error is the first reason why it cannot be served.
  [[nodiscard]] static Result<std::unique_ptr<DatadirSource>> open(const DatadirOptions& options);
  ~DatadirSource() override;

  [[nodiscard]] SourceIdentity identity() const override;
  [[nodiscard]] std::shared_ptr<const DatadirSurvey> latest() const;

  /// Locks and surveys again, since a server may have run on the directory in the meantime.
  [[nodiscard]] Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest& request) override;

 private:
  DatadirSource(const DatadirOptions& options, std::shared_ptr<const DatadirSurvey> survey);

  const DatadirOptions options_;
  mutable std::mutex mutex_;
  std::weak_ptr<FileCache> cache_;  // of the views, which may outlive the source: the last one closes all files
  std::shared_ptr<const DatadirSurvey> survey_;  // the latest; never changed, only replaced
};

}  // namespace donord
