#include "source/redo_directory.hpp"

#include <algorithm>
#include <system_error>

#include "base/endian.hpp"
#include "innodb/redo_encryption.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kStartCleanly = "start the server on it once and shut it down cleanly";

Result<OpenRedoFile> open_redo_file(const fs::path& path, std::uint64_t id) {
  Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  Bytes bytes(innodb::kRedoHeaderBytes);
  Result<> read = read_exactly(*fd, path, 0, bytes);
  Result<innodb::RedoFileStart> start = read ? innodb::decode_redo_file_start(bytes) : read.error();
  if (!start) start = start.error().within(path.string());
  return OpenRedoFile{path, *stamp, std::move(*fd), id, std::move(start)};
}

/// The cipher of an encrypted log; null for one without a key. Only the file that holds the newest checkpoint has valid
/// encryption information (docs/innodb-files.md, "8.0.30+ files").
Result<std::shared_ptr<const innodb::TablespaceCipher>> cipher_of(const innodb::RedoChain& chain, Lsn checkpoint,
                                                                  const KeyringFile* keyring) {
  const auto file = std::ranges::find_if(chain.files(), [&](const auto& each) { return each.covers(checkpoint); });
  if (file == chain.files().end()) return std::shared_ptr<const innodb::TablespaceCipher>{};
  return redo_cipher_of(file->start, keyring);
}

}  // namespace

Result<std::vector<OpenRedoFile>> open_redo_files(const fs::path& directory) {
  std::vector<OpenRedoFile> files;
  std::error_code error;
  fs::directory_iterator entries{directory, error};
  for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
    const std::optional<std::uint64_t> id = innodb::redo_file_id(entries->path().filename().string());
    if (!id) continue;
    Result<OpenRedoFile> file = open_redo_file(entries->path(), *id);
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  if (error) return io_error("list", directory, error.value());
  std::ranges::sort(files, {}, &OpenRedoFile::id);
  return files;
}

Result<RedoLog> RedoLog::open(const fs::path& directory) {
  Result<std::vector<OpenRedoFile>> files = open_redo_files(directory);
  if (!files) return files.error();
  return make(std::move(*files));
}

Result<RedoLog> RedoLog::make(std::vector<OpenRedoFile> files) {
  std::vector<innodb::RedoFile> links;
  for (const OpenRedoFile& file : files) {
    if (!file.start) return file.start.error();
    links.push_back({.id = file.id, .size_bytes = file.stamp.size_bytes, .start = *file.start});
  }
  Result<innodb::RedoChain> chain = innodb::RedoChain::make(std::move(links));
  if (!chain) return chain.error();
  return RedoLog{std::move(*chain), std::move(files)};
}

Result<> read_redo(const innodb::RedoLayout& log, const std::vector<OpenRedoFile>& files,
                   const innodb::TablespaceCipher* cipher, Lsn from, MutableBytes into) {
  while (!into.empty()) {
    const std::optional<innodb::RedoLayout::Place> place = log.find(from);
    if (!place) return Error{Errc::truncated, fmt::format("no redo file holds LSN {}", from)};
    const OpenRedoFile& file = files[place->file];
    const MutableBytes part = into.first(std::min<std::uint64_t>(into.size(), place->left_bytes));
    if (Result<> done = read_exactly(file.fd, file.path, place->offset_bytes, part); !done) return done;
    if (cipher != nullptr)
      for (std::size_t offset = 0; offset < part.size(); offset += innodb::kRedoBlockBytes)
        innodb::decrypt_redo_block(part.subspan(offset).first<innodb::kRedoBlockBytes>(), *cipher);
    from = from + part.size();
    into = into.subspan(part.size());
  }
  return {};
}

Result<innodb::RedoRead> open_surveyed_redo(const RedoSurvey& survey) {
  Result<RedoLog> log = RedoLog::open(survey.directory);
  if (!log) return log.error();
  log->set_cipher(survey.cipher);
  // std::function wants something that can be copied.
  const auto shared_log = std::make_shared<const RedoLog>(std::move(*log));
  return innodb::RedoRead{[shared_log](Lsn from, MutableBytes into) { return shared_log->read(from, into); }};
}

void RedoSurvey::problem(const Error& error, std::string_view hint) {
  problems.push_back(error.within(directory.string()));
  if (problems.back().hint.empty()) problems.back().hint = hint;
}

