#pragma once

// The redo of a clone as its recipient gets it, put together again.

#include "clone/donor_source.hpp"
#include "innodb/redo_encryption.hpp"
#include "innodb/redo_log.hpp"
#include "innodb/redo_parser.hpp"

namespace donord::testing {

class ServedRedo {
 public:
  explicit ServedRedo(CloneView& view) : plan_(view.begin_redo_copy().value()) {
    std::vector<innodb::RedoFile> links;
    for (std::uint32_t i = 0; i < plan_.file_count; ++i) {
      Bytes& file = files_.emplace_back(plan_.file_size_bytes);
      view.read_redo(i, 0, file).value();
      const ByteView start = ByteView{file}.first(innodb::kRedoHeaderBytes);
      links.push_back({.id = i, .size_bytes = file.size(), .start = innodb::decode_redo_file_start(start).value()});
    }
    chain_ = innodb::RedoChain::make(std::move(links)).value();
  }

  [[nodiscard]] const RedoPlan& plan() const { return plan_; }
  [[nodiscard]] const std::vector<Bytes>& files() const { return files_; }
  [[nodiscard]] const innodb::RedoFileStart& start(std::size_t file) const { return chain_->files()[file].start; }
  [[nodiscard]] const innodb::RedoChain& chain() const { return *chain_; }

  /// As it stands in its file.
  [[nodiscard]] innodb::RedoBlockBytes stored_block(Lsn lsn) const {
    const innodb::RedoChain::Place place = chain_->find(lsn).value();
    innodb::RedoBlockBytes block{};
    std::copy_n(files_[place.file].begin() + static_cast<std::ptrdiff_t>(place.offset_bytes), block.size(),
                block.begin());
    return block;
  }

  /// From the checkpoint to the end, which is the last block there is; each is checked and decrypted.
  [[nodiscard]] std::vector<innodb::RedoBlockBytes> blocks(const innodb::TablespaceCipher* cipher = nullptr) const {
    std::vector<innodb::RedoBlockBytes> blocks;
    for (Lsn lsn = chain_->start_lsn();; lsn = lsn + innodb::kRedoBlockBytes) {
      innodb::RedoBlockBytes block = stored_block(lsn);
      if (cipher != nullptr) innodb::decrypt_redo_block(block, *cipher);
      const innodb::RedoBlock looked = innodb::look_at_redo_block(block, lsn);
      if (looked.state != innodb::RedoBlockState::current) throw std::runtime_error(fmt::format("no block at {}", lsn));
      blocks.push_back(block);
      if (!looked.header.full()) return blocks;
    }
  }

 private:
  RedoPlan plan_;
  std::vector<Bytes> files_;
  std::optional<innodb::RedoChain> chain_;
};

/// Type, place and length of every record: "WRITE_STRING 16388200 to 16388330, page 0 of 7".
inline std::vector<std::string> records_of(const std::vector<innodb::RedoBlockBytes>& blocks, Lsn first_block) {
  struct Lines final : innodb::RedoSink {
    Result<> group(const innodb::RedoGroup& group) override {
      for (const innodb::RedoRecord& record : group.records)
        lines.push_back(fmt::format("{} {} to {}, page {} of {}, group to {}", name_of(record.type), record.start,
                                    record.end, record.page, record.space, group.end));
      return {};
    }
    std::vector<std::string> lines;
  };
  Lines lines;
  innodb::RedoParser parser{first_block + innodb::kRedoBlockHeaderBytes, {.page_bytes = 16384}};
  for (std::size_t i = 0; i < blocks.size(); ++i)
    parser.feed(first_block + i * innodb::kRedoBlockBytes, blocks[i], lines).value();
  return lines.lines;
}

}  // namespace donord::testing
