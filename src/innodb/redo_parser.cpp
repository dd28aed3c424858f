#include "innodb/redo_parser.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/endian.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kNumberOffset = 0;
constexpr std::size_t kDataBytesOffset = 4;
constexpr std::size_t kFirstRecGroupOffset = 6;
constexpr std::uint32_t kNumberBits = 0x7FFFFFFF;
constexpr std::uint16_t kDataBytesBits = 0x7FFF;
constexpr std::uint16_t kPayloadEnd = kRedoBlockBytes - kRedoBlockTrailerBytes;

Error malformed_block(Lsn lsn, std::string_view problem) {
  return {Errc::malformed, fmt::format("redo block at LSN {}: {}", lsn, problem)};
}

}  // namespace

/// A block with a header that makes sense.
struct RedoParser::Block {
  Lsn lsn;
  bool full = false;
  std::uint16_t data_bytes = 0;
  std::uint16_t first_rec_group = 0;
  ByteView payload;

  static Result<Block> decode(Lsn lsn, ByteView bytes) {
    if (bytes.size() != kRedoBlockBytes || lsn != lsn.block_start())
      return malformed_block(lsn, fmt::format("{} bytes instead of a block", bytes.size()));
    Block block{.lsn = lsn};
    const std::uint32_t number = load_u32be(bytes, kNumberOffset) & kNumberBits;
    if (number != redo_block_number(lsn))
      return malformed_block(lsn, fmt::format("number {} expected, {} found", redo_block_number(lsn), number));
    block.data_bytes = load_u16be(bytes, kDataBytesOffset) & kDataBytesBits;
    block.full = block.data_bytes == kRedoBlockBytes;
    if (block.data_bytes < kRedoBlockHeaderBytes || (block.data_bytes > kPayloadEnd && !block.full))
      return malformed_block(lsn, fmt::format("impossible data length {}", block.data_bytes));
    block.first_rec_group = load_u16be(bytes, kFirstRecGroupOffset);
    const bool none = block.first_rec_group == 0;
    const bool inside = block.first_rec_group >= kRedoBlockHeaderBytes && block.first_rec_group < kPayloadEnd &&
                        block.first_rec_group <= block.data_bytes;
    if (!none && !inside)
      return malformed_block(lsn, fmt::format("impossible first_rec_group {}", block.first_rec_group));
    const std::size_t end = std::min(block.data_bytes, kPayloadEnd);
    block.payload = bytes.subspan(kRedoBlockHeaderBytes, end - kRedoBlockHeaderBytes);
    return block;
  }
};

RedoParser::RedoParser(Lsn checkpoint, RedoParserLimits limits)
    : limits_(limits), block_(checkpoint.block_start()), read_until_(block_ + kRedoBlockHeaderBytes) {}

std::optional<Lsn> RedoParser::complete_until() const {
  if (!group_start_) return std::nullopt;
  return redo_position(*group_start_);
}

Result<> RedoParser::feed(Lsn lsn, ByteView bytes, RedoSink& sink) {
  if (error_) return *error_;
  const Result<Block> block = Block::decode(lsn, bytes);
  Result<> taken = block ? take(*block, sink) : block.error();
  if (!taken) error_ = taken.error();
  return taken;
}

Result<> RedoParser::take(const Block& block, RedoSink& sink) {
  const Result<ByteView> payload = new_payload(block);
  if (!payload) return payload.error();
  block_ = block.lsn;
  full_ = block.full;
  short_payload_.clear();
  if (!full_) append(short_payload_, block.payload);
  read_until_ = advance_redo(block.lsn + kRedoBlockHeaderBytes, block.payload.size());
  if (!group_start_) return {};

  if (first_group_at_ != 0)
    if (Result<> first = check_first_group(block); !first) return first;
  counts_.payload_bytes += payload->size();
  const Result<ByteView> bytes = with_unfinished(*payload);
  if (!bytes) return bytes.error();
  if (Result<> parsed = parse(block, *bytes, sink); !parsed) return parsed;
  return check_first_group(block);
}

/// What of the block has not been parsed. Finds where the first group of all begins.
Result<ByteView> RedoParser::new_payload(const Block& block) {
  const bool again = counts_.blocks > 0 && block.lsn == block_ && !full_;
  const Lsn next = counts_.blocks > 0 && full_ ? block_ + kRedoBlockBytes : block_;
  if (block.lsn != next)
    return Error{Errc::conflict, fmt::format("redo block at LSN {} instead of the one at {}", block.lsn, next)};
  if (again &&
      !std::ranges::equal(short_payload_, block.payload.first(std::min(short_payload_.size(), block.payload.size()))))
    return Error{Errc::conflict, fmt::format("redo block at LSN {}: what was there before is gone", block.lsn)};

  if (!again) {
    counts_.blocks += 1;
    first_group_at_ = 0;
    if (group_start_ && unfinished_.empty()) first_group_at_ = kRedoBlockHeaderBytes;
  }
  if (!group_start_ && block.first_rec_group != 0) {
    first_group_at_ = block.first_rec_group;
    group_start_ = redo_payload_before(block.lsn + first_group_at_);
    return block.payload.subspan(first_group_at_ - kRedoBlockHeaderBytes);
  }
  return block.payload.subspan(again ? short_payload_.size() : 0);
}

