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

/// Flags that make a log useless for anyone but its own server.
void check_flags(const innodb::RedoFile& newest, const fs::path& directory, std::vector<Error>& problems) {
  using innodb::RedoFlag;
  const innodb::RedoFileHeader& header = newest.start.header;
  const auto refuse = [&](Errc code, std::string_view what, std::string_view hint) {
    problems.push_back(Error{code, fmt::format("{}: {}", directory.string(), what), std::string{hint}});
  };
  if (header.has(RedoFlag::logging_disabled))
    refuse(Errc::redo_disabled, "redo logging is disabled",
           "run ALTER INSTANCE ENABLE INNODB REDO_LOG on the server and shut it down");
  else if (header.has(RedoFlag::crash_unsafe))
    refuse(Errc::conflict, "the server crashed while redo logging was disabled: the data is not consistent",
           "restore from a backup");
  if (header.has(RedoFlag::not_initialised))
    refuse(Errc::conflict, "the redo log was never initialised",
           "initialise the directory again with mysqld --initialize");
}

/// The cipher of an encrypted log; null for one without a key. Only the file that holds the newest checkpoint has valid
/// encryption information (docs/innodb-files.md, "8.0.30+ files").
Result<std::shared_ptr<const innodb::TablespaceCipher>> cipher_of(const innodb::RedoChain& chain, Lsn checkpoint,
                                                                  const KeyringFile* keyring) {
  const auto file = std::ranges::find_if(chain.files(), [&](const auto& each) { return each.covers(checkpoint); });
  if (file == chain.files().end() || !file->start.has_encryption_info())
    return std::shared_ptr<const innodb::TablespaceCipher>{};
  const Result<innodb::EncryptionInfo> info = innodb::decode_encryption_info(file->start.encryption_info);
  if (!info) return info.error();
  Result<innodb::TablespaceKey> key = unwrap_with(keyring, *info);
  if (!key) return key.error();
  return std::make_shared<const innodb::TablespaceCipher>(std::move(*key));
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

Result<> RedoLog::read(Lsn from, MutableBytes into) const {
  while (!into.empty()) {
    const std::optional<innodb::RedoChain::Place> place = chain_.find(from);
    if (!place) return Error{Errc::truncated, fmt::format("no redo file holds LSN {}", from)};
    const OpenRedoFile& file = files_[place->file];
    const MutableBytes part = into.first(std::min<std::uint64_t>(into.size(), place->left_bytes));
    if (Result<> done = read_exactly(file.fd, file.path, place->offset_bytes, part); !done) return done;
    if (cipher_)
      for (std::size_t offset = 0; offset < part.size(); offset += innodb::kRedoBlockBytes)
        innodb::decrypt_redo_block(part.subspan(offset).first<innodb::kRedoBlockBytes>(), *cipher_);
    from = from + part.size();
    into = into.subspan(part.size());
  }
  return {};
}

Result<innodb::RedoEnd> RedoLog::find_end(Lsn from) const {
  return innodb::find_redo_end(chain_, from, [this](Lsn at, MutableBytes into) { return read(at, into); });
}

Result<RedoLog> open_surveyed_redo(const RedoSurvey& survey) {
  Result<RedoLog> log = RedoLog::open(survey.directory);
  if (log) log->set_cipher(survey.cipher);
  return log;
}

RedoSurvey survey_redo(const fs::path& directory, const KeyringFile* keyring) {
  RedoSurvey survey{.directory = directory};
  const auto problem = [&survey](const Error& error, std::string_view hint) {
    survey.problems.push_back(error.within(survey.directory.string()));
    if (survey.problems.back().hint.empty()) survey.problems.back().hint = hint;
  };

  Result<std::vector<OpenRedoFile>> files = open_redo_files(directory);
  if (!files) {
    survey.problems.push_back(files.error());
    return survey;
  }
  for (const OpenRedoFile& file : *files) survey.files.push_back({file.path, file.stamp, file.id, file.start});

  Result<RedoLog> log = RedoLog::make(std::move(*files));
  if (!log) {
    problem(log.error(), kStartCleanly);
    return survey;
  }
  check_flags(log->chain().newest(), directory, survey.problems);
  const Result<Lsn> checkpoint = log->chain().newest_checkpoint();
  if (!checkpoint) {
    problem(checkpoint.error(), kStartCleanly);
    return survey;
  }
  survey.checkpoint = *checkpoint;
  const Result<std::shared_ptr<const innodb::TablespaceCipher>> cipher = cipher_of(log->chain(), *checkpoint, keyring);
  if (cipher) survey.cipher = *cipher;
  log->set_cipher(survey.cipher);

  const Result<innodb::RedoEnd> end = log->find_end(*checkpoint);
  if (!end) {
    // Without its key an encrypted block is where the walk ends.
    const bool lacks_key = end.error().code == Errc::unsupported_version && !cipher;
    problem(lacks_key ? cipher.error().within("the redo log is encrypted") : end.error(), "check the file system");
    return survey;
  }
  // A log that ends exactly where a block does may lack the empty block behind it.
  const Lsn found_end = innodb::skip_block_header(end->end);
  if (found_end < *checkpoint)
    problem(Error{Errc::malformed,
                  fmt::format("the redo log ends at LSN {}, before its checkpoint at {}", end->end, *checkpoint)},
            "the log is damaged: restore from a backup");
  else
    survey.end = found_end;

  const auto read = [&log](Lsn from, MutableBytes into) { return log->read(from, into); };
  const Result<std::optional<Lsn>> behind = innodb::find_redo_behind(log->chain(), *end, read);
  if (!behind)
    problem(behind.error(), "check the file system");
  else if (*behind)
    problem(Error{Errc::checksum, fmt::format("the redo block at LSN {} is damaged: the log goes on behind it, at LSN {}",
                                              end->in_short_block ? end->end : end->end.block_start(), **behind)},
            "if the machine lost power, let the server recover the directory: start it once and shut it down cleanly; "
            "otherwise restore from a backup");
  return survey;
}

}  // namespace donord
