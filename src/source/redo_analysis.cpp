#include "source/redo_analysis.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/first_page.hpp"
#include "innodb/page_checksum.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_apply.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_lsn.hpp"
#include "innodb/space_id.hpp"

namespace donord {

namespace {

using innodb::kRedoBlockBytes;
using innodb::RedoRecord;
using innodb::RedoType;

constexpr std::size_t kReadBytes = 1 << 20;

/// Feeds the blocks of a range, the last one included, to a parser.
Result<> parse_range(const RedoRange& range, const innodb::RedoRead& read, innodb::RedoParser& parser,
                     innodb::RedoSink& sink) {
  const Lsn last = range.end.block_start();
  // The log may end with a full block, behind which no other was begun.
  const bool last_is_empty = range.end - last == innodb::kRedoBlockHeaderBytes;
  const Lsn stop = last_is_empty ? last : last + kRedoBlockBytes;
  Bytes buffer;
  for (Lsn at = range.checkpoint.block_start(); at < stop; at = at + buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(stop - at, kReadBytes));
    if (Result<> done = read(at, buffer); !done) return done;
    for (std::size_t offset = 0; offset < buffer.size(); offset += kRedoBlockBytes)
      if (Result<> fed = parser.feed(at + offset, ByteView{buffer}.subspan(offset, kRedoBlockBytes), sink); !fed)
        return fed;
  }
  return {};
}

class Analyst final : public innodb::RedoSink {
 public:
  explicit Analyst(RedoAnalysis& analysis) : analysis_(analysis) {}

  Result<> group(const innodb::RedoGroup& group) override {
    for (const RedoRecord& record : group.records)
      if (Result<> noted = note(record); !noted) return noted;
    return {};
  }

 private:
  Result<> note(const RedoRecord& record) {
    if (record.type == RedoType::table_dynamic_meta) ++analysis_.dynamic_metadata_records;
    if (!innodb::names_a_page(record.type)) return {};
    RedoSpace& space = find(record);
    if (innodb::is_file_operation(record.type)) return note_file_operation(record, space);
    if (record.type == RedoType::index_load) ++analysis_.index_load_records;
    const Result<std::optional<innodb::EncryptionWrite>> write = innodb::find_encryption_write(record);
    if (!write) return write.error();
    if (*write) analysis_.encryption_writes.push_back(**write);
    return {};
  }

  RedoSpace& find(const RedoRecord& record) {
    if (latest_ != nullptr && latest_id_ == record.space) return *latest_;
    latest_ = &analysis_.spaces.try_emplace(record.space, RedoSpace{.first = record.start}).first->second;
    latest_id_ = record.space;
    return *latest_;
  }

  static Result<> note_file_operation(const RedoRecord& record, RedoSpace& space) {
    if (record.type == RedoType::file_create) {
      const Result<innodb::FileCreate> create = innodb::decode_file_create(record);
      if (!create) return create.error();
      space.path = create->path;
      space.created = true;
      space.deleted = false;
    } else if (record.type == RedoType::file_rename) {
      const Result<innodb::FileRename> rename = innodb::decode_file_rename(record);
      if (!rename) return rename.error();
      space.path = rename->new_path;
    } else if (record.type == RedoType::file_delete) {
      const Result<innodb::FileDelete> removal = innodb::decode_file_delete(record);
      if (!removal) return removal.error();
      space.path = removal->path;
      space.deleted = true;
    }
    return {};
  }

  RedoAnalysis& analysis_;
  SpaceId latest_id_;
  RedoSpace* latest_ = nullptr;  // records of one space come in runs
};

/// The tablespaces that are there without a file that is served, or whose absence recovery does not mind: an undo
/// tablespace may be truncated at any time, and leaves its old id behind.
bool may_be_missing(SpaceId space) {
  const innodb::SpaceKind kind = innodb::kind_of(space);
  return kind == innodb::SpaceKind::undo || kind == innodb::SpaceKind::temporary;
}

class Replayer final : public innodb::RedoSink {
 public:
  explicit Replayer(std::map<SpaceId, FirstPageReplay>& pages) : pages_(pages) {}

