#pragma once

// The redo files of an instance: `#innodb_redo/#ib_redo<N>`.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/old_redo.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/tablespace_cipher.hpp"
#include "source/file_stamp.hpp"
#include "source/keyring_file.hpp"

namespace donord {

/// An in-use redo file, opened.
struct OpenRedoFile {
  std::filesystem::path path;
  FileStamp stamp;
  UniqueFd fd;
  std::uint64_t id = 0;
  Result<innodb::RedoFileStart> start;
};

/// The in-use redo files of a directory, oldest first. Spare files (`_tmp`) are left out.
[[nodiscard]] Result<std::vector<OpenRedoFile>> open_redo_files(const std::filesystem::path& directory);

/// Whole blocks from an LSN on, across files, encrypted ones decrypted if there is a cipher; `Errc::truncated` where
/// the log has none. Thread-safe.
[[nodiscard]] Result<> read_redo(const innodb::RedoLayout& log, const std::vector<OpenRedoFile>& files,
                                 const innodb::TablespaceCipher* cipher, Lsn from, MutableBytes into);

/// A chain of redo files and the descriptors to read it. Reads are thread-safe.
class RedoLog {
 public:
  /// Reads all headers; the error is that of the first file that cannot be used.
  [[nodiscard]] static Result<RedoLog> open(const std::filesystem::path& directory);
  [[nodiscard]] static Result<RedoLog> make(std::vector<OpenRedoFile> files);

  [[nodiscard]] const innodb::RedoChain& chain() const { return chain_; }
  [[nodiscard]] const std::vector<OpenRedoFile>& files() const { return files_; }

  /// From now on `read()` decrypts blocks that are encrypted.
  void set_cipher(std::shared_ptr<const innodb::TablespaceCipher> cipher) { cipher_ = std::move(cipher); }

  [[nodiscard]] Result<> read(Lsn from, MutableBytes into) const {
    return read_redo(chain_, files_, cipher_.get(), from, into);
  }

 private:
  RedoLog(innodb::RedoChain chain, std::vector<OpenRedoFile> files)
      : chain_(std::move(chain)), files_(std::move(files)) {}

  innodb::RedoChain chain_;
  std::vector<OpenRedoFile> files_;
  std::shared_ptr<const innodb::TablespaceCipher> cipher_;  // null when no key is at hand
};

/// What is known about the redo of a directory, whatever state it is in.
struct RedoSurvey {
  struct File {
    std::filesystem::path path;
    FileStamp stamp;
    std::uint64_t id = 0;
    Result<innodb::RedoFileStart> start;
  };
  std::filesystem::path directory;
  std::vector<File> files;
  std::optional<Lsn> checkpoint;
  std::optional<innodb::OldCheckpoint> old_checkpoint;     ///< the same, of a log from before 8.0.30; none since
  std::optional<Lsn> end;                                  ///< behind the last byte of the log, block header skipped
  std::shared_ptr<const innodb::TablespaceCipher> cipher;  ///< null unless the log has a key
  std::vector<Error> problems;

  void problem(const Error& error, std::string_view hint);
};

/// `keyring` has the master key of an encrypted log; it may be null.
[[nodiscard]] RedoSurvey survey_redo(const std::filesystem::path& directory, const KeyringFile* keyring);

/// Steps of a survey that logs of all ages have in common: flags of a header that make a log useless for anyone but its
/// own server ...
void check_redo_flags(const innodb::RedoFileHeader& header, RedoSurvey& survey);
/// ... the key that a header holds (null if it holds none) ...
[[nodiscard]] Result<std::shared_ptr<const innodb::TablespaceCipher>> redo_cipher_of(const innodb::RedoFileStart& start,
                                                                                     const KeyringFile* keyring);
/// ... and where the log ends, with all that can be wrong there. The checkpoint is known; `cipher` says why there is no
/// key.
void survey_redo_end(RedoSurvey& survey, const innodb::RedoLayout& log, const innodb::RedoRead& read,
                     const Result<std::shared_ptr<const innodb::TablespaceCipher>>& cipher);

/// Opens the log that was surveyed, to read it again. Its files stay open for as long as the function lives.
[[nodiscard]] Result<innodb::RedoRead> open_surveyed_redo(const RedoSurvey& survey);

}  // namespace donord
