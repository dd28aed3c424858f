#include "source/tablespace_file.hpp"

#include <algorithm>

#include "innodb/page_header.hpp"

namespace donord {

namespace {

constexpr std::uint64_t kFirstReadBytes = 16384;
constexpr std::uint64_t kCompressionProbes = 256;

FileRole role_of(SpaceId space) {
  switch (innodb::kind_of(space)) {
    case innodb::SpaceKind::system:
      return FileRole::system;
    case innodb::SpaceKind::undo:
      return FileRole::undo;
    case innodb::SpaceKind::dictionary:
      return FileRole::dictionary;
    default:
      return FileRole::user;
  }
}

Result<Bytes> read_start(const UniqueFd& fd, const TablespaceFile& file, std::uint64_t limit_bytes) {
  Bytes bytes(std::min(file.stamp.size_bytes, limit_bytes));
  if (Result<> read = read_exactly(fd, file.path, 0, bytes); !read) return read.error();
  return bytes;
}

/// The algorithm stands nowhere but in the compressed pages themselves, and these leave holes: looks at pages that are
/// spread evenly over a file with holes. A file whose few compressed pages are missed is served all the same; the
/// recipient's copy then has no holes.
innodb::PageCompressionAlgorithm probe_compression(const UniqueFd& fd, const TablespaceFile& file) {
  constexpr auto kNone = innodb::PageCompressionAlgorithm::none;
  if (file.format.zip || file.stamp.allocated_bytes >= file.stamp.size_bytes) return kNone;
  const std::uint64_t step = std::max<std::uint64_t>(1, file.page_count() / kCompressionProbes);
  std::array<std::uint8_t, innodb::kPageHeaderBytes> start{};
  for (std::uint64_t page = 1; page < file.page_count(); page += step) {
    if (!read_exactly(fd, file.path, page * file.format.physical_bytes, start)) return kNone;
    const Result<innodb::PageHeader> header = innodb::decode_page_header(start);
    if (!header || header->type != innodb::PageType::compressed) continue;
    if (const Result<innodb::CompressionHeader> how = innodb::decode_compression_header(start); how)
      return how->algorithm;
  }
  return kNone;
}

std::optional<innodb::LegacyDoublewrite> find_doublewrite(const UniqueFd& fd, const TablespaceFile& file) {
  Bytes page(file.format.physical_bytes);
  const std::uint64_t offset = innodb::kTransactionSystemPage.value() * std::uint64_t{page.size()};
  if (!read_exactly(fd, file.path, offset, page)) return std::nullopt;
  return innodb::find_legacy_doublewrite(page, file.format);
}

}  // namespace

std::string_view name_of(FileRole role) {
  switch (role) {
    case FileRole::buffer_pool_dump:
      return "buffer pool dump";
    case FileRole::system:
      return "system";
    case FileRole::undo:
      return "undo";
    case FileRole::dictionary:
      return "dictionary";
    case FileRole::user:
      return "user";
  }
  return "";
}

Result<TablespaceFile> identify_tablespace(const ScannedFile& scanned, std::shared_ptr<const Bytes> page0_instead) {
  TablespaceFile file{.path = scanned.path, .name = scanned.name, .replaced_page0 = std::move(page0_instead)};
  const auto refuse = [&file](const Error& error) {
    Error named = error.within(file.path.string());
    if (named.hint.empty()) named.hint = "if it is no tablespace of this instance, move it out of the directory";
    return named;
  };

  const Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  const Result<FileStamp> stamp = stamp_of(*fd, file.path);
  if (!stamp) return stamp.error();
  file.stamp = *stamp;

  Result<Bytes> start = file.replaced_page0 ? *file.replaced_page0 : read_start(*fd, file, kFirstReadBytes);
  if (!start) return start.error();
  Result<innodb::FirstPage> page0 = innodb::decode_first_page(*start);
  if (!page0 && !file.replaced_page0 && page0.error().code == Errc::truncated && start->size() == kFirstReadBytes) {
    start = read_start(*fd, file, innodb::kFirstPageReadBytes);
    if (!start) return start.error();
    page0 = innodb::decode_first_page(*start);
  }
  if (!page0) return refuse(page0.error());

  file.page0 = *page0;
  file.space = page0->space();
  file.role = role_of(file.space);
  file.format = page0->format;
  file.flags = page0->fsp.flags;
  const ByteView page = ByteView{*start}.first(file.format.physical_bytes);
  if (!file.flags.temporary()) {
    if (const Result<innodb::PageState> state = innodb::check_page(page, file.expectation(), PageNo{0}); !state)
      file.problem = refuse(state.error());
  }
  if (file.encrypted() && !file.problem) {
    Result<innodb::EncryptionInfo> info = innodb::encryption_info_of(page, file.format);
    if (info)
      file.encryption_info = std::move(*info);
    else if (!page0->initial)
      file.problem = refuse(info.error());
  }
  if (file.role == FileRole::system) file.legacy_doublewrite = find_doublewrite(*fd, file);
  file.compression = probe_compression(*fd, file);
  if (file.role == FileRole::system || file.role == FileRole::undo) file.name = file.path.filename().string();
  return file;
}

}  // namespace donord
