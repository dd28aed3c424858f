#pragma once

// A clone's data in memory: what the donor reads (`MemoryView`) and what the recipient has (`MemorySink`).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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
    std::size_t changes = 0;  ///< of files, at most so many before PAGE COPY, in a late round, and before REDO COPY
    std::size_t late_rounds = 0;
  };

  MemoryView(const Shape& shape, SeededRandom& random)
      : redo_{shape.redo_file_bytes, shape.redo_files, shape.trailer_offset} {
    for (const std::size_t size : shape.file_sizes) {
      now_.push_back({new_file(size), random_bytes(size, random)});
      files_.push_back(now_.back().file);
      file_bytes_.push_back(now_.back().bytes);
    }
    for (std::uint32_t i = 0; i < shape.redo_files; ++i)
      redo_bytes_.push_back(
          random_bytes(i + 1 == shape.redo_files ? shape.trailer_offset + 512 : shape.redo_file_bytes, random));
    changes_ = change_files(shape.changes, true, random);
    add_pages(shape.pages, random);
    images_at_first_ = page_bytes_;
    for (std::size_t round = 0; round < shape.late_rounds; ++round) add_late_round(shape.changes, random);
    redo_.changes = change_files(shape.changes, false, random);
  }

  const std::vector<DataFile>& files() const override { return files_; }
  std::uint64_t redo_capacity_bytes() const override { return redo_.file_size_bytes * redo_.file_count; }
  std::string fingerprint() const override { return "memory"; }
  bool has_keys() const override { return false; }

  Result<> read_file(std::size_t index, std::uint64_t offset, MutableBytes into) const override {
    return copy(file_bytes_.at(index), offset, into);
  }
  /// The next clone begins here.
  Result<PagePlan> begin_page_copy() override {
    page_bytes_ = images_at_first_;
    late_rounds_done_ = 0;
    redo_changes_told_ = false;
    return PagePlan{changes_, pages_, !late_.empty()};
  }
  Result<> read_page(const PageRef& page, MutableBytes into) const override {
    return copy(page_bytes_.at({page.file_index, page.offset_bytes}), 0, into);
  }
  Result<PagePlan> late_pages() override {
    if (late_rounds_done_ == late_.size()) return PagePlan{};
    const LateRound& round = late_[late_rounds_done_++];
    for (const auto& [page, image] : round.images) page_bytes_[page] = image;
    return round.plan;
  }
  Result<RedoPlan> begin_redo_copy() override {
    RedoPlan plan = redo_;
    if (std::exchange(redo_changes_told_, true)) plan.changes.clear();
    return plan;
  }
  Result<> read_redo(std::uint32_t index, std::uint64_t offset, MutableBytes into) const override {
    return copy(redo_bytes_.at(index), offset, into);
  }

  /// What a recipient has in the end, by name: the files that there are then, with the images of PAGE COPY in place.
  [[nodiscard]] std::map<std::string, Bytes> cloned_files() const {
    std::map<std::string, Bytes> cloned;
    for (const File& file : now_)
      if (file.live) cloned.emplace(file.file.name, file.bytes);
    return cloned;
  }
  /// The redo files as far as they are sent; each is longer on the recipient.
  [[nodiscard]] const std::vector<Bytes>& cloned_redo() const { return redo_bytes_; }
  [[nodiscard]] std::size_t late_page_count() const {
    std::size_t count = 0;
    for (const LateRound& round : late_) count += round.plan.pages.size();
    return count;
  }

  /// Bytes of data in one clone that is not cut.
  [[nodiscard]] std::uint64_t total_bytes() const {
    std::uint64_t total = (pages_.size() + late_page_count()) * kPageBytes;
    for (const Bytes& bytes : file_bytes_) total += bytes.size();
    for (const Bytes& bytes : redo_bytes_) total += bytes.size();
    return total;
  }

 private:
  using Images = std::map<std::pair<std::uint32_t, std::uint64_t>, Bytes>;
  struct LateRound {
    PagePlan plan;
    Images images;
  };

  /// A data file in the end.
  struct File {
    DataFile file;
    Bytes bytes;
    bool live = true;
    bool page_copied = false;  ///< created before PAGE COPY: all of it comes there
  };

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

  DataFile new_file(std::size_t size) const {
    DataFile file{.name = "./db/t" + std::to_string(now_.size()) + ".ibd", .size_bytes = size};
    file.space = SpaceId{static_cast<std::uint32_t>(now_.size() + 1)};
    return file;
  }

  /// At most `count` changes in an order that means nothing. Names go round among the files: some exchange theirs, some
  /// get that of one that is gone.
  std::vector<FileChange> change_files(std::size_t count, bool before_pages, SeededRandom& random) {
    std::vector<FileChange> changes;
    std::vector<std::string> free_names;
    for (std::uint32_t i = 0; i < now_.size() && changes.size() < count; ++i) {
      if (!now_[i].live || random.one_in(3)) continue;
      now_[i].live = random.one_in(2);
      changes.push_back({now_[i].live ? FileChange::Kind::renamed : FileChange::Kind::removed, i, now_[i].file});
      free_names.push_back(now_[i].file.name);
    }
    for (FileChange& change : changes)
      if (change.kind == FileChange::Kind::renamed)
        now_[change.file_index].file.name = change.file.name = take_name(free_names, random);
    while (changes.size() < count && !random.one_in(3)) {
      const std::size_t size = kPageBytes * random.below(30);
      File created{new_file(size), Bytes(size)};
      created.file.name = take_name(free_names, random);
      created.page_copied = before_pages;
      changes.push_back({FileChange::Kind::created, static_cast<std::uint32_t>(now_.size()), created.file});
      now_.push_back(std::move(created));
    }
    for (std::size_t i = changes.size(); i > 1; --i) std::swap(changes[i - 1], changes[random.below(i)]);
    return changes;
  }

  std::string take_name(std::vector<std::string>& free_names, SeededRandom& random) {
    if (free_names.empty() || random.one_in(3)) return "./db/n" + std::to_string(++fresh_names_) + ".ibd";
    std::swap(free_names.back(), free_names[random.below(free_names.size())]);
    std::string name = std::move(free_names.back());
    free_names.pop_back();
    return name;
  }

  void add_pages(std::size_t count, SeededRandom& random) {
    for (std::uint32_t index = 0; index < now_.size(); ++index) {
      File& file = now_[index];
      if (!file.live) continue;
      for (std::uint64_t at = 0; at + kPageBytes <= file.bytes.size(); at += kPageBytes) {
        if (!file.page_copied && (pages_.size() >= count || random.one_in(3))) continue;
        const Bytes image = random_bytes(kPageBytes, random);
        pages_.push_back({index, at, kPageBytes, file.file.size_bytes});
        page_bytes_[{index, at}] = image;
        std::copy(image.begin(), image.end(), file.bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }

  /// All of the files that were created, some pages of others, and last one of a file behind those of the redo.
  void add_late_round(std::size_t changes, SeededRandom& random) {
    LateRound round;
    const std::size_t known = now_.size();
    round.plan.changes = change_files(changes, true, random);
    for (std::uint32_t index = 0; index < now_.size(); ++index)
      for (std::uint64_t at = 0; now_[index].live && at + kPageBytes <= now_[index].bytes.size(); at += kPageBytes)
        if (index >= known || random.one_in(8)) add_late_page(index, at, round, random);
    while (!round.plan.pages.empty() && round.plan.pages.back().file_index < redo_.file_count) {
      round.images.erase({round.plan.pages.back().file_index, round.plan.pages.back().offset_bytes});
      round.plan.pages.pop_back();
    }
    for (const auto& [page, image] : round.images)
      std::copy(image.begin(), image.end(), now_[page.first].bytes.begin() + static_cast<std::ptrdiff_t>(page.second));
    if (!round.plan.empty()) late_.push_back(std::move(round));
  }

  void add_late_page(std::uint32_t index, std::uint64_t at, LateRound& round, SeededRandom& random) const {
    round.plan.pages.push_back({index, at, kPageBytes, now_[index].file.size_bytes});
    round.images[{index, at}] = random_bytes(kPageBytes, random);
  }

  std::vector<DataFile> files_;    ///< as FILE COPY lists them
  std::vector<Bytes> file_bytes_;  ///< and sends them
  std::vector<File> now_;
  std::uint32_t fresh_names_ = 0;
  std::vector<FileChange> changes_;
  std::vector<PageRef> pages_;
  Images page_bytes_;
  Images images_at_first_;
  std::vector<LateRound> late_;
  std::size_t late_rounds_done_ = 0;
  RedoPlan redo_;
  bool redo_changes_told_ = false;
  std::vector<Bytes> redo_bytes_;
};

/// A data directory that is cloned into, with what a stock recipient does without a word: a renamed file is kept aside,
/// under its new name and an extension, where it replaces what is there; data for a file that is not there creates one.
class MemorySink : public RecipientSink {
 public:
  Result<> add_file(const FileDescriptor& file) override {
    if (file.state == CloneState::redo_copy && file.name.empty()) {
      if (redo_.size() <= file.index) redo_.resize(file.index + 1);
      redo_[file.index].resize(file.size_bytes);
      return {};
    }
    if (directory_.contains(file.name))
      return Error{Errc::conflict, fmt::format("File '{}' already exists", file.name)};
    paths_[file.index] = file.name;
    directory_[file.name].resize(file.size_bytes);
    sizes_[file.index] = file.size_bytes;
    return {};
  }

  Result<> rename_file(const FileDescriptor& file) override {
    return move(file.index, file.name + std::string{kAside});
  }

  Result<> remove_file(const FileDescriptor& file) override {
    if (!removed_.insert(file.index).second) return {};
    directory_.erase(paths_.at(file.index));
    paths_.erase(file.index);
    return {};
  }

  Result<> settle_names() override {
    for (const auto& [index, path] : std::map{paths_}) {
      if (!path.ends_with(kAside)) continue;
      const std::string name = path.substr(0, path.size() - kAside.size());
      if (directory_.contains(name)) return Error{Errc::conflict, fmt::format("File '{}' already exists", name)};
      if (Result<> moved = move(index, name); !moved) return moved;
    }
    return {};
  }

  Result<> write(const DataDescriptor& where, ByteView data) override {
    Bytes& file =
        where.state == CloneState::redo_copy ? redo_.at(where.file_index) : directory_[paths_.at(where.file_index)];
    if (where.state != CloneState::redo_copy && file.size() < sizes_.at(where.file_index))
      file.resize(sizes_.at(where.file_index));
    if (where.offset_bytes + data.size() > file.size()) return Error{Errc::io, "write behind the end"};
    std::copy(data.begin(), data.end(), file.begin() + static_cast<std::ptrdiff_t>(where.offset_bytes));
    return {};
  }

  /// By name.
  [[nodiscard]] const std::map<std::string, Bytes>& files() const { return directory_; }
  [[nodiscard]] const std::vector<Bytes>& redo() const { return redo_; }

 private:
  static constexpr std::string_view kAside = ".#clone_ddl";

  Result<> move(std::uint32_t index, const std::string& to) {
    std::string& path = paths_.at(index);
    if (path == to) return {};
    const auto moved = directory_.find(path);
    if (moved == directory_.end()) return Error{Errc::io, fmt::format("'{}' is not there", path)};
    directory_[to] = std::move(moved->second);
    directory_.erase(moved);
    path = to;
    return {};
  }

  std::map<std::uint32_t, std::string> paths_;  ///< by index
  std::map<std::uint32_t, std::uint64_t> sizes_;
  std::set<std::uint32_t> removed_;
  std::map<std::string, Bytes> directory_;
  std::vector<Bytes> redo_;
};

}  // namespace donord::testing