  Result<> group(const innodb::RedoGroup& group) override {
    for (const RedoRecord& record : group.records) {
      if (record.page != PageNo{0} || !innodb::names_a_page(record.type)) continue;
      if (innodb::is_file_operation(record.type) || record.type == RedoType::index_load) continue;
      const auto found = pages_.find(record.space);
      if (found == pages_.end()) continue;
      if (Result<> applied = apply(record, group.end, found->second); !applied) return applied;
    }
    return {};
  }

 private:
  static Result<> apply(const RedoRecord& record, Lsn group_end, FirstPageReplay& replay) {
    // What the group did before counts as well: all of it gets one LSN.
    const Lsn page_lsn{load_u64be(replay.page, innodb::kPageLsnOffset)};
    if (page_lsn > group_end || (page_lsn == group_end && !replay.changed)) return {};
    if (Result<> applied = innodb::apply_to_page(record, replay.page); !applied) return applied;
    store_u64be(replay.page, innodb::kPageLsnOffset, group_end.value());
    replay.changed = true;
    return {};
  }

  std::map<SpaceId, FirstPageReplay>& pages_;
};

}  // namespace

Result<RedoAnalysis> analyze_redo(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read) {
  RedoAnalysis analysis;
  innodb::RedoParser parser{range.checkpoint, {.page_bytes = page_size_bytes}};
  Analyst analyst{analysis};
  if (Result<> parsed = parse_range(range, read, parser, analyst); !parsed) return parsed.error();
  analysis.counts = parser.counts();
  analysis.complete_until = parser.complete_until().value_or(range.checkpoint);
  return analysis;
}

RedoPatches without_keys(const RedoAnalysis& analysis) {
  constexpr std::uint16_t kBehindAllFields = 140;
  constexpr std::size_t kLengthBytes = 2;
  std::vector<RedoPatch> patches;
  for (const innodb::EncryptionWrite& write : analysis.encryption_writes) {
    Bytes offset(2);
    store_u16be(offset, 0, static_cast<std::uint16_t>(write.offset + kBehindAllFields));
    const Lsn string = innodb::advance_redo(write.body, offset.size() + kLengthBytes);
    patches.push_back({write.body, std::move(offset)});
    patches.push_back({string, Bytes(innodb::kEncryptionInfoBytes)});
  }
  return RedoPatches{std::move(patches)};
}

std::vector<Error> missing_tablespaces(const RedoAnalysis& analysis, const std::set<SpaceId>& present) {
  std::vector<Error> missing;
  for (const auto& [id, space] : analysis.spaces) {
    if (space.deleted || may_be_missing(id) || present.contains(id)) continue;
    missing.push_back(Error{
        Errc::not_found,
        fmt::format("the redo log changes tablespace {}{} from LSN {} on, and no file has it", id,
                    space.path.empty() ? "" : fmt::format(" ({})", space.path), space.first),
        "if it is in another directory, give it in innodb_directories; a server would not start without it either"});
  }
  return missing;
}

Result<> replay_first_pages(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read,
                            std::map<SpaceId, FirstPageReplay>& pages) {
  innodb::RedoParser parser{range.checkpoint, {.page_bytes = page_size_bytes}};
  Replayer replayer{pages};
  if (Result<> parsed = parse_range(range, read, parser, replayer); !parsed) return parsed;
  for (auto& [space, replay] : pages) {
    if (!replay.changed) continue;
    const Result<innodb::FirstPage> decoded = innodb::decode_first_page(replay.page);
    if (!decoded) return decoded.error().within(fmt::format("page 0 of space {} after recovery", space));
    innodb::seal_page(MutableBytes{replay.page}.first(decoded->format.physical_bytes), decoded->format);
  }
  return {};
}

}  // namespace donord
