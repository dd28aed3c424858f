#include "live/live_source.hpp"

#include "base/log.hpp"
#include "live/changed_while_cloned.hpp"
#include "live/space_fates.hpp"

namespace donord {

namespace {

constexpr std::size_t kMaxOpenFiles = 256;

/// A file that came since the last look is in the log; what is wrong with one that could not be identified is told
/// elsewhere.
std::optional<Error> first_unknown(const std::vector<FileMismatch>& missing, const LiveSurvey& survey,
                                   const SpaceFates& known) {
  for (const FileMismatch& mismatch : missing)
    if (!known.contains(mismatch.space) &&
        !survey.unidentified.contains(place_of(survey.options.datadir, mismatch.server)))
      return Error{Errc::conflict, to_text(mismatch), std::string{kNameTheDirectory}};
  return std::nullopt;
}

/// A server breaks the lines of a long set.
SourcePosition position_of(const LogStatus& logs) {
  SourcePosition position{logs.binary_log_file, logs.binary_log_position, logs.gtid_executed};
  std::erase(position.gtid_executed, '\n');
  return position;
}

}  // namespace

LiveSource::LiveSource(LiveOptions options)
    : options_(std::move(options)),
      server_(options_.upstream ? std::optional<SourceServer>{*options_.upstream} : std::nullopt) {}

LiveSource::~LiveSource() = default;

Result<std::unique_ptr<LiveSource>> LiveSource::open(LiveOptions options) {
  std::unique_ptr<LiveSource> source{new LiveSource{std::move(options)}};
  if (const Result<ServerProcess> server = find_server(source->options_.datadir); !server) return server.error();
  if (Result<> whole = wait_for_undo_truncation(source->options_.datadir); !whole) return whole.error();
  Result<LiveSurvey> survey = survey_live(source->options_.datadir);
  if (!survey) return survey.error();
  if (source->server_)
    if (Result<> same = source->server_->check_identity(survey->options, survey->page_size_bytes); !same)
      return same.error();
  if (const Result<std::shared_ptr<RedoWatch>> watch = source->watch(*survey); !watch) return watch.error();
  if (source->server_) {
    Result<Found> found = source->find(*survey);
    if (!found) return found.error();
    *survey = std::move(found->survey);
  }
  source->survey_ = std::make_shared<const LiveSurvey>(std::move(*survey));
  return source;
}

Result<std::shared_ptr<RedoWatch>> LiveSource::watch(const LiveSurvey& survey) {
  const std::lock_guard starting{starting_};
  std::shared_ptr<RedoWatch> ended;
  {
    const std::lock_guard lock{mutex_};
    if (watch_ && !watch_->failure()) return watch_;
    ended = std::exchange(watch_, nullptr);
  }
  ended.reset();
  Result<std::shared_ptr<RedoWatch>> watch = RedoWatch::start({.datadir = survey.options,
                                                               .system_file = survey.system_file().path,
                                                               .page_size_bytes = survey.page_size_bytes,
                                                               .state_directory = options_.state_directory,
                                                               .archive_bytes = options_.archive_bytes,
                                                               .server = options_.upstream,
                                                               .pace = options_.pace});
  if (!watch) return watch.error();
  const std::lock_guard lock{mutex_};
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

Result<std::unique_ptr<const DdlBlock>> LiveSource::block_ddl(const CloneRequest& request) const {
  if (!request.block_ddl) return nullptr;
  if (server_) return DdlBlock::begin(server_->options(), {*request.block_ddl, request.given_up});
  log::warn("live.ddl_not_blocked", {{"meaning",
                                      "the recipient asks that DDL waits (clone_block_ddl), which only a server "
                                      "does that is given as --upstream; some DDL may end the clone"}});
  return nullptr;
}

/// What the server knows better: which files there are, and how far its logs are. A position when all that it had
/// committed by now is known from the log.
Result<std::optional<SourcePosition>> LiveSource::ask_server(const LiveSurvey& survey, RedoWatch& watch,
                                                             Lsn since) const {
  if (!server_) return std::nullopt;
  const Result<SourceServer::Moment> moment =
      server_->look(survey.options, survey.page_size_bytes, as_found(survey.files, survey.options.datadir));
  if (!moment) {
    if (!is_out_of_reach(moment.error())) return moment.error();
    log::warn("live.server_not_asked", {{"error", moment.error().what}, {"hint", moment.error().hint}});
    return std::nullopt;
  }
  const LogStatus& logs = moment->logs;
  const Result<Lsn> known = watch.wait_until(logs.lsn);
  if (!known)
    return Error{
        Errc::conflict,
        fmt::format("{} says that its redo log is at LSN {}, but the log in the directory does not get there: {}",
                    server_->options().name(), logs.lsn, known.error().what)};
  const Result<SpaceFates> fates = fates_of(watch.tracker(), since, *known);
  if (!fates) return fates.error();
  if (const std::optional<Error> unknown = first_unknown(moment->missing, survey, *fates)) return *unknown;
  log::info("live.logs", {{"lsn", logs.lsn.value()},
                          {"checkpoint", logs.checkpoint.value()},
                          {"binary_log", logs.binary_log_file},
                          {"position", logs.binary_log_position},
                          {"gtid_executed", logs.gtid_executed}});
  return position_of(logs);
}

Result<LiveSource::Found> LiveSource::find(const LiveSurvey& previous) {
  Result<std::shared_ptr<RedoWatch>> watching = watch(previous);
  if (!watching) return watching.error();
  if (Result<> done = wait_for_undo_truncation(previous.options); !done) return done.error();
  Result<RedoWatch::Hold> hold = (*watching)->hold();
  if (!hold) return hold.error();
  Result<LiveSurvey> survey = survey_live(options_.datadir, &previous);
  if (!survey) return survey.error();
  Result<std::optional<SourcePosition>> position = ask_server(*survey, **watching, hold->checkpoint);
  if (!position) return position.error();
  return Found{std::move(*watching), std::move(*hold), std::move(*survey), std::move(*position)};
}

Result<std::unique_ptr<CloneView>> LiveSource::begin_clone(const CloneRequest& request) {
  std::shared_ptr<const LiveSurvey> previous;
  std::shared_ptr<FileCache> cache;
  {
    const std::lock_guard lock{mutex_};
    previous = survey_;
    cache = cache_.lock();
    if (!cache) cache_ = cache = std::make_shared<FileCache>(kMaxOpenFiles, options_.page_cache);
  }
  Result<std::unique_ptr<const DdlBlock>> ddl_block = block_ddl(request);
  if (!ddl_block) return ddl_block.error();
  Result<Found> found = find(*previous);
  if (!found) return found.error();
  {
    const std::lock_guard lock{mutex_};
    survey_ = std::make_shared<const LiveSurvey>(found->survey);
  }
  return begin_live_view(std::move(found->watch), std::move(found->hold), std::move(found->survey), std::move(cache),
                         options_.view, {std::move(*ddl_block), std::move(found->position)});
}

}  // namespace donord
