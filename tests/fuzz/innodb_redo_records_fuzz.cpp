// Any bytes as redo records: a log whose blocks are right, so that nothing but records can be wrong, and blocks as they
// are. What comes out is whole, in order and inside of the input; groups are where a walk over the same records,
// without blocks, finds them.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/endian.hpp"
#include "innodb/redo_apply.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_decode.hpp"
#include "innodb/redo_parser.hpp"
#include "innodb/redo_scan.hpp"
#include "innodb/undo_apply.hpp"

namespace {

using namespace donord;
using namespace donord::innodb;

constexpr Lsn kStart{8192};

template <class View>
void must_decode(const Result<View>& view) {
  if (!view) std::abort();
}

void look_at(const RedoRecord& record, Bytes& page) {
  if (record.type == RedoType::file_create) must_decode(decode_file_create(record));
  if (record.type == RedoType::file_rename) must_decode(decode_file_rename(record));
  if (record.type == RedoType::file_delete) must_decode(decode_file_delete(record));
  if (record.type == RedoType::file_extend) must_decode(decode_file_extend(record));
  if (record.type == RedoType::index_load) must_decode(decode_index_load(record));
  if (record.type == RedoType::table_dynamic_meta) must_decode(decode_table_dynamic_meta(record));
  // A page has the size that the parser was told, or, in a ZIP tablespace, a smaller one.
  // Of undo pages, only what makes a page one fits every page.
  const Result<> applied = apply_to_page(record, page);
  if (can_apply_to_page(record.type) && (!is_undo_record(record.type) || record.type == RedoType::undo_init))
    must_decode(applied);
  (void)apply_to_page(record, MutableBytes{page}.first(1024));
}

class Checks : public RedoSink {
 public:
  explicit Checks(std::uint32_t page_bytes) : page_(page_bytes) {}

  Result<> group(const RedoGroup& group) override {
    if (group.start < end_ || group.end <= group.start) std::abort();
    Lsn at = group.start;
    for (const RedoRecord& record : group.records) {
      if (record.start < at || record.end <= record.start || record.end > group.end) std::abort();
      if (record.body.size() > redo_payload_between(record.start, record.end)) std::abort();
      at = record.end;
      look_at(record, page_);
    }
    end_ = group.end;
    return {};
  }

 private:
  Bytes page_;
  Lsn end_;
};

/// Offsets behind the groups that the bytes begin with.
std::vector<std::size_t> ends_of_groups(ByteView bytes, std::uint32_t page_bytes) {
  std::vector<std::size_t> ends;
  bool inside = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const RedoScan scan = scan_redo_record(bytes.subspan(at), page_bytes);
    if (scan.state == RedoScanState::incomplete && scan.bytes <= bytes.size() - at) std::abort();
    if (scan.state != RedoScanState::complete || (scan.single && inside)) break;
    if (scan.bytes > bytes.size() - at || scan.body_at > scan.bytes) std::abort();
    at += scan.bytes;
    const bool ends_group = scan.single || scan.type == RedoType::multi_rec_end;
    if (ends_group) ends.push_back(at);
    inside = !ends_group && (inside || scan.type != RedoType::dummy_record);
  }
  return ends;
}

/// `first_rec_group` of the block that begins at `lsn`.
std::uint16_t first_group(Lsn lsn, const std::vector<std::size_t>& ends) {
  if (lsn == kStart) return kRedoBlockHeaderBytes;
  const std::uint64_t before = redo_payload_between(kStart + kRedoBlockHeaderBytes, lsn + kRedoBlockHeaderBytes);
  const auto first = std::ranges::lower_bound(ends, before);
  if (first == ends.end() || *first - before >= kRedoPayloadBytes) return 0;
  return static_cast<std::uint16_t>(*first - before + kRedoBlockHeaderBytes);
}

void parse_as_log(ByteView bytes, std::uint32_t page_bytes) {
  const std::vector<std::size_t> ends = ends_of_groups(bytes, page_bytes);
  Checks sink{page_bytes};
  RedoParser parser{kStart, {.group_bytes = 64U << 20, .page_bytes = page_bytes}};
  Lsn lsn = kStart;
  for (ByteView rest = bytes; !rest.empty(); lsn = lsn + kRedoBlockBytes) {
    const std::size_t count = std::min<std::size_t>(rest.size(), kRedoPayloadBytes);
    if (!parser.feed(lsn, make_redo_block(lsn, rest.first(count), first_group(lsn, ends)), sink)) break;
    rest = rest.subspan(count);
  }
  if (parser.counts().groups != ends.size()) std::abort();
  const Lsn end = advance_redo(kStart + kRedoBlockHeaderBytes, ends.empty() ? 0 : ends.back());
  if (parser.counts().blocks > 0 && parser.complete_until() != end) std::abort();
}

void parse_as_blocks(ByteView bytes) {
  if (bytes.size() < kRedoBlockBytes) return;
  const Lsn start{std::uint64_t{(load_u32be(bytes, 0) & 0x7FFFFFFF) - 1} * kRedoBlockBytes};
  Checks sink{65536};
  RedoParser parser{start};
  for (Lsn lsn = start; bytes.size() >= kRedoBlockBytes; lsn = lsn + kRedoBlockBytes) {
    if (!parser.feed(lsn, bytes.first(kRedoBlockBytes), sink)) return;
    if (parser.complete_until() && *parser.complete_until() > parser.read_until()) std::abort();
    bytes = bytes.subspan(kRedoBlockBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{data, size};
  parse_as_log(bytes, 65536);
  parse_as_log(bytes, 4096);
  parse_as_blocks(bytes);
  return 0;
}
