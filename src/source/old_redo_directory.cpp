#include "source/old_redo_directory.hpp"

#include <system_error>

#include "source/old_redo_packer.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kStartCleanly = "start the server that wrote it on it once and shut it down cleanly";

fs::path path_of(const fs::path& directory, std::size_t index) {
  return directory / fmt::format("ib_logfile{}", index);
}

Result<Bytes> read_start(const UniqueFd& fd, const fs::path& path) {
  Bytes bytes(innodb::kRedoHeaderBytes);
  if (Result<> read = read_exactly(fd, path, 0, bytes); !read) return read.error();
  return bytes;
}

Result<innodb::OldRedoStart> read_first_start(const UniqueFd& fd, const fs::path& path) {
  const Result<Bytes> bytes = read_start(fd, path);
  if (!bytes) return bytes.error();
  Result<innodb::OldRedoStart> start = innodb::decode_old_redo_start(*bytes);
  if (!start) return start.error().within(path.filename().string());
  return start;
}

Result<innodb::RedoFileStart> start_of(const UniqueFd& fd, const fs::path& path, std::size_t index) {
  if (index == 0) {
    Result<innodb::OldRedoStart> start = read_first_start(fd, path);
    if (!start) return start.error();
    return std::move(start->start);
  }
  const Result<Bytes> bytes = read_start(fd, path);
  if (!bytes) return bytes.error();
  return innodb::decode_other_old_redo_start(*bytes);
}

/// A server refuses files of different sizes.
Result<> check_sizes(const std::vector<OpenRedoFile>& files) {
  for (const OpenRedoFile& file : files)
    if (file.stamp.size_bytes != files.front().stamp.size_bytes)
      return Error{Errc::malformed,
                   fmt::format("{} has {} bytes, expected {} as ib_logfile0", file.path.filename().string(),
                               file.stamp.size_bytes, files.front().stamp.size_bytes)};
  return {};
}

}  // namespace

bool has_old_redo(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(path_of(directory, 0), ignored);
}

Result<std::vector<OpenRedoFile>> open_old_redo_files(const fs::path& directory) {
  std::vector<OpenRedoFile> files;
  while (files.size() < innodb::kMaxOldRedoFiles) {
    const fs::path path = path_of(directory, files.size());
    Result<UniqueFd> fd = open_for_reading(path);
    if (!fd && fd.error().code == Errc::not_found && !files.empty()) break;
    if (!fd) return fd.error();
    const Result<FileStamp> stamp = stamp_of(*fd, path);
    if (!stamp) return stamp.error();
    Result<innodb::RedoFileStart> start = start_of(*fd, path, files.size());
    files.push_back({path, *stamp, std::move(*fd), files.size(), std::move(start)});
  }
  return files;
}

Result<OldRedoLog> OldRedoLog::make(std::vector<OpenRedoFile> files) {
  if (files.empty()) return Error{Errc::not_found, "there are no redo files"};
  if (Result<> same = check_sizes(files); !same) return same.error();
  const OpenRedoFile& first = files.front();
  const Result<innodb::OldRedoStart> start = read_first_start(first.fd, first.path);
  if (!start) return start.error();
  const Result<innodb::OldCheckpoint> checkpoint = start->newest_checkpoint();
  if (!checkpoint) return checkpoint.error();
  const Result<innodb::OldRedoRing> ring = innodb::OldRedoRing::make(first.stamp.size_bytes, files.size(), *checkpoint);
  if (!ring) return ring.error();
  return OldRedoLog{std::move(files), *ring, *checkpoint};
}

RedoSurvey survey_old_redo(const fs::path& directory, const KeyringFile* keyring) {
  RedoSurvey survey{.directory = directory};
  Result<std::vector<OpenRedoFile>> files = open_old_redo_files(directory);
  if (!files) {
    survey.problems.push_back(files.error());
    return survey;
  }
  for (const OpenRedoFile& file : *files) survey.files.push_back({file.path, file.stamp, file.id, file.start});

  Result<OldRedoLog> log = OldRedoLog::make(std::move(*files));
  if (!log) {
    survey.problem(log.error(), kStartCleanly);
    return survey;
  }
  const innodb::RedoFileStart& start = *survey.files.front().start;
  check_redo_flags(start.header, survey);
  survey.checkpoint = log->checkpoint().lsn;
  survey.old_checkpoint = log->checkpoint();
  const Result<std::shared_ptr<const innodb::TablespaceCipher>> cipher = redo_cipher_of(start, keyring);
  if (cipher) survey.cipher = *cipher;
  log->set_cipher(survey.cipher);
  survey_redo_end(
      survey, log->ring(), [&log](Lsn from, MutableBytes into) { return log->read(from, into); }, cipher);
  return survey;
}

Error unclean_old_redo(const RedoSurvey& survey, Lsn last_clean_shutdown) {
  const std::string& creator = survey.files.front().start->header.creator;
  return Error{
      Errc::conflict,
      fmt::format("{} was not shut down cleanly: the checkpoint is at LSN {}, the redo log ends at {}, the last clean "
                  "shutdown was at {}",
                  survey.directory.string(), *survey.checkpoint, *survey.end, last_clean_shutdown),
      fmt::format("a log from before MySQL 8.0.30 is served only when it holds nothing to recover: start the directory "
                  "once with the server that wrote it ({}) and shut it down with innodb_fast_shutdown 0 or 1",
                  creator)};
}

Result<std::unique_ptr<const PackedRedo>> pack_old_redo(const RedoSurvey& survey) {
  Result<std::vector<OpenRedoFile>> files = open_old_redo_files(survey.directory);
  if (!files) return files.error();
  Result<OldRedoLog> log = OldRedoLog::make(std::move(*files));
  if (!log) return log.error();
  if (log->checkpoint() != survey.old_checkpoint)
    return Error{Errc::conflict,
                 fmt::format("the checkpoint in {} changed while it was served", survey.directory.string()),
                 "leave the directory alone while it is served"};
  log->set_cipher(survey.cipher);
  Result<OldRedoPacker> packer = OldRedoPacker::make(
      {.format = survey.files.front().start->header.format, .file_bytes = survey.files.front().stamp.size_bytes},
      log->checkpoint(), [&log](Lsn from, MutableBytes into) { return log->read(from, into); });
  if (!packer) return packer.error();
  return std::make_unique<const OldRedoPacker>(std::move(*packer));
}

}  // namespace donord
