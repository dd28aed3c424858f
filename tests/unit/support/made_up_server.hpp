#pragma once

// A running server, as far as its files show it: what `build_datadir()` makes, with a lock on the system tablespace and
// a redo log of real groups that goes on. Tests decide what it logs, and when that reaches the files.

#include <optional>

#include "source/datadir_options.hpp"
#include "support/datadir_builder.hpp"
#include "support/locking_process.hpp"
#include "support/redo_records.hpp"
#include "support/redo_server.hpp"

namespace donord::testing {

class MadeUpServer {
 public:
  explicit MadeUpServer(std::uint64_t redo_file_bytes = 65536)
      : redo_(data_with_empty_log(), redo_file_bytes, [this](Lsn lsn, Lsn) { return log_.block(lsn); }) {
    start();
  }

  static constexpr Lsn kStart = RedoServer::kStart + innodb::kRedoBlockHeaderBytes;  ///< the first checkpoint
  static constexpr std::size_t kPageBytes = 16384;
  static constexpr SpaceId kTable{2};  ///< ./db/t1.ibd, of 9 pages

  [[nodiscard]] std::filesystem::path at(const std::filesystem::path& name = {}) const {
    return scratch_.path() / "data" / name;
  }
  [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_.path(); }
  [[nodiscard]] DatadirOptions options() const { return {.datadir = at(), .redo_file_bytes = 65536}; }

  void start() { process_.emplace(at("ibdata1")); }
  void stop() { process_.reset(); }

  // -- the log

  /// Adds a group. Returns where it ends: the LSN that its pages get.
  Lsn log(const Bytes& group) {
    log_.add(group);
    redo_.write_until(log_.end());
    return log_.end();
  }
  Lsn log(const RedoRecordSpec& record) { return log(make_redo_group(record)); }
  /// A group that changes a page.
  Lsn log_change(SpaceId space, PageNo page) { return log(write_u4(space, 100, 1, page)); }
  /// At least so many bytes, all of which change page 1 of the system tablespace.
  Lsn log_much(std::uint64_t bytes) {
    RedoRecordSpec record = padding_record(8000);
    record.space = SpaceId{0};
    record.page = PageNo{1};
    const Bytes group = make_redo_group(record);
    for (const Lsn until = log_.end() + bytes; log_.end() < until;) log_.add(group);
    redo_.write_until(log_.end());
    return log_.end();
  }
  [[nodiscard]] Lsn log_end() const { return log_.end(); }
  /// At the end of the log. Returns where that is.
  Lsn checkpoint() {
    redo_.checkpoint(log_.end());
    return log_.end();
  }
  [[nodiscard]] RedoServer& redo() { return redo_; }

  // -- pages

  /// Another content for each LSN.
  [[nodiscard]] static Bytes page(SpaceId space, PageNo number, Lsn lsn) {
    return make_page({.space = space, .number = number, .lsn = lsn, .seed = static_cast<std::uint32_t>(lsn.value())});
  }
  /// Logs a change of a page and writes it to its file. Returns its content.
  Bytes change(const std::filesystem::path& name, SpaceId space, PageNo number) {
    Bytes changed = page(space, number, log_change(space, number));
    put_page(at(name), number.value(), changed);
    return changed;
  }
  Bytes change(PageNo number) { return change("db/t1.ibd", kTable, number); }

  // -- files: what is logged, and what is done, in the order of a server

  /// Returns what is in the file.
  Bytes create(const std::string& name, const TablespaceSpec& spec) {
    const Bytes content = make_tablespace(spec);
    write_file(at(name), content);
    log_create(name, spec);
    return content;
  }
  Lsn log_create(const std::string& name, const TablespaceSpec& spec) {
    return log(file_create(spec.space, "./" + name, spec.flags));
  }
  void rename(SpaceId space, const std::string& from, const std::string& to) {
    log_rename(space, from, to);
    move(from, to);
  }
  Lsn log_rename(SpaceId space, const std::string& from, const std::string& to) {
    return log(file_rename(space, "./" + from, "./" + to));
  }
  void move(const std::string& from, const std::string& to) const {
    std::filesystem::create_directories(at(to).parent_path());
    std::filesystem::rename(at(from), at(to));
  }
  /// CREATE UNDO TABLESPACE. Returns what is in the file.
  Bytes create_undo(const std::filesystem::path& file, SpaceId space, std::uint32_t pages = 8) {
    const Bytes content = make_tablespace({.space = space, .flags = 0, .pages = pages});
    log_create_undo(space, pages);
    write_file(file, content);
    return content;
  }
  /// The log does not say where.
  Lsn log_create_undo(SpaceId space, std::uint32_t pages = 8) { return log(first_page_group(space, 0, pages)); }
  void drop(SpaceId space, const std::string& name) {
    log(file_delete(space, "./" + name));
    std::filesystem::remove(at(name));
  }

 private:
  /// The directory of the log.
  [[nodiscard]] std::filesystem::path data_with_empty_log() const {
    build_datadir(at());
    std::filesystem::remove_all(at("#innodb_redo"));
    return at("#innodb_redo");
  }

  ScratchDirectory scratch_;
  RedoLogBuilder log_{RedoServer::kStart};
  RedoServer redo_;
  std::optional<LockingProcess> process_;
};

}  // namespace donord::testing
