#include "source/page_reader.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/page_encryption.hpp"
#include "innodb/page_header.hpp"

namespace donord {

Result<Bytes> PageReader::read(PageId page) {
  const TablespaceFile* const file = file_of(page);
  if (file == nullptr)
    return Error{Errc::not_found,
                 fmt::format("no file has tablespace {}, whose page {} is needed", page.space, page.page)};
  Bytes bytes(file->format.physical_bytes);
  const std::uint64_t index = page.page.value() - file->first_page.value();
  if (index >= file->page_count()) return bytes;
  const Result<const UniqueFd*> fd = open(*file);
  if (!fd) return fd.error();
  if (Result<> read = read_exactly(**fd, file->path, index * bytes.size(), bytes); !read) return read.error();
  if (Result<> fit = filter_.apply(*file, page.page, bytes); !fit) return fit.error();
  const innodb::PageType type{load_u16be(bytes, innodb::kPageTypeOffset)};
  if (!innodb::is_encrypted(type)) return bytes;
  // Without a key the filter has refused it.
  if (Result<> plain = innodb::decrypt_page(bytes, file->format, *file->cipher, bytes); !plain) return plain.error();
  return bytes;
}

/// The one with the page, or, behind the end of a tablespace, its last one.
const TablespaceFile* PageReader::file_of(PageId page) const {
  const TablespaceFile* found = nullptr;
  for (const TablespaceFile& file : files_)
    if (file.is_tablespace() && file.space == page.space && file.first_page <= page.page &&
        (found == nullptr || file.first_page > found->first_page))
      found = &file;
  return found;
}

Result<const UniqueFd*> PageReader::open(const TablespaceFile& file) {
  const auto found = open_.find(&file);
  if (found != open_.end()) return &found->second;
  Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  return &open_.emplace(&file, std::move(*fd)).first->second;
}

}  // namespace donord