void check_redo_flags(const innodb::RedoFileHeader& header, RedoSurvey& survey) {
  using innodb::RedoFlag;
  if (header.has(RedoFlag::logging_disabled))
    survey.problem(Error{Errc::redo_disabled, "redo logging is disabled"},
                   "run ALTER INSTANCE ENABLE INNODB REDO_LOG on the server and shut it down");
  else if (header.has(RedoFlag::crash_unsafe))
    survey.problem(
        Error{Errc::conflict, "the server crashed while redo logging was disabled: the data is not consistent"},
        "restore from a backup");
  if (header.has(RedoFlag::not_initialised))
    survey.problem(Error{Errc::conflict, "the redo log was never initialised"},
                   "initialise the directory again with mysqld --initialize");
}

Result<std::shared_ptr<const innodb::TablespaceCipher>> redo_cipher_of(const innodb::RedoFileStart& start,
                                                                       const KeyringFile* keyring) {
  if (!start.has_encryption_info()) return std::shared_ptr<const innodb::TablespaceCipher>{};
  const Result<innodb::EncryptionInfo> info = innodb::decode_encryption_info(start.encryption_info);
  if (!info) return info.error();
  Result<innodb::TablespaceKey> key = unwrap_with(keyring, *info);
  if (!key) return key.error();
  return std::make_shared<const innodb::TablespaceCipher>(std::move(*key));
}

void survey_redo_end(RedoSurvey& survey, const innodb::RedoLayout& log, const innodb::RedoRead& read,
                     const Result<std::shared_ptr<const innodb::TablespaceCipher>>& cipher) {
  const Lsn checkpoint = *survey.checkpoint;
  const Result<innodb::RedoEnd> end = innodb::find_redo_end(log, checkpoint, read);
  if (!end) {
    // Without its key an encrypted block is where the walk ends.
    const bool lacks_key = end.error().code == Errc::unsupported_version && !cipher;
    return survey.problem(lacks_key ? cipher.error().within("the redo log is encrypted") : end.error(),
                          "check the file system");
  }
  // A log that ends exactly where a block does may lack the empty block behind it.
  const Lsn found_end = innodb::skip_block_header(end->end);
  if (found_end < checkpoint)
    survey.problem(Error{Errc::malformed,
                         fmt::format("the redo log ends at LSN {}, before its checkpoint at {}", end->end, checkpoint)},
                   "the log is damaged: restore from a backup");
  else
    survey.end = found_end;

  const Result<std::optional<Lsn>> behind = innodb::find_redo_behind(log, *end, read);
  if (!behind)
    survey.problem(behind.error(), "check the file system");
  else if (*behind)
    survey.problem(
        Error{Errc::checksum, fmt::format("the redo block at LSN {} is damaged: the log goes on behind it, at LSN {}",
                                          end->in_short_block ? end->end : end->end.block_start(), **behind)},
        "if the machine lost power, let the server recover the directory: start it once and shut it down cleanly; "
        "otherwise restore from a backup");
}

RedoSurvey survey_redo(const fs::path& directory, const KeyringFile* keyring) {
  RedoSurvey survey{.directory = directory};
  Result<std::vector<OpenRedoFile>> files = open_redo_files(directory);
  if (!files) {
    survey.problems.push_back(files.error());
    return survey;
  }
  for (const OpenRedoFile& file : *files) survey.files.push_back({file.path, file.stamp, file.id, file.start});

  Result<RedoLog> log = RedoLog::make(std::move(*files));
  if (!log) {
    survey.problem(log.error(), kStartCleanly);
    return survey;
  }
  check_redo_flags(log->chain().newest().start.header, survey);
  const Result<Lsn> checkpoint = log->chain().newest_checkpoint();
  if (!checkpoint) {
    survey.problem(checkpoint.error(), kStartCleanly);
    return survey;
  }
  survey.checkpoint = *checkpoint;
  const Result<std::shared_ptr<const innodb::TablespaceCipher>> cipher = cipher_of(log->chain(), *checkpoint, keyring);
  if (cipher) survey.cipher = *cipher;
  log->set_cipher(survey.cipher);
  survey_redo_end(
      survey, log->chain(), [&log](Lsn from, MutableBytes into) { return log->read(from, into); }, cipher);
  return survey;
}

}  // namespace donord
