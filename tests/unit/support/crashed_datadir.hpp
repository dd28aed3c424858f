#pragma once

// A datadir whose server was killed: what `build_datadir()` makes, with a redo log of real groups and a doublewrite
// file.

#include "source/datadir_options.hpp"
#include "support/crash_builder.hpp"
#include "support/redo_records.hpp"

namespace donord::testing {

class CrashedDatadir {
 public:
  CrashedDatadir() { build_datadir(at()); }

  [[nodiscard]] std::filesystem::path at(const std::filesystem::path& name = {}) const {
    return scratch_.path() / "data" / name;
  }
  [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_.path(); }

  /// Adds a group to the log. Returns where it ends: the LSN that its pages get.
  Lsn log(const Bytes& group) {
    log_.add(group);
    groups_.push_back(group);
    return log_.end();
  }
  Lsn log(const RedoRecordSpec& record) { return log(make_redo_group(record)); }

  /// Adds a copy of a page to the doublewrite file.
  void keep_copy(ByteView page) {
    append(copies_, page);
    copies_.resize((copies_.size() + kSlotBytes - 1) / kSlotBytes * kSlotBytes);
  }

  /// Writes log and doublewrite file. Returns where the log ends.
  Lsn write() const {
    write_file(at("#ib_16384_0.dblwr"), copies_);
    return write_crashed_redo(at(), groups_);
  }

  [[nodiscard]] std::vector<innodb::RedoBlockBytes> blocks() const { return log_.blocks(); }
  [[nodiscard]] DatadirOptions options() const { return {.datadir = at(), .redo_file_bytes = 65536}; }

 private:
  static constexpr std::size_t kSlotBytes = 16384;

  ScratchDirectory scratch_;
  RedoLogBuilder log_{kCrashFirstBlock};
  std::vector<Bytes> groups_;
  Bytes copies_;
};

/// Page 0 as a server makes a file with it, before anything else is known of the tablespace.
inline Bytes make_initial_page(const TablespaceSpec& spec) {
  TablespaceSpec initial = spec;
  initial.lsn = Lsn{};
  Bytes page = make_first_page(initial);
  store_u16be(page, innodb::kPageTypeOffset, static_cast<std::uint16_t>(innodb::PageType::allocated));
  for (const std::size_t offset : {std::size_t{8}, std::size_t{12}, std::size_t{46}, std::size_t{50}})
    store_u32be(page, offset, 0);
  innodb::seal_page(page, format_of(spec));
  return page;
}

/// Half of it is the new page, half still the old one.
inline Bytes torn(ByteView before, ByteView after) {
  Bytes page{after.begin(), after.end()};
  std::ranges::copy(before.subspan(page.size() / 2), page.begin() + static_cast<std::ptrdiff_t>(page.size() / 2));
  return page;
}

}  // namespace donord::testing
