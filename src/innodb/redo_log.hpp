#pragma once

// The redo log as a whole: a chain of files that covers a range of LSNs, its newest checkpoint, and where it ends.
// Bytes come from a function of the caller, so that this works on files, on memory and on what a server still writes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_file_header.hpp"

namespace donord::innodb {

/// One in-use file `#ib_redo<id>`.
struct RedoFile {
  std::uint64_t id = 0;
  std::uint64_t size_bytes = 0;
  RedoFileStart start;

  [[nodiscard]] Lsn start_lsn() const { return start.header.start_lsn; }
  [[nodiscard]] Lsn end_lsn() const { return start_lsn() + (size_bytes - kRedoHeaderBytes); }
  [[nodiscard]] bool covers(Lsn lsn) const { return lsn >= start_lsn() && lsn < end_lsn(); }
};

/// The id in `#ib_redo<id>`; nothing for a spare file (`_tmp`) and any other name.
[[nodiscard]] std::optional<std::uint64_t> redo_file_id(std::string_view name);

/// Whether a file of this size with this header can be part of a log; all arithmetic with its LSNs is safe then.
[[nodiscard]] Result<> check_redo_file(const RedoFile& file);

/// How a log lies in its files.
class RedoLayout {
 public:
  virtual ~RedoLayout() = default;

  struct Place {
    std::size_t file = 0;            ///< index into the list of files
    std::uint64_t offset_bytes = 0;  ///< in that file
    std::uint64_t left_bytes = 0;    ///< from there to the end of that file
  };
  /// Where the byte at `lsn` stands; nothing when the log has no such place.
  [[nodiscard]] virtual std::optional<Place> find(Lsn lsn) const = 0;
  /// Looks at what is stored where the block beginning at `lsn` belongs.
  [[nodiscard]] virtual RedoBlock look_at(ByteView block, Lsn lsn) const = 0;
};

/// The in-use files of a log, oldest first, without gaps.
class RedoChain final : public RedoLayout {
 public:
  /// Checks sizes, ids, start LSNs, uuid and flags. The error says which file breaks the chain.
  [[nodiscard]] static Result<RedoChain> make(std::vector<RedoFile> files);

  [[nodiscard]] const std::vector<RedoFile>& files() const { return files_; }
  [[nodiscard]] const RedoFile& newest() const { return files_.back(); }
  [[nodiscard]] Lsn start_lsn() const { return files_.front().start_lsn(); }
  [[nodiscard]] Lsn end_lsn() const { return newest().end_lsn(); }

  /// The largest checkpoint of all slots of all files that lies in its own file. `Errc::not_found` when there is none.
  [[nodiscard]] Result<Lsn> newest_checkpoint() const;

  [[nodiscard]] std::optional<Place> find(Lsn lsn) const override;
  [[nodiscard]] RedoBlock look_at(ByteView block, Lsn lsn) const override { return look_at_redo_block(block, lsn); }

 private:
  std::vector<RedoFile> files_;
};

/// Fills `into` with the bytes of the log from an LSN on; asked only for whole blocks that the log has.
using RedoRead = std::function<Result<>(Lsn from, MutableBytes into)>;

/// Where the log ends, and why.
struct RedoEnd {
  Lsn end;                        ///< behind the last byte in use
  std::uint64_t block_count = 0;  ///< blocks from the start of the walk, the last short one included
  RedoBlockState stopped_at = RedoBlockState::other;  ///< what was found behind the last block
  bool in_short_block = false;                        ///< the last block is not full, as it normally is
};

/// Walks the blocks from the one that holds `from` to the end of the log. `Errc::unsupported_version` when a block is
/// encrypted.
[[nodiscard]] Result<RedoEnd> find_redo_end(const RedoLayout& log, Lsn from, const RedoRead& read);

/// The first block behind the end of the log that is none the less where it belongs: the log was damaged in between, or
/// a write of several blocks was torn by a power failure. Nothing when there is none in the next 64 MiB, which no
/// single write of a server exceeds.
[[nodiscard]] Result<std::optional<Lsn>> find_redo_behind(const RedoLayout& log, const RedoEnd& end,
                                                          const RedoRead& read);

/// The position that an LSN on a block boundary stands for: the first byte behind that block's header.
[[nodiscard]] constexpr Lsn skip_block_header(Lsn lsn) {
  return lsn.value() % kRedoBlockBytes == 0 ? lsn + kRedoBlockHeaderBytes : lsn;
}

}  // namespace donord::innodb
