#pragma once

// What a clone copies, as the donor machine sees it: the seam between the protocol and the data. A `DonorSource` is
// something that can be served (a data directory at rest, a live one, a snapshot); a `CloneView` is what one clone
// copies from it. The order of the calls is the order of the clone's states: files, then pages, then redo.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/source_position.hpp"

namespace donord {

/// Who the donor says it is.
struct SourceIdentity {
  std::string description;     ///< for people: "datadir /var/lib/mysql (at rest)"
  std::string server_version;  ///< "9.7.4": the server that wrote the files
  std::uint32_t page_size_bytes = 0;
  std::uint64_t file_count = 0;
  std::uint64_t data_bytes = 0;
  Lsn checkpoint_lsn;
  Lsn end_lsn;
};

enum class PageCompression { none, zlib, lz4 };

/// One file of the FILE COPY list. The meaning of the fields is that of the file metadata descriptor
/// (docs/clone-stream.md, "File metadata").
struct DataFile {
  std::string name;  ///< on the wire: "ibdata1", "undo_001", "./test/t1.ibd", "ib_buffer_pool"
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;  ///< st_blocks * 512
  std::uint32_t fsp_flags = 0;        ///< 0xFFFFFFFF for a file that is no tablespace
  std::uint32_t fs_block_size_bytes = 0;
  SpaceId space;                      ///< 0xFFFFFFFF for a file that is no tablespace
  std::uint32_t page_size_bytes = 0;  ///< physical page size; 0 for a file that is no tablespace
  PageCompression compression = PageCompression::none;
  bool encrypted = false;
};

/// A file that came, got another name, or a key, or lost it, or went since the recipient was told of it
/// (docs/clone-stream.md, "Concurrent DDL"). A created file has the next free index: that of the last file, or of the
/// last created one, and 1.
struct FileChange {
  enum class Kind { created, renamed, altered, removed };
  Kind kind = Kind::created;
  std::uint32_t file_index = 0;
  DataFile file;  ///< as it is now; of a removed one as it was
};

/// One page of the PAGE COPY list.
struct PageRef {
  std::uint32_t file_index = 0;    ///< that of a created file, too
  std::uint64_t offset_bytes = 0;  ///< in the file
  std::uint32_t length_bytes = 0;  ///< the file's physical page size
  std::uint64_t file_size_bytes = 0;
};

/// What PAGE COPY brings: the changes, in any order and one for a file at most, and then the pages, best in the order
/// of the files: a recipient opens a file whenever the index changes.
struct PagePlan {
  std::vector<FileChange> changes;
  std::vector<PageRef> pages;
  bool may_have_late_pages = false;

  [[nodiscard]] bool empty() const { return changes.empty() && pages.empty(); }
};

/// The redo the recipient gets: `file_count` files of `file_size_bytes` each, all full but the last, whose last
/// 512-byte block (the trailer) begins at `trailer_offset_bytes`. Header of a file: its first 2048 bytes. Files without
/// data follow when the recipient's server wants more files than there is redo for.
struct RedoPlan {
  std::uint64_t file_size_bytes = 0;
  std::uint32_t file_count = 0;
  std::uint64_t trailer_offset_bytes = 0;
  std::uint32_t empty_file_count = 0;  ///< behind the others; they have headers of zeros, too
  bool encrypted = false;              ///< the header of file 0 has a key in the clear, which the recipient wraps again
  std::vector<FileChange> changes;     ///< since the pages were planned
};

/// What one clone copies: it does not change while this object lives. Reads are thread-safe, and may block, all but
/// `read_file_if_cached`.
class CloneView {
 public:
  virtual ~CloneView() = default;

  /// The files of FILE COPY in wire order: system tablespace files adjacent and in order. They never change; what
  /// happens to the files themselves meanwhile is in the plans of the later states.
  [[nodiscard]] virtual const std::vector<DataFile>& files() const = 0;
  /// What is copied has keys in the clear: only a connection with TLS may carry it. May become true with the plan of a
  /// state.
  [[nodiscard]] virtual bool has_keys() const = 0;
  /// Bytes that the recipient's redo will take, for the estimate of disk space.
  [[nodiscard]] virtual std::uint64_t redo_capacity_bytes() const = 0;
  /// Equal for two views exactly when a clone begun from one can go on from the other: same files, same bytes.
  [[nodiscard]] virtual std::string fingerprint() const = 0;
  /// Where the source's server was when the clone began, if it was asked. The copy has at least what that position
  /// stands for, and what was committed until its redo ends.
  [[nodiscard]] virtual std::optional<SourcePosition> position() const { return {}; }

  /// Verified bytes of a file. `offset_bytes` and the length are multiples of its page size, except for a file that is
  /// no tablespace and at the end of the file. `Errc::checksum` names file, page, expected and found.
  [[nodiscard]] virtual Result<> read_file(std::size_t file_index, std::uint64_t offset_bytes,
                                           MutableBytes into) const = 0;

  /// As `read_file`, if that takes neither a disk nor a wait of another kind, nor repairs, nor long. Otherwise false,
  /// whatever the reason, and `read_file` has to tell; `into` is undefined then.
  [[nodiscard]] virtual bool read_file_if_cached(std::size_t /*file_index*/, std::uint64_t /*offset_bytes*/,
                                                 MutableBytes /*into*/) const {
    return false;
  }

  /// The files and pages that changed since FILE COPY began. Called once, when FILE COPY has ended; may take long.
  [[nodiscard]] virtual Result<PagePlan> begin_page_copy() = 0;
  [[nodiscard]] virtual Result<> read_page(const PageRef& page, MutableBytes into) const = 0;

  /// What has to go out behind the pages because the redo will not make up for it. Called when all pages that were
  /// planned have been read, until there is nothing more, and again when a recipient was cut off before it began with
  /// the redo; may take long. The last page is of a file with a higher index than any redo file will have: a recipient
  /// closes the file that it writes only when the next index is another one.
  [[nodiscard]] virtual Result<PagePlan> late_pages() { return PagePlan{}; }

  /// Called when there is nothing more to go before the redo; may take long. The changes are those since the last plan,
  /// that of a former call included.
  [[nodiscard]] virtual Result<RedoPlan> begin_redo_copy() = 0;
  /// Bytes of a redo file as the recipient shall have it, header and trailer included.
  [[nodiscard]] virtual Result<> read_redo(std::uint32_t redo_file_index, std::uint64_t offset_bytes,
                                           MutableBytes into) const = 0;
};

/// What a recipient asks of its donor when the clone begins.
struct CloneRequest {
  /// DDL shall wait until the clone has ended, and the clone so long for DDL that is under way. Absent: DDL goes on.
  std::optional<std::chrono::seconds> block_ddl;
  /// Asked now and then where something is waited for: true when nobody wants the clone any more.
  std::function<bool()> given_up = [] { return false; };
};

/// Something that can be served. Thread-safe.
class DonorSource {
 public:
  virtual ~DonorSource() = default;

  [[nodiscard]] virtual SourceIdentity identity() const = 0;

  /// Checks everything that can make a clone impossible and fixes what it copies. May block. `Errc::timeout` when DDL
  /// did not end in time. A source without a server has no DDL.
  [[nodiscard]] virtual Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest& request) = 0;
};

}  // namespace donord
