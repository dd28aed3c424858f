#pragma once

// A clone's data in memory: what the donor reads (`MemoryView`) and what the recipient has (`MemorySink`).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "clone/donor_source.hpp"
#include "clone/recipient_machine.hpp"
#include "support/seeded_random.hpp"

namespace donord::testing {

/// Chunks of 4096 bytes make a clone of many chunks out of a few kilobytes.
inline constexpr std::uint32_t kTinyPage = 1;
inline constexpr std::uint32_t kTinyBlock = 1024;

class MemoryView : public CloneView {
 public:
  static constexpr std::uint32_t kPageBytes = 128;

  struct Shape {
    std::vector<std::size_t> file_sizes;
    std::size_t pages = 0;
    std::uint32_t redo_files = 1;
    std::uint64_t redo_file_bytes = 8192;
    std::uint64_t trailer_offset = 4096;
  };

  MemoryView(const Shape& shape, SeededRandom& random)
      : redo_{shape.redo_file_bytes, shape.redo_files, shape.trailer_offset} {
    for (const std::size_t size : shape.file_sizes) {
      DataFile file{.name = "./db/t" + std::to_string(files_.size()) + ".ibd", .size_bytes = size};
      file.space = SpaceId{static_cast<std::uint32_t>(files_.size())};
      files_.push_back(file);
      file_bytes_.push_back(random_bytes(size, random));
    }
    for (std::uint32_t i = 0; i < shape.redo_files; ++i)
      redo_bytes_.push_back(
          random_bytes(i + 1 == shape.redo_files ? shape.trailer_offset + 512 : shape.redo_file_bytes, random));
    add_pages(shape.pages, random);
  }

  const std::vector<DataFile>& files() const override { return files_; }
  std::uint64_t redo_capacity_bytes() const override { return redo_.file_size_bytes * redo_.file_count; }
  std::string fingerprint() const override { return "memory"; }
  bool has_keys() const override { return false; }

  Result<> read_file(std::size_t index, std::uint64_t offset, MutableBytes into) const override {
    return copy(file_bytes_.at(index), offset, into);
  }
  Result<PagePlan> begin_page_copy() override { return PagePlan{.changes = {}, .pages = pages_}; }
  Result<> read_page(const PageRef& page, MutableBytes into) const override {
    return copy(page_bytes_.at({page.file_index, page.offset_bytes}), 0, into);
  }
  Result<RedoPlan> begin_redo_copy() override { return redo_; }
  Result<> read_redo(std::uint32_t index, std::uint64_t offset, MutableBytes into) const override {
    return copy(redo_bytes_.at(index), offset, into);
  }

  /// What a recipient has in the end: the files with the images of PAGE COPY in place.
  [[nodiscard]] std::vector<Bytes> cloned_files() const {
    std::vector<Bytes> cloned = file_bytes_;
    for (const auto& [at, image] : page_bytes_)
      std::copy(image.begin(), image.end(), cloned.at(at.first).begin() + static_cast<std::ptrdiff_t>(at.second));
    return cloned;
  }
  /// The redo files as far as they are sent; each is longer on the recipient.
  [[nodiscard]] const std::vector<Bytes>& cloned_redo() const { return redo_bytes_; }

  /// Bytes of data in one clone.
  [[nodiscard]] std::uint64_t total_bytes() const {
    std::uint64_t total = pages_.size() * kPageBytes;
    for (const Bytes& bytes : file_bytes_) total += bytes.size();
    for (const Bytes& bytes : redo_bytes_) total += bytes.size();
    return total;
  }

 private:
  static Bytes random_bytes(std::size_t count, SeededRandom& random) {
    Bytes bytes(count);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
    return bytes;
  }

  static Result<> copy(const Bytes& from, std::uint64_t offset, MutableBytes into) {
    if (offset > from.size() || into.size() > from.size() - offset) return Error{Errc::io, "read behind the end"};
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }

  void add_pages(std::size_t count, SeededRandom& random) {
    for (std::uint32_t file = 0; file < files_.size(); ++file)
      for (std::uint64_t at = 0; at + kPageBytes <= file_bytes_[file].size() && pages_.size() < count;
           at += kPageBytes) {
        if (random.one_in(3)) continue;
        pages_.push_back({file, at, kPageBytes, files_[file].size_bytes});
        page_bytes_[{file, at}] = random_bytes(kPageBytes, random);
      }
  }

  std::vector<DataFile> files_;
  std::vector<Bytes> file_bytes_;
  std::vector<PageRef> pages_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Bytes> page_bytes_;
  RedoPlan redo_;
  std::vector<Bytes> redo_bytes_;
};

class MemorySink : public RecipientSink {
 public:
  Result<> add_file(const FileDescriptor& file) override {
    auto& list = file.state == CloneState::redo_copy ? redo_ : files_;
    if (list.size() <= file.index) list.resize(file.index + 1);
    list[file.index].resize(file.size_bytes);
    return {};
  }

  Result<> write(const DataDescriptor& where, ByteView data) override {
    Bytes& file = (where.state == CloneState::redo_copy ? redo_ : files_).at(where.file_index);
    if (where.offset_bytes + data.size() > file.size()) return Error{Errc::io, "write behind the end"};
    std::copy(data.begin(), data.end(), file.begin() + static_cast<std::ptrdiff_t>(where.offset_bytes));
    return {};
  }

  [[nodiscard]] const std::vector<Bytes>& files() const { return files_; }
  [[nodiscard]] const std::vector<Bytes>& redo() const { return redo_; }

 private:
  std::vector<Bytes> files_;
  std::vector<Bytes> redo_;
};

}  // namespace donord::testing
