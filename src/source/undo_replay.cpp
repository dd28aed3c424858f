#include "source/undo_replay.hpp"

#include <algorithm>
#include <set>

#include "innodb/page_check.hpp"
#include "innodb/rollback_segment.hpp"
#include "source/redo_walk.hpp"

namespace donord {

namespace {

constexpr PageId kSystemPage{innodb::kSystemSpace, innodb::kTransactionSystemPage};

enum class PageKind { transaction_system, segment_array, rollback_segment, undo_segment };

struct FollowedPage {
  ReplayedPage replay;
  PageKind kind = PageKind::undo_segment;
  /// What was on disk may be newer than the log is here, in one page more than in another: several may name this one.
  std::size_t named_by = 0;
  std::vector<PageId> names;     ///< the pages that it names
  std::optional<Error> problem;  ///< a record that does not fit: it was another page then, and has to be made anew
};

class UndoReplay final : public innodb::RedoSink {
 public:
  UndoReplay(PageReader& reader, const std::vector<SpaceId>& undo_spaces)
      : reader_(reader), spaces_(undo_spaces.begin(), undo_spaces.end()) {
    spaces_.insert(innodb::kSystemSpace);
  }

  /// Reads what there is before the log begins.
  Result<> begin() {
    if (Result<> added = add(kSystemPage, PageKind::transaction_system, nullptr); !added) return added;
    for (const SpaceId space : spaces_) {
      if (space == innodb::kSystemSpace) continue;
      const PageId array{space, innodb::kRollbackSegmentArrayPage};
      if (Result<> added = add(array, PageKind::segment_array, nullptr); !added) return added;
    }
    return follow(nullptr);
  }

  Result<> group(const innodb::RedoGroup& group) override {
    for (const innodb::RedoRecord& record : group.records) {
      if (!spaces_.contains(record.space) || !changes_a_page(record)) continue;
      const PageId id{record.space, record.page};
      const auto found = pages_.find(id);
      if (found == pages_.end()) continue;
      repeat(record, group.end, found->second);
      if (found->second.kind != PageKind::undo_segment) changed_.insert(id);
    }
    return changed_.empty() ? Result<>{} : follow(&group);
  }

  Result<UndoPages> take() && {
    UndoPages result;
    for (auto& [id, page] : pages_) {
      if (page.problem) return *page.problem;
      if (page.kind == PageKind::segment_array) continue;
      if (page.kind == PageKind::rollback_segment) result.segments.push_back(id);
      result.pages.emplace(id, std::move(page.replay.page));
    }
    return result;
  }

 private:
  static void repeat(const innodb::RedoRecord& record, Lsn group_end, FollowedPage& page) {
    const bool made_anew =
        record.type == innodb::RedoType::init_file_page || record.type == innodb::RedoType::init_file_page2;
    if (made_anew) page.problem.reset();
    if (page.problem) return;
    if (const Result<> replayed = replay_record(record, group_end, page.replay); !replayed)
      page.problem = replayed.error();
  }

  /// Begins to follow a page, as it is behind `group`.
  Result<> add(PageId id, PageKind kind, const innodb::RedoGroup* group) {
    const auto [page, is_new] = pages_.try_emplace(id, FollowedPage{.kind = kind});
    ++page->second.named_by;
    if (!is_new) return {};
    Result<Bytes> bytes = reader_.read(id);
    if (!bytes) return bytes.error();
    page->second.replay.page = std::move(*bytes);
    if (kind != PageKind::undo_segment) changed_.insert(id);
    if (group == nullptr) return {};
    for (const innodb::RedoRecord& record : group->records)
      if (record.space == id.space && record.page == id.page && changes_a_page(record))
        repeat(record, group->end, page->second);
    return {};
  }

  void forget(PageId id) {
    const auto found = pages_.find(id);
    if (found != pages_.end() && --found->second.named_by == 0) pages_.erase(found);
  }

  /// Follows the pages that changed pages name behind `group`, and no longer those that they do not name any more.
  Result<> follow(const innodb::RedoGroup* group) {
    while (!changed_.empty()) {
      const PageId id = changed_.extract(changed_.begin()).value();
      const auto found = pages_.find(id);
      if (found == pages_.end() || found->second.problem) continue;
      Result<std::vector<PageId>> names = names_of(id, found->second);
      if (!names) return names.error();
      std::ranges::sort(*names);
      const PageKind kind =
          found->second.kind == PageKind::rollback_segment ? PageKind::undo_segment : PageKind::rollback_segment;
      const std::vector<PageId> before = std::exchange(found->second.names, *names);
      for (const PageId name : *names)
        if (!std::ranges::binary_search(before, name))
          if (Result<> added = add(name, kind, group); !added) return added;
      for (const PageId name : before)
        if (!std::ranges::binary_search(*names, name)) forget(name);
    }
    return {};
  }

  /// Those of tablespaces that are there: others were dropped.
  Result<std::vector<PageId>> names_of(PageId id, const FollowedPage& page) const {
    std::vector<PageId> names;
    if (page.kind == PageKind::transaction_system) {
      Result<std::vector<PageId>> segments = innodb::rollback_segments_of_system(page.replay.page);
      if (!segments) return segments.error();
      names = std::move(*segments);
      std::erase_if(names, [this](PageId name) { return !spaces_.contains(name.space); });
    } else if (page.kind == PageKind::segment_array) {
      const Result<std::vector<PageNo>> segments = innodb::rollback_segments_of_array(page.replay.page);
      if (!segments) return segments.error();
      for (const PageNo segment : *segments) names.push_back({id.space, segment});
    } else {
      for (const innodb::UndoSlot& slot : innodb::undo_slots_of(page.replay.page))
        names.push_back({id.space, slot.page});
    }
    return names;
  }

  PageReader& reader_;
  std::set<SpaceId> spaces_;
  std::map<PageId, FollowedPage> pages_;
  std::set<PageId> changed_;  // pages that name others
};

}  // namespace

Result<UndoPages> replay_undo_pages(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read,
                                    PageReader& pages, const std::vector<SpaceId>& undo_spaces) {
  UndoReplay replay{pages, undo_spaces};
  if (Result<> begun = replay.begin(); !begun) return begun.error();
  innodb::RedoParser parser{range.checkpoint, {.page_bytes = page_size_bytes}};
  if (Result<> parsed = parse_redo(range, read, parser, replay); !parsed) return parsed.error();
  return std::move(replay).take();
}

}  // namespace donord
