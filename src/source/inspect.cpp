#include "source/inspect.hpp"

#include <cerrno>
#include <system_error>

#include "innodb/old_redo.hpp"
#include "innodb/redo_log.hpp"
#include "source/doublewrite_files.hpp"
#include "source/keyring_file.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxListedPages = 10'000;  // per file

/// The keyring that a survey reads: the one that is named, else the one that the datadir names.
Result<std::optional<fs::path>> keyring_file_of(const DatadirOptions& options) {
  if (!options.keyring_file.empty()) return std::optional{options.keyring_file};
  return find_keyring_of(options.datadir);
}

Result<DoublewriteReport> doublewrite_of(const DatadirSurvey& survey) {
  const Result<DoublewriteFiles> index =
      DoublewriteFiles::index(survey.options.doublewrite_directory(), survey.page_size_bytes);
  if (!index) return index.error();
  return DoublewriteReport{.files = index->files(),
                           .copies = index->copy_count(),
                           .copies_since_checkpoint = index->copies_since(survey.redo.checkpoint.value_or(Lsn{}))};
}

InspectReport inspect_datadir(const DatadirOptions& options, InspectDepth depth) {
  DatadirReport report{.survey = survey_datadir(options)};
  const DatadirSurvey& survey = report.survey;
  if (const Result<std::optional<fs::path>> keyring = keyring_file_of(survey.options); keyring)
    report.keyring_file = *keyring;
  if (survey.page_size_bytes != 0) report.doublewrite = doublewrite_of(survey);
  if (depth == InspectDepth::pages)
    report.pages = check_pages(survey.files, {.crash = crash_state_of(survey), .max_listed_damage = kMaxListedPages});
  return report;
}

/// Without a datadir nothing names a keyring but the options.
void find_key(const DatadirOptions& options, TablespaceReport& report) {
  TablespaceFile& file = report.file;
  if (!file.encryption_info) return;
  std::optional<KeyringFile> keyring;
  if (!options.keyring_file.empty()) {
    Result<KeyringFile> read = KeyringFile::read(options.keyring_file);
    if (!read) return report.problems.push_back(read.error());
    keyring.emplace(std::move(*read));
  }
  Result<innodb::TablespaceKey> key = unwrap_with(keyring ? &*keyring : nullptr, *file.encryption_info);
  if (!key) return report.problems.push_back(key.error().within(file.path.string()));
  file.cipher = std::make_shared<const innodb::TablespaceCipher>(std::move(*key));
}

Result<InspectReport> inspect_tablespace(const DatadirOptions& options) {
  const fs::path& path = options.datadir;
  Result<TablespaceFile> file = identify_tablespace({path, path.filename().string()});
  if (!file) return file.error();
  TablespaceReport report{.file = std::move(*file)};
  if (report.file.problem) report.problems.push_back(*report.file.problem);
  find_key(options, report);
  if (report.file.page0->fsp.size_pages > report.file.page_count())
    report.problems.push_back(
        {Errc::truncated,
         fmt::format("the header says {} pages, {} are there", report.file.page0->fsp.size_pages,
                     report.file.page_count()),
         report.file.role == FileRole::system ? "there may be more files of the system tablespace" : ""});
  report.pages = check_pages({report.file}, {.max_listed_damage = kMaxListedPages}).front();
  return InspectReport{std::move(report)};
}

/// By its name, a file may be one of those from before 8.0.30.
Result<innodb::RedoFileStart> decode_start(const fs::path& path, ByteView bytes) {
  const std::optional<std::uint64_t> old_id = innodb::old_redo_file_id(path.filename().string());
  if (!old_id) return innodb::decode_redo_file_start(bytes);
  if (*old_id > 0) return innodb::decode_other_old_redo_start(bytes);
  Result<innodb::OldRedoStart> old = innodb::decode_old_redo_start(bytes);
  if (!old) return old.error();
  return std::move(old->start);
}

Result<InspectReport> inspect_redo_file(const fs::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  RedoFileReport report{.path = path, .size_bytes = stamp->size_bytes};
  Bytes bytes(std::min<std::uint64_t>(stamp->size_bytes, innodb::kRedoHeaderBytes));
  if (Result<> read = read_exactly(*fd, path, 0, bytes); !read) return read.error();
  report.start = decode_start(path, bytes);
  return InspectReport{std::move(report)};
}

bool is_redo_name(std::string_view name) {
  return name.starts_with("#ib_redo") || name.starts_with("ib_logfile");
}

std::string join(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Result<InspectReport> inspect(const DatadirOptions& options, InspectDepth depth) {
  std::error_code error;
  const fs::file_status status = fs::status(options.datadir, error);
  if (!fs::exists(status)) return io_error("inspect", options.datadir, error ? error.value() : ENOENT);
  if (fs::is_directory(status)) return inspect_datadir(options, depth);
  if (is_redo_name(options.datadir.filename().string())) return inspect_redo_file(options.datadir);
  return inspect_tablespace(options);
}

std::string features_of(const TablespaceFile& file) {
  std::vector<std::string> words;
  if (!file.is_tablespace()) return "-";
  if (file.format.zip) words.push_back(fmt::format("zip {}", file.format.physical_bytes));
  if (file.compression != innodb::PageCompressionAlgorithm::none)
    words.push_back(fmt::format("compressed {}", name_of(file.compression)));
  if (file.flags.encrypted()) words.emplace_back("encrypted");
  if (file.encryption_info && !file.cipher) words.emplace_back("key not at hand");
  if (file.page0 && file.page0->encryption_progress == innodb::EncryptionProgress::encrypting)
    words.emplace_back("encryption unfinished");
  if (file.page0 && file.page0->encryption_progress == innodb::EncryptionProgress::decrypting)
    words.emplace_back("decryption unfinished");
  if (file.flags.data_directory()) words.emplace_back("data directory");
  if (file.flags.shared()) words.emplace_back("shared");
  if (file.flags.temporary()) words.emplace_back("temporary");
  if (file.flags.has_sdi()) words.emplace_back("sdi");
  return join(words);
}

std::string flags_text(const innodb::RedoFileHeader& header) {
  using innodb::RedoFlag;
  std::vector<std::string> words;
  if (header.has(RedoFlag::logging_disabled)) words.emplace_back("redo logging disabled");
  if (header.has(RedoFlag::crash_unsafe)) words.emplace_back("crash unsafe");
  if (header.has(RedoFlag::not_initialised)) words.emplace_back("not initialised");
  if (header.has(RedoFlag::file_full)) words.emplace_back("full");
  return join(words);
}

std::optional<Result<innodb::EncryptionInfo>> encryption_info_of(const innodb::RedoFileStart& start) {
  if (!start.has_encryption_info()) return std::nullopt;
  return innodb::decode_encryption_info(start.encryption_info);
}

}  // namespace donord
