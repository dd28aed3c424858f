#include "cli/serve_source.hpp"

#include <functional>

#include "base/units.hpp"
#include "live/either_source.hpp"

namespace donord {

namespace {

namespace fs = std::filesystem;

/// One for each source, so that several donords can have a catalog in one directory.
fs::path default_live_dir(const fs::path& catalog, const fs::path& datadir) {
  const std::string name = fs::absolute(datadir).lexically_normal().string();
  return catalog.parent_path() / fmt::format("live-{:016x}", std::hash<std::string>{}(name));
}

Result<LiveOptions> live_options(const ServeOptions& options, const DatadirOptions& datadir) {
  const Result<std::uint64_t> archive_bytes = parse_size(options.redo_archive_size);
  if (!archive_bytes || *archive_bytes < kMinRedoArchiveBytes)
    return Error{Errc::usage, fmt::format("--redo-archive-size must be at least {}", human_size(kMinRedoArchiveBytes))};
  Result<std::optional<UpstreamOptions>> upstream = to_upstream_options(options.upstream);
  if (!upstream) return upstream.error();
  if (*upstream && options.live == "no")
    return Error{Errc::usage, "--upstream is the server that runs on the directory: with --live no there is none"};
  return LiveOptions{.datadir = datadir,
                     .state_directory = options.live_dir.empty() ? default_live_dir(options.catalog, datadir.datadir)
                                                                 : options.live_dir,
                     .archive_bytes = *archive_bytes,
                     .upstream = std::move(*upstream),
                     .view = {.page_copy = options.page_copy == "yes"},
                     .page_cache = options.drop_behind == "yes" ? PageCacheUse::as_it_was : PageCacheUse::read_ahead};
}

}  // namespace

Result<ServedSource> open_source(const ServeOptions& options) {
  const Result<DatadirOptions> datadir = to_datadir_options(options.source);
  if (!datadir) return datadir.error();
  const Result<LiveOptions> live = live_options(options, *datadir);
  if (!live) return live.error();
  const LiveMode mode = options.live == "yes"  ? LiveMode::yes
                        : options.live == "no" ? LiveMode::no
                                               : LiveMode::automatic;
  Result<std::shared_ptr<EitherSource>> source = EitherSource::open(mode, *datadir, *live);
  if (!source) return source.error();
  return ServedSource{*source, (*source)->survey_at_rest(), (*source)->has_keys(),
                      live->upstream ? std::optional{live->upstream->name()} : std::nullopt};
}

}  // namespace donord
