#include "source/page_replay.hpp"

#include "base/endian.hpp"
#include "innodb/first_page.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_apply.hpp"
#include "source/redo_walk.hpp"

namespace donord {

namespace {

using innodb::RedoRecord;

class FirstPageReplay final : public innodb::RedoSink {
 public:
  explicit FirstPageReplay(std::map<SpaceId, ReplayedPage>& pages) : pages_(pages) {}

  Result<> group(const innodb::RedoGroup& group) override {
    for (const RedoRecord& record : group.records) {
      if (record.page != PageNo{0} || !changes_a_page(record)) continue;
      const auto found = pages_.find(record.space);
      if (found == pages_.end()) continue;
      if (Result<> replayed = replay_record(record, group.end, found->second); !replayed) return replayed;
    }
    return {};
  }

 private:
  std::map<SpaceId, ReplayedPage>& pages_;
};

}  // namespace

bool changes_a_page(const RedoRecord& record) {
  return innodb::names_a_page(record.type) && !innodb::is_file_operation(record.type) &&
         record.type != innodb::RedoType::index_load;
}

Result<> replay_record(const RedoRecord& record, Lsn group_end, ReplayedPage& replay) {
  // What the group did before counts as well: all of it gets one LSN.
  const Lsn page_lsn{load_u64be(replay.page, innodb::kPageLsnOffset)};
  if (page_lsn > group_end || (page_lsn == group_end && !replay.changed)) return {};
  if (Result<> applied = innodb::apply_to_page(record, replay.page); !applied) return applied;
  store_u64be(replay.page, innodb::kPageLsnOffset, group_end.value());
  replay.changed = true;
  return {};
}

Result<> replay_first_pages(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read,
                            std::map<SpaceId, ReplayedPage>& pages) {
  innodb::RedoParser parser{range.checkpoint, {.page_bytes = page_size_bytes}};
  FirstPageReplay replay{pages};
  if (Result<> parsed = parse_redo(range, read, parser, replay); !parsed) return parsed;
  for (auto& [space, page] : pages) {
    if (!page.changed) continue;
    const Result<innodb::FirstPage> decoded = innodb::decode_first_page(page.page);
    if (!decoded) return decoded.error().within(fmt::format("page 0 of space {} after recovery", space));
    innodb::seal_page(MutableBytes{page.page}.first(decoded->format.physical_bytes), decoded->format);
  }
  return {};
}

}  // namespace donord
