#pragma once

// Changes of pages that belong together, made in memory and written down as a group of redo records: the records are
// what is applied to the pages, so that whoever repeats them gets the same.

#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/redo_writer.hpp"
#include "innodb/undo_page.hpp"

namespace donord::innodb {

using PageMap = std::map<PageId, Bytes>;

class MiniTransaction {
 public:
  /// Pages that are not in `pages` are written to in the log only.
  explicit MiniTransaction(PageMap& pages) : pages_(pages) {}

  void write1(PageId page, std::uint16_t offset, std::uint8_t value) {
    integer(RedoType::one_byte, page, offset, value);
  }
  void write2(PageId page, std::uint16_t offset, std::uint16_t value) {
    integer(RedoType::two_bytes, page, offset, value);
  }
  void write4(PageId page, std::uint16_t offset, std::uint32_t value) {
    integer(RedoType::four_bytes, page, offset, value);
  }
  void write8(PageId page, std::uint16_t offset, std::uint64_t value) {
    integer(RedoType::eight_bytes, page, offset, value);
  }
  void write_string(PageId page, std::uint16_t offset, ByteView bytes);
  void write_address(PageId page, std::uint16_t offset, const FileAddress& address);
  /// A log for this transaction, behind those that are on the page.
  void create_undo_header(PageId page, std::uint64_t transaction);

  /// The group, or why it cannot be applied to the pages: they are then to be thrown away.
  [[nodiscard]] Result<Bytes> finish() &&;

 private:
  void integer(RedoType type, PageId page, std::uint16_t offset, std::uint64_t value);
  void change(RedoType type, PageId page, const Bytes& body);

  PageMap& pages_;
  RedoGroupWriter group_;
  std::optional<Error> error_;
};

}  // namespace donord::innodb
