#pragma once

// The files of one live clone: read while the server writes them, and followed through renames and removals.

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
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
  /// made a valid empty page, as are all pages of a file that is gone. `Errc::checksum` for one that stays torn.
  [[nodiscard]] Result<> read(std::size_t index, std::uint64_t offset_bytes, MutableBytes into);

  /// Whether that was found out, by the log.
  [[nodiscard]] bool is_gone(std::size_t index) const { return copy_of(index).gone; }
  /// The size that the file has now; 0 when it is gone.
  [[nodiscard]] Result<std::uint64_t> current_bytes(std::size_t index);

  /// A file that was created since; gets the next index.
  std::size_t add(TablespaceFile file);
  /// The file is known better now: another name, another page 0.
  void set_file(std::size_t index, TablespaceFile file);
  /// The log says that it is gone since `end`.
  void removed(std::size_t index, Lsn end);

  /// The end of the log that a recipient must have at least: no page that was read is newer, and the log has the
  /// removal of all files that were gone.
  [[nodiscard]] Lsn needed_end() const { return Lsn{needed_end_.load()}; }

 private:
  struct Entry {
    std::shared_ptr<const TablespaceFile> file;
    std::filesystem::path path = {};  ///< where it is now
    bool gone = false;
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
  [[nodiscard]] Result<> read_again(const Entry& entry, const UniqueFd& fd, std::uint64_t offset_bytes, PageNo number,
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
