#pragma once

// Redo records, groups and whole logs made byte by byte, for tests that then damage them.

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/bytes.hpp"
#include "base/endian.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_lsn.hpp"
#include "innodb/redo_record.hpp"

namespace donord::testing {

/// Fields of a record, in the order in which they are added.
class RedoFields {
 public:
  RedoFields& u1(std::uint64_t value) { return be<1>(value); }
  RedoFields& u2(std::uint64_t value) { return be<2>(value); }
  RedoFields& u4(std::uint64_t value) { return be<4>(value); }
  RedoFields& u8(std::uint64_t value) { return be<8>(value); }

  /// The shortest form.
  RedoFields& compressed32(std::uint32_t value) {
    if (value < 0x80) return be<1>(value);
    if (value < 0x4000) return be<2>(0x8000 | value);
    if (value < 0x200000) return be<3>(0xC00000 | value);
    if (value < 0x10000000) return be<4>(0xE0000000 | value);
    if (value >= 0xFFFFFC00) return be<2>(0xF800 | (value & 0x3FF));
    if (value >= 0xFFFE0000) return be<3>(0xFC0000 | (value & 0x1FFFF));
    if (value >= 0xFF000000) return be<4>(0xFE000000 | (value & 0xFFFFFF));
    return be<1>(0xF0).be<4>(value);
  }

  RedoFields& compressed64(std::uint64_t value) {
    return compressed32(static_cast<std::uint32_t>(value >> 32)).be<4>(value & 0xFFFFFFFF);
  }

  RedoFields& much_compressed64(std::uint64_t value) {
    const auto high = static_cast<std::uint32_t>(value >> 32);
    if (high != 0) be<1>(0xFF).compressed32(high);
    return compressed32(static_cast<std::uint32_t>(value));
  }

  RedoFields& bytes(ByteView value) {
    append(bytes_, value);
    return *this;
  }

  /// Zeros.
  RedoFields& filler(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }

  /// With its length in front and a NUL at its end.
  RedoFields& path(std::string_view value) {
    be<2>(value.size() + 1).bytes(as_bytes(value));
    return be<1>(0);
  }

  operator const Bytes&() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  template <std::size_t N>
  RedoFields& be(std::uint64_t value) {
    bytes_.resize(bytes_.size() + N);
    store_be<N>(bytes_.data() + bytes_.size() - N, value);
    return *this;
  }

  Bytes bytes_;
};

struct RedoRecordSpec {
  innodb::RedoType type = innodb::RedoType::four_bytes;
  Bytes body = {};
  SpaceId space{7};
  PageNo page{0};
  bool single = false;
};

inline Bytes make_redo_record(const RedoRecordSpec& spec) {
  RedoFields fields;
  fields.u1(static_cast<std::uint8_t>(spec.type) | (spec.single ? 0x80U : 0U));
  const bool marker = spec.type == innodb::RedoType::multi_rec_end || spec.type == innodb::RedoType::dummy_record;
  if (!marker && spec.type != innodb::RedoType::table_dynamic_meta)
    fields.compressed32(spec.space.value()).compressed32(spec.page.value());
  return fields.bytes(spec.body);
}

/// A group of one record.
inline Bytes make_redo_group(RedoRecordSpec record) {
  record.single = true;
  return make_redo_record(record);
}

/// A group of several records and its end.
inline Bytes make_redo_group(std::initializer_list<RedoRecordSpec> records) {
  Bytes group;
  for (const RedoRecordSpec& record : records) append(group, make_redo_record(record));
  group.push_back(static_cast<std::uint8_t>(innodb::RedoType::multi_rec_end));
  return group;
}

/// WRITE_STRING of zeros: a record of a size of one's choice. Its group of one is 7 bytes longer.
inline RedoRecordSpec padding_record(std::size_t count) {
  return {.type = innodb::RedoType::write_string, .body = RedoFields{}.u2(0).u2(count).filler(count)};
}
inline constexpr std::size_t kPaddingOverhead = 7;

/// Groups as the blocks of a log. Begins at byte 12 of a block.
class RedoLogBuilder {
 public:
  explicit RedoLogBuilder(Lsn first_block = Lsn{8192}) : first_block_(first_block) {}

  /// Returns the LSN of its first byte.
  Lsn add(ByteView group) {
    const Lsn start = end();
    starts_.push_back(start);
    append(payload_, group);
    return start;
  }

  /// Behind the last byte.
  [[nodiscard]] Lsn end() const {
    return innodb::advance_redo(first_block_ + innodb::kRedoBlockHeaderBytes, payload_.size());
  }

  [[nodiscard]] Lsn first_block() const { return first_block_; }

  /// As a server writes them: `first_rec_group` also says where the next group is going to begin. One that the log has
  /// not reached is empty.
  [[nodiscard]] innodb::RedoBlockBytes block(Lsn lsn) const {
    const std::size_t at = (lsn - first_block_) / innodb::kRedoBlockBytes * innodb::kRedoPayloadBytes;
    const auto next = std::ranges::lower_bound(starts_, lsn);
    const Lsn group = next == starts_.end() ? end() : *next;
    const ByteView rest = ByteView{payload_}.subspan(std::min(at, payload_.size()));
    return innodb::make_redo_block(
        lsn, rest.first(std::min<std::size_t>(rest.size(), innodb::kRedoPayloadBytes)),
        group.block_start() == lsn ? static_cast<std::uint16_t>(group - lsn) : std::uint16_t{0});
  }

  [[nodiscard]] std::vector<innodb::RedoBlockBytes> blocks() const {
    std::vector<innodb::RedoBlockBytes> blocks;
    for (std::size_t at = 0; at < payload_.size() || blocks.empty(); at += innodb::kRedoPayloadBytes)
      blocks.push_back(block(first_block_ + blocks.size() * innodb::kRedoBlockBytes));
    return blocks;
  }

 private:
  Lsn first_block_;
  std::vector<Lsn> starts_;
  Bytes payload_;
};

/// Reads a log as it is now. Beyond its end there are zeros.
inline innodb::RedoRead read_of(const RedoLogBuilder& log) {
  return [first = log.first_block(), blocks = log.blocks()](Lsn from, MutableBytes into) -> Result<> {
    for (std::size_t at = 0; at < into.size(); at += innodb::kRedoBlockBytes) {
      const std::uint64_t number = (from + at - first) / innodb::kRedoBlockBytes;
      const innodb::RedoBlockBytes block = number < blocks.size() ? blocks[number] : innodb::RedoBlockBytes{};
      std::ranges::copy(block, into.subspan(at).begin());
    }
    return {};
  };
}

}  // namespace donord::testing
