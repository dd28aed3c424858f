#pragma once

// A clone of a made-up server, and what a recipient would see of it.

#include <string>
#include <vector>

#include "innodb/empty_page.hpp"
#include "innodb/redo_parser.hpp"
#include "live/live_source.hpp"
#include "support/crashed_datadir.hpp"
#include "support/made_up_server.hpp"
#include "support/served_redo.hpp"

namespace donord::testing {

/// Nothing is waited for that a made-up server does not do.
inline LiveOptions live_options(const MadeUpServer& server) {
  return {.datadir = server.options(),
          .state_directory = server.scratch() / "state",
          .pace = {.poll = std::chrono::milliseconds{1}, .checkpoint_period = std::chrono::milliseconds{0}},
          .view = {.waits = {.settled = std::chrono::milliseconds{0}, .undo_settled = std::chrono::milliseconds{0}}}};
}

/// For a watch without a source around it.
inline RedoWatchOptions watch_options(const MadeUpServer& server) {
  const LiveOptions live = live_options(server);
  return {.datadir = live.datadir,
          .system_file = server.at("ibdata1"),
          .page_size_bytes = MadeUpServer::kPageBytes,
          .state_directory = live.state_directory,
          .pace = live.pace};
}

inline std::unique_ptr<LiveSource> open_live(LiveOptions options) {
  Result<std::unique_ptr<LiveSource>> source = LiveSource::open(std::move(options));
  if (!source) throw std::runtime_error(source.error().what);
  return std::move(*source);
}

inline std::unique_ptr<CloneView> begin(DonorSource& source) {
  Result<std::unique_ptr<CloneView>> view = source.begin_clone({});
  if (!view) throw std::runtime_error(view.error().what);
  return std::move(*view);
}

inline std::vector<std::string> names_of(const CloneView& view) {
  std::vector<std::string> names;
  for (const DataFile& file : view.files()) names.push_back(file.name);
  return names;
}

inline std::uint32_t index_of(const CloneView& view, std::string_view name) {
  const auto found = std::ranges::find(view.files(), name, &DataFile::name);
  if (found == view.files().end()) throw std::runtime_error(fmt::format("{} is not served", name));
  return static_cast<std::uint32_t>(found - view.files().begin());
}

inline Result<Bytes> read_whole(const CloneView& view, std::string_view name) {
  const std::uint32_t index = index_of(view, name);
  Bytes content(view.files()[index].size_bytes);
  if (const Result<> read = view.read_file(index, 0, content); !read) return read.error();
  return content;
}

inline Result<Bytes> read_page(const CloneView& view, const PageRef& page) {
  Bytes content(page.length_bytes);
  if (const Result<> read = view.read_page(page, content); !read) return read.error();
  return content;
}

/// As it is sent in the place of one that was never written, or is gone.
inline Bytes empty_page(SpaceId space, PageNo number) {
  Bytes page(MadeUpServer::kPageBytes);
  innodb::make_empty_page(page, {}, space, number);
  return page;
}

/// "file 4 page 3", in the order of the plan.
inline std::vector<std::string> pages_of(const std::vector<PageRef>& pages) {
  std::vector<std::string> lines;
  for (const PageRef& page : pages)
    lines.push_back(fmt::format("file {} page {}", page.file_index, page.offset_bytes / page.length_bytes));
  return lines;
}

/// "renamed 4 to ./db/t2.ibd".
inline std::vector<std::string> changes_of(const std::vector<FileChange>& changes) {
  std::vector<std::string> lines;
  for (const FileChange& change : changes) {
    const std::string_view what = change.kind == FileChange::Kind::created   ? "created {} as {}"
                                  : change.kind == FileChange::Kind::renamed ? "renamed {} to {}"
                                  : change.kind == FileChange::Kind::altered ? "altered {}, {}"
                                                                             : "removed {}, {}";
    lines.push_back(fmt::format(fmt::runtime(what), change.file_index, change.file.name));
  }
  return lines;
}

/// The records from the checkpoint to the end: "WRITE_STRING page 0 of 7".
inline std::vector<std::string> served_records(const ServedRedo& redo) {
  struct Lines final : innodb::RedoSink {
    explicit Lines(Lsn from) : checkpoint(from) {}
    Result<> group(const innodb::RedoGroup& group) override {
      if (group.start < checkpoint) return {};  // in the same block
      for (const innodb::RedoRecord& record : group.records)
        lines.push_back(fmt::format("{} page {} of {}", name_of(record.type), record.page, record.space));
      return {};
    }
    Lsn checkpoint;
    std::vector<std::string> lines;
  };
  Lines lines{redo.chain().newest_checkpoint().value()};
  innodb::RedoParser parser{lines.checkpoint, {.page_bytes = MadeUpServer::kPageBytes}};
  Lsn lsn = redo.chain().start_lsn();
  for (const innodb::RedoBlockBytes& block : redo.blocks()) {
    parser.feed(lsn, block, lines).value();
    lsn = lsn + innodb::kRedoBlockBytes;
  }
  return lines.lines;
}

}  // namespace donord::testing
