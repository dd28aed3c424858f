#include "innodb/mini_transaction.hpp"

#include "innodb/redo_apply.hpp"

namespace donord::innodb {

void MiniTransaction::write_string(PageId page, std::uint16_t offset, ByteView bytes) {
  change(RedoType::write_string, page, string_write_body(offset, bytes));
}

void MiniTransaction::write_address(PageId page, std::uint16_t offset, const FileAddress& address) {
  write4(page, offset, address.page.value());
  write2(page, static_cast<std::uint16_t>(offset + 4), address.offset);
}

void MiniTransaction::create_undo_header(PageId page, std::uint64_t transaction) {
  change(RedoType::undo_hdr_create, page, undo_header_body(transaction));
}

Result<Bytes> MiniTransaction::finish() && {
  if (error_) return *error_;
  return std::move(group_).finish();
}

void MiniTransaction::integer(RedoType type, PageId page, std::uint16_t offset, std::uint64_t value) {
  change(type, page, integer_write_body(type, offset, value));
}

void MiniTransaction::change(RedoType type, PageId page, const Bytes& body) {
  group_.add(type, page, body);
  const auto found = pages_.find(page);
  if (found == pages_.end() || error_) return;
  const RedoRecord record{.type = type, .space = page.space, .page = page.page, .body = body};
  if (const Result<> applied = apply_to_page(record, found->second); !applied) error_ = applied.error();
}

}  // namespace donord::innodb
