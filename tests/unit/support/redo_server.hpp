#pragma once

// What a running server does to its redo files: writes blocks in place, goes from file to file, recycles old ones under
// new names, resizes.

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>

#include "innodb/redo_log.hpp"
#include "innodb/redo_lsn.hpp"
#include "support/innodb_builder.hpp"

namespace donord::testing {

class RedoServer {
 public:
  struct File {
    std::uint64_t id = 0;
    Lsn start;
    std::uint64_t size_bytes = 0;

    [[nodiscard]] Lsn end() const { return start + (size_bytes - innodb::kRedoHeaderBytes); }
  };

  /// The block at an LSN, of a log that ends there.
  using Content = std::function<innodb::RedoBlockBytes(Lsn lsn, Lsn end)>;

  explicit RedoServer(std::filesystem::path directory, std::uint64_t file_bytes = 65536,
                      Content content = make_log_block)
      : directory_(std::move(directory)),
        file_bytes_(file_bytes),
        content_(std::move(content)),
        end_(kStart + innodb::kRedoBlockHeaderBytes) {
    std::filesystem::create_directories(directory_);
    begin_file(kStart);
    write_block(kStart);
    checkpoint(end_);
  }

  static constexpr Lsn kStart{16'384'000};
  static constexpr std::uint32_t kUuid = 0x12345678;

  /// Writes the log up to `end`, a position in a block. Into further files as they are needed, spare ones first.
  void write_until(Lsn end) {
    for (Lsn lsn = end_.block_start(); lsn < end; lsn = lsn + innodb::kRedoBlockBytes) {
      end_ = std::min(end, lsn + innodb::kRedoBlockBytes);
      if (lsn >= files_.back().end()) begin_file(lsn);
      write_block(lsn);
    }
  }
  /// About so many bytes more.
  void write(std::uint64_t bytes) {
    const Lsn end = end_ + bytes;
    write_until(innodb::is_redo_position(end)
                    ? end
                    : (end + innodb::kRedoBlockHeaderBytes).block_start() + innodb::kRedoBlockHeaderBytes);
  }
  /// To the last byte of the newest file.
  void fill_file() {
    for (Lsn lsn = end_.block_start(); lsn < files_.back().end(); lsn = lsn + innodb::kRedoBlockBytes) {
      end_ = lsn + innodb::kRedoBlockBytes;
      write_block(lsn);
    }
  }

  /// Into the file that has it.
  void checkpoint(Lsn lsn) {
    for (const File& file : files_)
      if (lsn >= file.start && lsn < file.end())
        write_at(path_of(file), innodb::kRedoBlockBytes,
                 ByteView{innodb::encode_redo_file_start(header_of(file), lsn)}.subspan(innodb::kRedoBlockBytes));
  }

  /// The oldest file becomes a spare one: another name, the same inode.
  void recycle() {
    const std::filesystem::path spare = path_of(files_.front()).concat("_tmp");
    std::filesystem::rename(path_of(files_.front()), spare);
    files_.pop_front();
    spares_.push_back(spare);
  }
  void remove_oldest_spare() {
    std::filesystem::remove(spares_.front());
    spares_.pop_front();
  }
  void remove_oldest() {
    std::filesystem::remove(path_of(files_.front()));
    files_.pop_front();
  }

  /// Of files to come.
  void set_file_bytes(std::uint64_t bytes) { file_bytes_ = bytes; }
  /// The newest file ends behind the block that is written, or at the smallest size there is.
  void cut_newest() {
    File& newest = files_.back();
    const std::uint64_t used = innodb::kRedoHeaderBytes + (end_.block_start() - newest.start) + innodb::kRedoBlockBytes;
    newest.size_bytes = std::min(newest.size_bytes, std::max(used, innodb::kMinRedoFileBytes));
    std::filesystem::resize_file(path_of(newest), newest.size_bytes);
  }

  /// Of the newest file and those to come.
  void set_flags(std::uint32_t flags) {
    flags_ = flags;
    write_header(files_.back(), flags_);
  }
  void set_uuid(std::uint32_t uuid) {
    uuid_ = uuid;
    for (const File& file : files_) write_header(file, flags_);
  }

  [[nodiscard]] Lsn end() const { return end_; }
  [[nodiscard]] const std::deque<File>& files() const { return files_; }
  [[nodiscard]] const File& newest() const { return files_.back(); }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path path_of(const File& file) const {
    return directory_ / ("#ib_redo" + std::to_string(file.id));
  }

  /// Other bytes in the place of a block.
  void put_block(Lsn lsn, ByteView block) {
    for (const File& file : files_)
      if (lsn >= file.start && lsn < file.end())
        write_at(path_of(file), innodb::kRedoHeaderBytes + (lsn - file.start), block);
  }
  /// The block as it ought to be.
  void write_block(Lsn lsn) { put_block(lsn, content_(lsn, end_)); }

 private:
  void begin_file(Lsn start) {
    const File file{.id = next_id_++, .start = start, .size_bytes = file_bytes_};
    const std::filesystem::path path = path_of(file);
    if (spares_.empty()) {
      write_file(path, Bytes(file.size_bytes));
    } else {
      std::filesystem::resize_file(spares_.front(), file.size_bytes);
      std::filesystem::rename(spares_.front(), path);
      spares_.pop_front();
    }
    write_at(path, 0, innodb::encode_redo_file_start(header_of(file), Lsn{}));
    if (!files_.empty()) write_header(files_.back(), flags_ | static_cast<std::uint32_t>(innodb::RedoFlag::file_full));
    files_.push_back(file);
  }

  [[nodiscard]] innodb::RedoFileHeader header_of(const File& file) const {
    return {.uuid = uuid_, .start_lsn = file.start, .creator = "MySQL 9.7.4", .flags = flags_};
  }

  /// Block 0 alone.
  void write_header(const File& file, std::uint32_t flags) {
    innodb::RedoFileHeader header = header_of(file);
    header.flags = flags;
    write_at(path_of(file), 0, ByteView{innodb::encode_redo_file_start(header, Lsn{})}.first(innodb::kRedoBlockBytes));
  }

  static void write_at(const std::filesystem::path& path, std::uint64_t offset, ByteView bytes) {
    std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  }

  std::filesystem::path directory_;
  std::uint64_t file_bytes_;
  Content content_;
  Lsn end_;
  std::uint32_t uuid_ = kUuid;
  std::uint32_t flags_ = 0;
  std::uint64_t next_id_ = 5;
  std::deque<File> files_;
  std::deque<std::filesystem::path> spares_;
};

}  // namespace donord::testing