/// The current group's bytes up to the end of the new ones. Those of a group that is inside of one block are not
/// copied.
Result<ByteView> RedoParser::with_unfinished(ByteView payload) {
  if (unfinished_.empty()) return payload;
  const std::size_t memory =
      unfinished_.size() + payload.size() + records_.size() * (sizeof(RedoRecord) + sizeof(BodyPlace));
  if (memory > limits_.group_bytes)
    return Error{Errc::exhausted, fmt::format("the group of redo records at LSN {} needs more than {} bytes of memory",
                                              redo_position(*group_start_), limits_.group_bytes)};
  append(unfinished_, payload);
  return ByteView{unfinished_};
}

Result<> RedoParser::parse(const Block& block, ByteView bytes, RedoSink& sink) {
  while (bytes.size() >= needed_bytes_) {
    const RedoScan scan = scan_redo_record(bytes.subspan(parsed_bytes_), limits_.page_bytes);
    if (scan.state == RedoScanState::incomplete) {
      needed_bytes_ = parsed_bytes_ + scan.bytes;
      break;
    }
    if (Result<> added = add_record(scan); !added) return added;
    parsed_bytes_ += scan.bytes;
    needed_bytes_ = parsed_bytes_ + 1;
    if (!scan.single && scan.type != RedoType::multi_rec_end) continue;

    const std::size_t group_bytes = parsed_bytes_;
    if (Result<> finished = finish_group(block, bytes, sink); !finished) return finished;
    bytes = bytes.subspan(group_bytes);
  }
  keep_unfinished(bytes);
  return {};
}

Result<> RedoParser::add_record(const RedoScan& scan) {
  RedoRecord record{.type = scan.type, .single = scan.single, .space = scan.space, .page = scan.page};
  record.start = position();
  if (scan.state == RedoScanState::unsupported)
    return Error{Errc::unsupported_version, fmt::format("{}: {}", describe(record), scan.problem)};
  const char* problem = scan.state == RedoScanState::malformed ? scan.problem : nullptr;
  if (scan.single && !records_.empty()) problem = "it says that it is alone, inside of a group";
  if (problem != nullptr)
    return Error{Errc::malformed,
                 fmt::format("{} (page {} of space {}): {}", describe(record), record.page, record.space, problem)};

  if (scan.type == RedoType::dummy_record || scan.type == RedoType::multi_rec_end) return {};
  record.end = redo_position(*group_start_ + parsed_bytes_ + scan.bytes);
  records_.push_back(record);
  bodies_.push_back({.at = parsed_bytes_ + scan.body_at, .bytes = scan.bytes - scan.body_at});
  return {};
}

/// `bytes` begin with the group.
Result<> RedoParser::finish_group(const Block& block, ByteView bytes, RedoSink& sink) {
  const Lsn start = redo_position(*group_start_);
  for (std::size_t i = 0; i < records_.size(); ++i) records_[i].body = bytes.subspan(bodies_[i].at, bodies_[i].bytes);
  const Lsn end = position();
  if (Result<> begins = group_begins(end, block); !begins) return begins;

  *group_start_ += parsed_bytes_;
  parsed_bytes_ = 0;
  needed_bytes_ = 1;
  counts_.groups += 1;
  counts_.records += records_.size();
  Result<> taken = sink.group({.start = start, .end = end, .records = records_});
  records_.clear();
  bodies_.clear();
  return taken;
}

/// `bytes` are what is left of the block, or of `unfinished_`.
void RedoParser::keep_unfinished(ByteView bytes) {
  if (unfinished_.empty()) {
    append(unfinished_, bytes);
    return;
  }
  const std::size_t finished = unfinished_.size() - bytes.size();
  unfinished_.erase(unfinished_.begin(), unfinished_.begin() + static_cast<std::ptrdiff_t>(finished));
}

/// The group that begins at `start` may be the first to begin in the block.
Result<> RedoParser::group_begins(Lsn start, const Block& block) {
  if (first_group_at_ != 0 || start.block_start() != block.lsn) return {};
  first_group_at_ = static_cast<std::uint16_t>(start - block.lsn);
  return check_first_group(block);
}

Result<> RedoParser::check_first_group(const Block& block) const {
  if (first_group_at_ == block.first_rec_group) return {};
  // Where the log ends with a group, nothing begins yet; servers note the place all the same.
  if (block.first_rec_group == 0 && first_group_at_ == block.data_bytes) return {};
  return malformed_block(
      block.lsn, fmt::format("the first group that begins in it is at {} by its records, at {} by its first_rec_group",
                             first_group_at_, block.first_rec_group));
}

}  // namespace donord::innodb
