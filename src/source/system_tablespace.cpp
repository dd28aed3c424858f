#include "source/system_tablespace.hpp"

#include <algorithm>

namespace donord {

namespace {

constexpr std::uint64_t kPositionProbePages = 1024;

Result<TablespaceFile> first_file(const ScannedFile& scanned) {
  Result<TablespaceFile> file = identify_tablespace(scanned);
  if (!file) return file;
  if (file->role != FileRole::system)
    return Error{Errc::malformed, fmt::format("{} belongs to space {}, expected the system tablespace",
                                              file->path.string(), file->space)};
  return file;
}

/// The pages of a file know their numbers: one that is right tells that the file has its place. Others may be torn.
Result<> check_position(const UniqueFd& fd, const TablespaceFile& file) {
  Bytes page(file.format.physical_bytes);
  std::optional<Error> wrong;
  for (std::uint64_t i = 0; i < std::min(file.page_count(), kPositionProbePages); ++i) {
    const PageNo number{file.first_page.value() + static_cast<std::uint32_t>(i)};
    if (file.legacy_doublewrite && file.legacy_doublewrite->contains(number)) continue;
    if (Result<> read = read_exactly(fd, file.path, i * page.size(), page); !read) return read;
    const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), number);
    if (state && *state == innodb::PageState::intact) return {};
    if (!state && !wrong) wrong = state.error();
  }
  if (!wrong) return {};
  return Error{wrong->code, fmt::format("{}: {}", file.path.string(), wrong->what),
               "give innodb_data_file_path as the server has it, or restore the file from a backup"};
}

/// Continues the pages of the one before it.
Result<TablespaceFile> next_file(const ScannedFile& scanned, const TablespaceFile& before) {
  const Result<UniqueFd> fd = open_for_reading(scanned.path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, scanned.path);
  if (!stamp) return stamp.error();
  TablespaceFile file = before;
  file.path = scanned.path;
  file.name = scanned.name;
  file.stamp = *stamp;
  file.first_page = PageNo{static_cast<std::uint32_t>(before.first_page.value() + before.page_count())};
  file.page0.reset();
  file.problem.reset();
  if (const Result<> placed = check_position(*fd, file); !placed) file.problem = placed.error();
  return file;
}

}  // namespace

SystemTablespace survey_system_tablespace(const std::vector<ScannedFile>& scanned) {
  SystemTablespace system;
  for (const ScannedFile& one : scanned) {
    Result<TablespaceFile> file = system.files.empty() ? first_file(one) : next_file(one, system.files.back());
    if (!file) {
      system.problem = file.error();
      break;
    }
    system.files.push_back(std::move(*file));
  }
  return system;
}

}  // namespace donord
