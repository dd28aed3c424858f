#pragma once

// The files of one live clone: read while the server writes them, and followed through renames and removals.

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <type_traits>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "live/live_waits.hpp"
#include "live/redo_watch.hpp"
#include "live/space_fates.hpp"
#include "source/file_cache.hpp"
#include "source/tablespace_file.hpp"

namespace donord {

/// Thread-safe.
class LiveFiles {
 public:
  /// What happened to files is looked up in the log from `since` on.
  LiveFiles(std::vector<TablespaceFile> files, std::filesystem::path datadir, std::shared_ptr<RedoWatch> watch,
            Lsn since, std::shared_ptr<FileCache> cache, LiveWaits waits = {});

  [[nodiscard]] std::size_t size() const;
  /// As it was identified last.
  [[nodiscard]] std::shared_ptr<const TablespaceFile> file(std::size_t index) const { return copy_of(index).file; }

  /// Pages as they are on disk, whole ones: a torn one is read again until it is whole, one that was never written is
  /// made a valid empty page, as are all pages of a file that is gone, or that waits for its new key. `Errc::checksum`
  /// for one that stays torn.
  [[nodiscard]] Result<> read(std::size_t index, std::uint64_t offset_bytes, MutableBytes into);

  /// Whether that was found out, by the log.
  [[nodiscard]] bool is_gone(std::size_t index) const { return copy_of(index).gone; }
  /// Files with pages under a key that came after the one that is known. They have to be sent once more.
  [[nodiscard]] std::set<std::size_t> waiting_for_keys() const;
  /// The size that the file has now; 0 when it is gone.
  [[nodiscard]] Result<std::uint64_t> current_bytes(std::size_t index);

  /// A file that was created since; gets the next index.
  std::size_t add(TablespaceFile file);
  /// It has another name.
  void set_file(std::size_t index, TablespaceFile file);
  /// Its page 0 is looked for anew, and its key with it.
  void read_again(std::size_t index);
  /// It has another page 0, with the key that is valid at `until` in the log.
  void set_key(std::size_t index, TablespaceFile file, Lsn until);
  /// The log says that it is gone since `end`.
  void removed(std::size_t index, Lsn end);

  /// The end of the log that a recipient must have at least: no page that was read is newer, and the log has the
  /// removal of all files that were gone.
  [[nodiscard]] Lsn needed_end() const { return Lsn{needed_end_.load()}; }

 private:
  struct Entry {
    std::shared_ptr<const TablespaceFile> file;
    std::filesystem::path path = {};  ///< where it is now
    Lsn key_until = {};               ///< up to here in the log the key is known
    bool gone = false;
    bool waits_for_key = false;
  };

  [[nodiscard]] Entry copy_of(std::size_t index) const;
  template <typename Look>
  [[nodiscard]] auto look_where_it_is(std::size_t index, Look look) -> std::invoke_result_t<Look, const Entry&>;
  [[nodiscard]] Result<std::optional<SpaceFate>> fate_of(SpaceId space) const;
  [[nodiscard]] bool follow(std::size_t index, const Entry& seen, const SpaceFate& fate);
  [[nodiscard]] Result<> read_once(const Entry& entry, std::uint64_t offset_bytes, MutableBytes into);
  [[nodiscard]] Result<> make_fit(const Entry& entry, const UniqueFd& fd, std::uint64_t offset_bytes,
                                  MutableBytes pages);
  [[nodiscard]] static Result<> check_space(const Entry& entry, const UniqueFd& fd);
  void wait_for_key(std::size_t index, Lsn since);
  [[nodiscard]] Result<> read_torn(const Entry& entry, const UniqueFd& fd, std::uint64_t offset_bytes, PageNo number,
                                   MutableBytes page) const;
  void note_lsns(const TablespaceFile& file, ByteView pages);
  void need_end(Lsn lsn);

  const std::filesystem::path datadir_;
  const std::shared_ptr<RedoWatch> watch_;
  const Lsn since_;
  const std::shared_ptr<FileCache> cache_;
  const LiveWaits waits_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::atomic<std::uint64_t> needed_end_ = 0;
  std::atomic<std::uint64_t> reads_ = 0;
};

}  // namespace donord
