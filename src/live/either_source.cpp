#include "live/either_source.hpp"

#include "base/log.hpp"

namespace donord {

Result<std::shared_ptr<EitherSource>> EitherSource::open(LiveMode mode, DatadirOptions datadir, LiveOptions live) {
  std::shared_ptr<EitherSource> source{new EitherSource{mode, std::move(datadir), std::move(live)}};
  if (Result<> opened = source->open_as_it_is(); !opened) return opened.error();
  return source;
}

Result<> EitherSource::open_live() {
  Result<std::unique_ptr<LiveSource>> opened = LiveSource::open(live_options_);
  if (!opened) return opened.error();
  const std::lock_guard lock{mutex_};
  live_ = std::move(*opened);
  at_rest_.reset();
  return {};
}

Result<> EitherSource::open_at_rest() {
  Result<std::unique_ptr<DatadirSource>> opened = DatadirSource::open(datadir_);
  if (!opened) return opened.error();
  const std::lock_guard lock{mutex_};
  at_rest_ = std::move(*opened);
  live_.reset();
  return {};
}

Result<> EitherSource::open_as_it_is() {
  if (mode_ == LiveMode::yes) return open_live();
  // What is wrong with a directory at rest may be normal while a server runs.
  const bool server_runs = mode_ == LiveMode::automatic && find_server(datadir_).has_value();
  return server_runs ? open_live() : open_at_rest();
}

SourceIdentity EitherSource::identity() const {
  const std::lock_guard lock{mutex_};
  return live_ ? live_->identity() : at_rest_->identity();
}

bool EitherSource::has_keys() const {
  const std::lock_guard lock{mutex_};
  return live_ ? live_->has_keys() : at_rest_->latest()->has_keys();
}

std::shared_ptr<const DatadirSurvey> EitherSource::survey_at_rest() const {
  const std::lock_guard lock{mutex_};
  return live_ ? nullptr : at_rest_->latest();
}

EitherSource::Current EitherSource::current() const {
  const std::lock_guard lock{mutex_};
  return {live_, at_rest_};
}

Result<std::unique_ptr<CloneView>> EitherSource::begin_clone(const CloneRequest& request) {
  for (bool again = false;; again = true) {
    const Current used = current();
    Result<std::unique_ptr<CloneView>> view =
        used.live ? used.live->begin_clone(request) : used.at_rest->begin_clone(request);
    if (view || view.error().code != Errc::unavailable || mode_ != LiveMode::automatic || again) return view;
    const std::lock_guard switching{switching_};
    if (current() != used) continue;  // another clone was faster
    log::info("source.changed", {{"server", used.live ? "was stopped" : "was started"}});
    if (Result<> opened = used.live ? open_at_rest() : open_live(); !opened) return opened.error();
  }
}

}  // namespace donord
