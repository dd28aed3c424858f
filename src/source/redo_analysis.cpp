#include "source/redo_analysis.hpp"

#include "base/endian.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_lsn.hpp"
#include "innodb/redo_scan.hpp"
#include "innodb/redo_writer.hpp"
#include "innodb/space_id.hpp"
#include "source/redo_walk.hpp"

namespace donord {

namespace {

using innodb::RedoRecord;
using innodb::RedoType;

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
    space.changed = true;
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

std::vector<Bytes> metadata_of(ByteView unfinished_group, std::uint32_t page_size_bytes) {
  std::vector<Bytes> groups;
  for (ByteView rest = unfinished_group; !rest.empty();) {
    const innodb::RedoScan scan = innodb::scan_redo_record(rest, page_size_bytes);
    if (scan.state != innodb::RedoScanState::complete) break;
    if (scan.type == RedoType::table_dynamic_meta) {
      innodb::RedoGroupWriter group;
      group.add(scan.type, rest.first(scan.bytes).subspan(scan.body_at));
      groups.push_back(std::move(group).finish());
    }
    rest = rest.subspan(scan.bytes);
  }
  return groups;
}

}  // namespace

Result<RedoAnalysis> analyze_redo(const RedoRange& range, std::uint32_t page_size_bytes, const innodb::RedoRead& read) {
  RedoAnalysis analysis;
  innodb::RedoParser parser{range.checkpoint, {.page_bytes = page_size_bytes}};
  Analyst analyst{analysis};
  if (Result<> parsed = parse_redo(range, read, parser, analyst); !parsed) return parsed.error();
  analysis.counts = parser.counts();
  // A checkpoint is behind whole groups: where none begins behind it, the last one ends with the log.
  analysis.complete_until = parser.complete_until().value_or(range.end);
  analysis.unfinished_metadata = metadata_of(parser.unfinished(), page_size_bytes);
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
    if (!space.changed || space.deleted || may_be_missing(id) || present.contains(id)) continue;
    missing.push_back(Error{
        Errc::not_found,
        fmt::format("the redo log changes tablespace {}{} from LSN {} on, and no file has it", id,
                    space.path.empty() ? "" : fmt::format(" ({})", space.path), space.first),
        "if it is in another directory, give it in innodb_directories; a server would not start without it either"});
  }
  return missing;
}

}  // namespace donord
