#pragma once

// The redo log as groups of records. A group is what InnoDB calls a mini-transaction: its records are applied together
// or not at all, so nothing is handed out before its group is complete. Blocks go in one after the other, complete
// groups come out:
//
//   struct Pages : RedoSink {
//     Result<> group(const RedoGroup& group) override {
//       for (const RedoRecord& record : group.records)
//         if (names_a_page(record.type)) touched.insert({record.space, record.page});
//       return {};
//     }
//   };
//   RedoParser parser{checkpoint};
//   for (Lsn lsn = checkpoint.block_start(); ...; lsn = lsn + kRedoBlockBytes)
//     if (Result<> fed = parser.feed(lsn, block, pages); !fed) return fed;
//   if (parser.complete_until() ...)
//
// A checkpoint may lie inside a record: parsing begins at the first group that begins in the block of the checkpoint or
// a later one, hence possibly with records before the checkpoint. They are handed out like all others; who applies
// records compares LSNs.
//
// Every block's `first_rec_group` is compared with where the parse says that groups begin: an integrity check that does
// not depend on the records. Any error is final.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_lsn.hpp"
#include "innodb/redo_record.hpp"
#include "innodb/redo_scan.hpp"

namespace donord::innodb {

/// A complete group. The records, and the bytes they refer to, are valid during the call only.
struct RedoGroup {
  Lsn start;  ///< of its first byte
  Lsn end;    ///< behind its last byte, the closing MULTI_REC_END included: the LSN that its pages get
  std::span<const RedoRecord> records;  ///< without DUMMY and MULTI_REC_END; may be empty
};

/// Gets the groups, in the order of the log. An error ends the parse and is returned by `feed()`.
class RedoSink {
 public:
  virtual ~RedoSink() = default;
  [[nodiscard]] virtual Result<> group(const RedoGroup& group) = 0;
};

struct RedoParserLimits {
  /// What one unfinished group may need, its bytes and the list of its records (64 bytes each); twice that may be
  /// reserved. Groups of servers have some hundred kilobytes, and a server cannot recover one above its
  /// innodb_log_buffer_size, which is 64 MiB by default: this is room for that.
  std::size_t group_bytes = std::size_t{256} << 20;
  /// The logical page size where it is known. Offsets and lengths in records are compared with it.
  std::uint32_t page_bytes = 65536;
};

/// What has been read so far.
struct RedoCounts {
  std::uint64_t blocks = 0;         ///< fed; one that was fed again because it had grown counts once
  std::uint64_t payload_bytes = 0;  ///< parsed, those of the unfinished group included
  std::uint64_t groups = 0;
  std::uint64_t records = 0;  ///< of complete groups, without DUMMY and MULTI_REC_END
};

class RedoParser {
 public:
  /// `checkpoint` may be anywhere in its block.
  explicit RedoParser(Lsn checkpoint, RedoParserLimits limits = {});

  /// Takes the block that begins at `lsn`: 512 bytes that the caller found to be current (`look_at_redo_block`) and has
  /// decrypted; checksum and trailer are not looked at. The first block is that of the checkpoint, each further one
  /// follows its predecessor. A block that is not full may be fed again, under the same LSN, when it has grown: this is
  /// how the end of a live log is followed.
  ///
  /// `Errc::malformed` for bytes that are no redo, naming LSN, type and what was wrong, and for a block whose
  /// `first_rec_group` is not where the parse has the first group. `Errc::unsupported_version` for records of servers
  /// before 8.0.28. `Errc::exhausted` for a group above the limit. `Errc::conflict` for a block that does not follow,
  /// or is fed again with other contents. After an error every call returns it again.
  [[nodiscard]] Result<> feed(Lsn lsn, ByteView block, RedoSink& sink);

  /// Where the last complete group ends, the last that a sink was given; before there is one, where the first begins;
  /// nothing as long as no block said where a group begins. What follows up to `read_until()` belongs to a group that
  /// the log does not have whole: at the end of the log of a crashed server that is normal, and recovery ignores it.
  [[nodiscard]] std::optional<Lsn> complete_until() const;

  /// The bytes of that group, from `complete_until()` to `read_until()`.
  [[nodiscard]] ByteView unfinished() const { return unfinished_; }

  /// Behind the last payload byte that was fed.
  [[nodiscard]] Lsn read_until() const { return read_until_; }

  [[nodiscard]] const RedoCounts& counts() const { return counts_; }

 private:
  struct Block;
  struct BodyPlace {
    std::size_t at = 0;  ///< in the group
    std::size_t bytes = 0;
  };

  [[nodiscard]] Result<> take(const Block& block, RedoSink& sink);
  [[nodiscard]] Result<ByteView> new_payload(const Block& block);
  [[nodiscard]] Result<ByteView> with_unfinished(ByteView payload);
  [[nodiscard]] Result<> parse(const Block& block, ByteView bytes, RedoSink& sink);
  [[nodiscard]] Result<> add_record(const RedoScan& scan);
  [[nodiscard]] Result<> finish_group(const Block& block, ByteView bytes, RedoSink& sink);
  void keep_unfinished(ByteView bytes);
  [[nodiscard]] Result<> group_begins(Lsn start, const Block& block);
  [[nodiscard]] Result<> check_first_group(const Block& block) const;
  [[nodiscard]] Lsn position() const { return redo_position(*group_start_ + parsed_bytes_); }

  RedoParserLimits limits_;
  std::optional<Error> error_;
  RedoCounts counts_;

  Lsn block_;  ///< that was fed last, or is to be fed first
  bool full_ = false;
  Bytes short_payload_;               ///< of that block, if it was not full: it may come again
  std::uint16_t first_group_at_ = 0;  ///< offset of the first group that begins in it, as far as it is parsed
  Lsn read_until_;

  std::optional<std::uint64_t> group_start_;  ///< payload bytes before the current group; nothing before the first one
  Bytes unfinished_;                          ///< of the current group, what came in earlier blocks
  std::size_t parsed_bytes_ = 0;              ///< of the current group
  std::size_t needed_bytes_ = 1;              ///< of the current group, before there is anything to parse
  std::vector<RedoRecord> records_;           ///< of the current group
  std::vector<BodyPlace> bodies_;  ///< where the bodies of `records_` are: bytes move until the group is whole
};

}  // namespace donord::innodb
