#pragma once

// The redo files of an instance of 8.0.17 to 8.0.29: `ib_logfile0` and up.

#include <filesystem>
#include <memory>
#include <vector>

#include "innodb/old_redo.hpp"
#include "source/packed_redo.hpp"
#include "source/redo_directory.hpp"

namespace donord {

/// `ib_logfile0` and those that follow without a gap, as a server opens them.
[[nodiscard]] Result<std::vector<OpenRedoFile>> open_old_redo_files(const std::filesystem::path& directory);

/// The files as a ring, and the descriptors to read them. Reads are thread-safe.
class OldRedoLog {
 public:
  /// Needs the header of the first file only.
  [[nodiscard]] static Result<OldRedoLog> make(std::vector<OpenRedoFile> files);

  [[nodiscard]] const std::vector<OpenRedoFile>& files() const { return files_; }
  [[nodiscard]] const innodb::OldRedoRing& ring() const { return ring_; }
  [[nodiscard]] const innodb::OldCheckpoint& checkpoint() const { return checkpoint_; }

  /// From now on `read()` decrypts blocks that are encrypted.
  void set_cipher(std::shared_ptr<const innodb::TablespaceCipher> cipher) { cipher_ = std::move(cipher); }

  [[nodiscard]] Result<> read(Lsn from, MutableBytes into) const {
    return read_redo(ring_, files_, cipher_.get(), from, into);
  }

 private:
  OldRedoLog(std::vector<OpenRedoFile> files, innodb::OldRedoRing ring, const innodb::OldCheckpoint& checkpoint)
      : files_(std::move(files)), ring_(ring), checkpoint_(checkpoint) {}

  std::vector<OpenRedoFile> files_;
  innodb::OldRedoRing ring_;
  innodb::OldCheckpoint checkpoint_;
  std::shared_ptr<const innodb::TablespaceCipher> cipher_;  // null when no key is at hand
};

/// Whether the log in a directory is from before 8.0.30.
[[nodiscard]] bool has_old_redo(const std::filesystem::path& directory);

/// `keyring` has the master key of an encrypted log; it may be null.
[[nodiscard]] RedoSurvey survey_old_redo(const std::filesystem::path& directory, const KeyringFile* keyring);

/// Why an old log that holds something to recover cannot be served.
[[nodiscard]] Error unclean_old_redo(const RedoSurvey& survey, Lsn last_clean_shutdown);

/// The log that was surveyed, which has nothing to recover, packed for a recipient.
[[nodiscard]] Result<std::unique_ptr<const PackedRedo>> pack_old_redo(const RedoSurvey& survey);

}  // namespace donord
