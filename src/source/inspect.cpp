#include "source/inspect.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "innodb/redo_log.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kReadBytes = 1 << 20;
constexpr std::size_t kMaxListedProblems = 10;

class PageCensus {
 public:
  explicit PageCensus(TablespaceReport& report) : report_(report), expected_(report.file.expectation()) {}

  void add(ByteView page, PageNo number) {
    const Result<innodb::PageState> state = innodb::check_page(page, expected_, number);
    if (!state) {
      ++report_.bad_pages;
      note(state.error().what);
    }
    if (state && *state == innodb::PageState::never_written) {
      ++report_.never_written_pages;
      return;
    }
    const Result<innodb::PageHeader> header = innodb::decode_page_header(page);
    if (!header) return;
    ++report_.pages_by_type[header->type];
    if (state) report_.newest_lsn = std::max(report_.newest_lsn, header->lsn);
    if (state && *state == innodb::PageState::encrypted) ++report_.encrypted_pages;
  }

  void note(std::string problem) {
    if (report_.problems.size() < kMaxListedProblems) report_.problems.push_back(std::move(problem));
  }

 private:
  TablespaceReport& report_;
  const innodb::PageExpectation expected_;
};

Result<InspectReport> inspect_tablespace(const fs::path& path) {
  Result<TablespaceFile> file = identify_tablespace({path, path.filename().string()});
  if (!file) return file.error();
  TablespaceReport report{.file = std::move(*file)};
  PageCensus census{report};

  const std::uint32_t page_bytes = report.file.format.physical_bytes;
  if (report.file.page0->fsp.size_pages > report.file.page_count())
    census.note(fmt::format("the header says {} pages, {} are there{}", report.file.page0->fsp.size_pages,
                            report.file.page_count(),
                            report.file.role == FileRole::system ? "; others may be in more files" : ""));
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  Bytes buffer(kReadBytes);
  for (std::uint64_t offset = 0; offset < report.file.usable_bytes(); offset += buffer.size()) {
    buffer.resize(std::min(kReadBytes, report.file.usable_bytes() - offset));
    if (Result<> read = read_exactly(*fd, path, offset, buffer); !read) {
      census.note(read.error().what);
      break;
    }
    for (std::size_t at = 0; at < buffer.size(); at += page_bytes)
      census.add(ByteView{buffer}.subspan(at, page_bytes),
                 PageNo{static_cast<std::uint32_t>((offset + at) / page_bytes)});
  }
  return InspectReport{std::move(report)};
}

Result<InspectReport> inspect_redo_file(const fs::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, path);
  if (!stamp) return stamp.error();
  RedoFileReport report{.path = path, .size_bytes = stamp->size_bytes};
  Bytes bytes(std::min<std::uint64_t>(stamp->size_bytes, innodb::kRedoHeaderBytes));
  if (Result<> read = read_exactly(*fd, path, 0, bytes); !read) return read.error();
  report.start = innodb::decode_redo_file_start(bytes);
  return InspectReport{std::move(report)};
}

bool is_redo_name(std::string_view name) {
  return name.starts_with("#ib_redo") || name.starts_with("ib_logfile");
}

std::string join(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Result<InspectReport> inspect(const DatadirOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(options.datadir, error);
  if (!fs::exists(status)) return io_error("inspect", options.datadir, error ? error.value() : ENOENT);
  if (fs::is_directory(status)) return InspectReport{survey_datadir(options)};
  if (is_redo_name(options.datadir.filename().string())) return inspect_redo_file(options.datadir);
  return inspect_tablespace(options.datadir);
}

std::string features_of(const TablespaceFile& file) {
  std::vector<std::string> words;
  if (!file.is_tablespace()) return "-";
  if (file.format.zip) words.push_back(fmt::format("zip {}", file.format.physical_bytes));
  if (file.compression != innodb::PageCompressionAlgorithm::none)
    words.push_back(fmt::format("compressed {}", name_of(file.compression)));
  if (file.flags.encrypted()) words.emplace_back("encrypted");
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

std::string_view name_of(Shutdown shutdown) {
  switch (shutdown) {
    case Shutdown::clean:
      return "clean";
    case Shutdown::unclean:
      return "unclean";
    case Shutdown::unknown:
      break;
  }
  return "unknown";
}

}  // namespace donord
