#include "server/block_batch.hpp"

#include <gtest/gtest.h>

#include "clone/memory_view.hpp"
#include "protocol/compressed_frame.hpp"
#include "protocol/packet.hpp"

namespace donord {
namespace {

using testing::MemoryView;
using testing::SeededRandom;

/// A view with pages, and its blocks as a machine gives them out.
class BlockBatchTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kPage = MemoryView::kPageBytes;

  DonorAction::SendBlock page(std::size_t at) {
    const PageRef& page = pages_.at(at);
    return {CloneState::page_copy,
            message_of(at),
            {page.file_index, page.offset_bytes, page.length_bytes, page.file_size_bytes}};
  }

  DonorAction::SendBlock file_block(std::uint64_t offset, std::uint32_t length) {
    return {CloneState::file_copy, message_of(7), {0, offset, length, 60000}};
  }

  static Bytes message_of(std::size_t number) {
    return data_desc_response(
        DataDescriptor{.state = CloneState::page_copy, .chunk = 1, .file_index = std::uint32_t(number)});
  }

  Bytes image(std::size_t at) {
    Bytes image(kPage);
    EXPECT_TRUE(view_.read_page(pages_.at(at), image));
    return image;
  }

  /// The two packets of a page.
  Bytes packets_of(std::size_t at) {
    Bytes packets;
    append_packet(packets, SequenceId{0}, message_of(at));
    Bytes data(1, static_cast<std::uint8_t>(CloneResponse::data));
    append(data, image(at));
    append_packet(packets, SequenceId{0}, data);
    return packets;
  }

  SeededRandom random_{1};
  MemoryView view_{{.file_sizes = {60000, 9000}, .pages = 60}, random_};
  std::vector<PageRef> pages_ = view_.begin_page_copy()->pages;
};

TEST_F(BlockBatchTest, PutsTheMessagesOfItsBlocksOneBehindTheOther) {
  BlockBatch batch{4096, Compression::off};
  Bytes expected;
  for (std::size_t at = 0; at < 20; ++at) {
    ASSERT_TRUE(batch.has_room_for(page(at)));
    batch.add(page(at));
    append(expected, packets_of(at));
  }
  ASSERT_TRUE(batch.read(view_));
  EXPECT_EQ(Bytes(batch.wire_bytes().begin(), batch.wire_bytes().end()), expected);
  EXPECT_EQ(batch.state(), CloneState::page_copy);
  EXPECT_EQ(batch.data_bytes(), 20U * kPage);
  EXPECT_EQ(batch.block_count(), 20U);
}

TEST_F(BlockBatchTest, HasRoomForOneWholeBlockAndSaysWhenItIsFull) {
  BlockBatch batch{50000, Compression::off};
  ASSERT_TRUE(batch.has_room_for(file_block(0, 50000)));
  batch.add(file_block(0, 50000));
  EXPECT_FALSE(batch.has_room_for(file_block(0, 50000)));
  ASSERT_TRUE(batch.read(view_));
  EXPECT_EQ(batch.wire_bytes().size(), 4 + message_of(7).size() + 5 + 50000);
  while (batch.has_room_for(file_block(50000, 101))) batch.add(file_block(50000, 101));
  EXPECT_TRUE(batch.read(view_)) << "filled to the last byte that fits";
}

TEST_F(BlockBatchTest, IsEmptyAgainWhenItIsCleared) {
  for (const Compression compression : {Compression::off, Compression::on}) {
    BlockBatch batch{4096, compression};
    batch.add(page(0));
    ASSERT_TRUE(batch.read(view_));
    const Bytes first(batch.wire_bytes().begin(), batch.wire_bytes().end());
    batch.clear();
    EXPECT_EQ(batch.data_bytes(), 0U);
    EXPECT_EQ(batch.block_count(), 0U);
    batch.add(page(0));
    ASSERT_TRUE(batch.read(view_));
    EXPECT_EQ(Bytes(batch.wire_bytes().begin(), batch.wire_bytes().end()), first);
  }
}

TEST_F(BlockBatchTest, GivesEveryMessageFramesOfItsOwnOnACompressedConnection) {
  BlockBatch batch{4096, Compression::on};
  for (const std::size_t at : {3U, 4U}) batch.add(page(at));
  ASSERT_TRUE(batch.read(view_));

  Bytes inflated;
  ByteView left = batch.wire_bytes();
  std::size_t frames = 0;
  FrameAssembler assembler{1 << 16};
  while (!left.empty()) {
    assembler.expect(SequenceId{0});
    for (bool whole = false; !whole;) {
      const MutableBytes wanted = assembler.wanted();
      ASSERT_LE(wanted.size(), left.size());
      std::copy_n(left.begin(), wanted.size(), wanted.begin());
      left = left.subspan(wanted.size());
      const Result<bool> advanced = assembler.advance(wanted.size());
      ASSERT_TRUE(advanced) << advanced.error().what;
      whole = *advanced;
    }
    append(inflated, assembler.take());
    ++frames;
  }
  EXPECT_EQ(frames, 4U);
  Bytes expected = packets_of(3);
  append(expected, packets_of(4));
  EXPECT_EQ(inflated, expected);
}

/// Of which the first 30000 bytes of each file are in the page cache.
class HalfCachedView final : public MemoryView {
 public:
  using MemoryView::MemoryView;
  bool read_file_if_cached(std::size_t index, std::uint64_t offset, MutableBytes into) const override {
    return offset + into.size() <= 30000 && read_file(index, offset, into).has_value();
  }
};

TEST_F(BlockBatchTest, IsReadAtOnceOnlyIfAllOfItIsCached) {
  const HalfCachedView view{{.file_sizes = {60000}}, random_};
  BlockBatch batch{9000, Compression::off};
  batch.add(file_block(0, 1000));
  EXPECT_TRUE(batch.read_if_cached(view));
  EXPECT_TRUE(batch.was_cached());
  const Bytes at_once(batch.wire_bytes().begin(), batch.wire_bytes().end());
  ASSERT_TRUE(batch.read(view));
  EXPECT_TRUE(batch.was_cached());
  EXPECT_EQ(Bytes(batch.wire_bytes().begin(), batch.wire_bytes().end()), at_once);

  batch.add(file_block(29500, 1000));
  EXPECT_FALSE(batch.read_if_cached(view));
  ASSERT_TRUE(batch.read(view));
  EXPECT_FALSE(batch.was_cached());
}

TEST_F(BlockBatchTest, IsNotReadAtOnceWhenItTakesMoreThanAFile) {
  const HalfCachedView view{{.file_sizes = {60000}, .pages = 60}, random_};
  BlockBatch compressed{9000, Compression::on};
  compressed.add(file_block(0, 1000));
  EXPECT_FALSE(compressed.read_if_cached(view));
  BlockBatch pages{9000, Compression::off};
  pages.add(page(0));
  EXPECT_FALSE(pages.read_if_cached(view));
}

TEST_F(BlockBatchTest, FailsWhenOneOfItsBlocksCannotBeRead) {
  BlockBatch batch{9000, Compression::off};
  batch.add(file_block(0, 1000));
  batch.add(file_block(59500, 1000));
  EXPECT_EQ(batch.read(view_).error().what, "read behind the end");
}

}  // namespace
}  // namespace donord
