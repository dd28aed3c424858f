#include "live/live_source.hpp"

#include <chrono>
#include <thread>

namespace donord {

namespace {

constexpr std::size_t kMaxOpenFiles = 256;
constexpr std::chrono::seconds kTruncation{60};
constexpr std::chrono::milliseconds kPause{20};

/// A file that is made without a word in the log must be complete before the log is read for a clone.
Result<> wait_for_undo_truncation(const DatadirOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + kTruncation;
  for (;;) {
    const Result<bool> truncating = truncates_undo(options);
    if (!truncating) return truncating.error();
    if (!*truncating) return {};
    if (std::chrono::steady_clock::now() > deadline)
      return Error{Errc::ddl_in_progress, "an undo tablespace is being truncated", "clone again later"};
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

LiveSource::~LiveSource() = default;

Result<std::unique_ptr<LiveSource>> LiveSource::open(LiveOptions options) {
  std::unique_ptr<LiveSource> source{new LiveSource{std::move(options)}};
  if (const Result<ServerProcess> server = find_server(source->options_.datadir); !server) return server.error();
  Result<LiveSurvey> survey = survey_live(source->options_.datadir);
  if (!survey) return survey.error();
  if (const Result<std::shared_ptr<RedoWatch>> watch = source->watch(*survey); !watch) return watch.error();
  source->survey_ = std::make_shared<const LiveSurvey>(std::move(*survey));
  return source;
}

Result<std::shared_ptr<RedoWatch>> LiveSource::watch(const LiveSurvey& survey) {
  const std::lock_guard lock{mutex_};
  if (watch_ && !watch_->failure()) return watch_;
  watch_.reset();
  Result<std::shared_ptr<RedoWatch>> watch = RedoWatch::start({.datadir = survey.options,
                                                               .system_file = survey.system_file().path,
                                                               .page_size_bytes = survey.page_size_bytes,
                                                               .state_directory = options_.state_directory,
                                                               .archive_bytes = options_.archive_bytes});
  if (!watch) return watch.error();
  watch_ = *watch;
  return watch;
}

SourceIdentity LiveSource::identity() const {
  const std::lock_guard lock{mutex_};
  return {.description = fmt::format("datadir {} (live)", survey_->options.datadir.string()),
          .server_version = survey_->server_version,
          .page_size_bytes = survey_->page_size_bytes,
          .file_count = survey_->files.size(),
          .data_bytes = survey_->data_bytes(),
          .checkpoint_lsn = watch_ ? watch_->tracker().valid_from() : Lsn{},
          .end_lsn = watch_ ? watch_->tracker().tracked_until() : Lsn{}};
}

bool LiveSource::has_keys() const {
  const std::lock_guard lock{mutex_};
  return survey_->has_keys() || (watch_ && watch_->cipher());
}

Result<std::unique_ptr<CloneView>> LiveSource::begin_clone() {
  std::shared_ptr<const LiveSurvey> previous;
  std::shared_ptr<FileCache> cache;
  {
    const std::lock_guard lock{mutex_};
    previous = survey_;
    cache = cache_.lock();
    if (!cache) cache_ = cache = std::make_shared<FileCache>(kMaxOpenFiles, options_.page_cache);
  }
  Result<std::shared_ptr<RedoWatch>> watching = watch(*previous);
  if (!watching) return watching.error();
  if (Result<> done = wait_for_undo_truncation(previous->options); !done) return done.error();
  Result<RedoWatch::Hold> hold = (*watching)->hold();
  if (!hold) return hold.error();
  Result<LiveSurvey> survey = survey_live(options_.datadir, previous.get());
  if (!survey) return survey.error();
  {
    const std::lock_guard lock{mutex_};
    survey_ = std::make_shared<const LiveSurvey>(*survey);
  }
  return begin_live_view(std::move(*watching), std::move(*hold), std::move(*survey), std::move(cache), options_.view);
}

}  // namespace donord
