#pragma once

// A data directory, whether a server runs on it or not.

#include <memory>
#include <mutex>

#include "clone/donor_source.hpp"
#include "live/live_source.hpp"
#include "source/datadir_source.hpp"

namespace donord {

enum class LiveMode { automatic, yes, no };

/// Under `LiveMode::automatic` each clone looks anew whether a server runs.
class EitherSource final : public DonorSource {
 public:
  /// The error is the reason why the directory cannot be served as it is now.
  [[nodiscard]] static Result<std::shared_ptr<EitherSource>> open(LiveMode mode, DatadirOptions datadir,
                                                                  LiveOptions live);

  [[nodiscard]] SourceIdentity identity() const override;
  [[nodiscard]] bool has_keys() const;
  /// What was found in the directory when it was looked at last; null when a server ran then.
  [[nodiscard]] std::shared_ptr<const DatadirSurvey> survey_at_rest() const;

  [[nodiscard]] Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest& request) override;

 private:
  EitherSource(LiveMode mode, DatadirOptions datadir, LiveOptions live)
      : mode_(mode), datadir_(std::move(datadir)), live_options_(std::move(live)) {}

  struct Current {
    std::shared_ptr<LiveSource> live;
    std::shared_ptr<DatadirSource> at_rest;
    bool operator==(const Current&) const = default;
  };

  [[nodiscard]] Current current() const;
  [[nodiscard]] Result<> open_live();
  [[nodiscard]] Result<> open_at_rest();
  [[nodiscard]] Result<> open_as_it_is();

  const LiveMode mode_;
  const DatadirOptions datadir_;
  const LiveOptions live_options_;
  std::mutex switching_;  // from one to the other, which may take long; the other mutex is free meanwhile
  mutable std::mutex mutex_;
  std::shared_ptr<LiveSource> live_;  // one of both is null, and is the one that was not used last
  std::shared_ptr<DatadirSource> at_rest_;
};

}  // namespace donord
