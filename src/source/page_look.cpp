#include "source/page_look.hpp"

#include "innodb/page_encryption.hpp"

namespace donord {

Result<innodb::PageState> look_at_page(ByteView page, const TablespaceFile& file,
                                       const innodb::PageExpectation& expected, PageNo number) {
  Result<innodb::PageState> state = innodb::check_page(page, expected, number);
  if (!state || *state != innodb::PageState::encrypted) return state;
  if (!file.cipher)
    return Error{Errc::checksum,
                 fmt::format("page {} of space {} is encrypted, its tablespace is not", number, file.space)};
  Bytes scratch(page.size());
  return innodb::check_encrypted_page(page, expected, number, *file.cipher, scratch);
}

Error damaged_page(const TablespaceFile& file, const Error& error) {
  Error named = error.within(file.path.string());
  if (named.hint.empty()) named.hint = "the file is damaged: restore it from a backup";
  return named;
}

}  // namespace donord
