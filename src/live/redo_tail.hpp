#pragma once

// Follows the redo log of a running server from outside, by reading its files as the server writes them:
//
//   Result<RedoTail> tail = RedoTail::open(datadir / "#innodb_redo");   // stands at the newest checkpoint
//   for (;;) {
//     const Result<RedoPiece> piece = tail->read(buffer);
//     if (!piece) return piece.error();                                  // final
//     if (piece->bytes == 0) wait a little; else take the blocks
//   }
//
// The server renames, resizes, rewrites and reuses the files all the time (docs/innodb-files.md, "Live: rename,
// recycle, resize"). An open descriptor may become another file of the log without notice. So nothing is believed
// because of a file's name: a block is taken only if its number, epoch and checksum are those of its LSN, and what does
// not fit is looked at again, with a fresh listing, before it is called an error. Blocks that were overwritten before
// they were read are never passed over in silence.
//
// The server must read often enough that it is not overtaken: its log is a ring of innodb_redo_log_capacity bytes.
//
// What this cannot see: a server that was killed and recovered goes on in the same log and may write other records
// under LSNs that were read already. Who holds on to what was read watches the server's process.
//
// For one thread.

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_file_header.hpp"
#include "source/redo_directory.hpp"

namespace donord {

/// Blocks that follow each other, at the beginning of the buffer that `read()` was given.
struct RedoPiece {
  Lsn start;              ///< of the first block
  std::size_t bytes = 0;  ///< whole blocks; 0: there is nothing new
  /// The last block is not full. It is the beginning of the next piece that is not empty, with more in it.
  bool provisional = false;
};

struct RedoTailOptions {
  /// How often something that does not fit is looked at, and the time between two looks.
  unsigned attempts = 50;
  std::chrono::milliseconds pause{5};
};

class RedoTail {
 public:
  /// `directory` is `#innodb_redo`. Reading begins at the block of the newest checkpoint.
  [[nodiscard]] static Result<RedoTail> open(std::filesystem::path directory, RedoTailOptions options = {});

  /// The newest checkpoint, read anew from the headers of all files; never lower than before. Errors as from `read()`.
  /// Once it is ahead of the position, `read()` no longer takes blocks that it does not find for blocks yet to come.
  [[nodiscard]] Result<Lsn> newest_checkpoint();

  /// The header of the file that held the checkpoint when `newest_checkpoint()` was called last: the only one whose
  /// encryption information is valid, from which `redo_cipher_of()` makes the cipher of encrypted blocks. A log without
  /// a key may get one at any time.
  [[nodiscard]] const innodb::RedoFileStart& checkpoint_file_start() const { return checkpoint_file_start_; }

  /// Goes on at this block; what `read()` gave before does not matter.
  void seek(Lsn block_start);

  /// The block that is to be read next: behind the last full one.
  [[nodiscard]] Lsn position() const { return position_; }

  /// The next blocks, as many as there are and the buffer (at least one block) holds, of one file. Encrypted blocks are
  /// given as they are stored, with their checksum inside, so that what is given may have been read while it was
  /// written (that happens): who decrypts a block and finds it torn drops it and all behind it, and seeks back to it.
  ///
  /// Errors are final. `Errc::conflict`: the redo was overwritten before it was read, or is that of another log by now,
  /// or was cut off. `Errc::redo_disabled`: redo logging is switched off, so that changes are missing from here on.
  /// `Errc::malformed`: the files leave a gap. `Errc::checksum`: a damaged block with good ones behind it.
  [[nodiscard]] Result<RedoPiece> read(MutableBytes buffer);

 private:
  using Files = std::vector<OpenRedoFile>;

  RedoTail(std::filesystem::path directory, RedoTailOptions options)
      : directory_(std::move(directory)), options_(options) {}

  template <class Look>
  [[nodiscard]] auto patiently(Look look) -> decltype(look());

  [[nodiscard]] Result<Files> list() const;
  [[nodiscard]] Result<> check_logging_from(Lsn from, const Files& files) const;
  [[nodiscard]] Result<> excuse_older_files();
  [[nodiscard]] Result<> check_header(const innodb::RedoFileHeader& header) const;
  [[nodiscard]] Result<Lsn> look_for_checkpoint();
  [[nodiscard]] Result<RedoPiece> look_for_blocks(MutableBytes buffer);
  [[nodiscard]] Result<bool> find_file();
  [[nodiscard]] Result<> check_file();
  [[nodiscard]] Result<RedoPiece> take(MutableBytes buffer);
  [[nodiscard]] Result<std::size_t> read_file(Lsn from, MutableBytes into) const;
  [[nodiscard]] Result<> explain(ByteView blocks) const;
  [[nodiscard]] Error overwritten(std::string_view found) const;

  std::filesystem::path directory_;
  RedoTailOptions options_;
  std::optional<std::uint32_t> uuid_;  ///< of the log, once it is known
  std::optional<Lsn> checkpoint_;
  Lsn excused_before_;  ///< files that begin earlier may say that logging is off: it was on again when this began
  innodb::RedoFileStart checkpoint_file_start_;

  Lsn position_;
  std::uint16_t provisional_bytes_ = 0;  ///< data length of the block at `position_` when it was given; 0: it was not
  std::optional<OpenRedoFile> file_;     ///< that had `position_` when it was opened
};

}  // namespace donord
