#include "source/redo_patches.hpp"

#include <gtest/gtest.h>

#include "innodb/redo_lsn.hpp"

namespace donord {
namespace {

constexpr Lsn kBlock{16'388'096};

/// Three blocks of 0xEE after all patches.
Bytes patched(std::vector<RedoPatch> list) {
  const RedoPatches patches{std::move(list)};
  Bytes blocks(3 * 512, 0xEE);
  for (std::size_t i = 0; i < 3; ++i) patches.apply(kBlock + i * 512, MutableBytes{blocks}.subspan(i * 512, 512));
  return blocks;
}

Bytes blocks_with(std::initializer_list<std::pair<std::size_t, Bytes>> places) {
  Bytes blocks(3 * 512, 0xEE);
  for (const auto& [offset, bytes] : places)
    std::ranges::copy(bytes, blocks.begin() + static_cast<std::ptrdiff_t>(offset));
  return blocks;
}

TEST(RedoPatches, WithoutPatchesNothingChanges) {
  EXPECT_EQ(patched({}), blocks_with({}));
}

TEST(RedoPatches, APatchChangesItsBytesOnly) {
  EXPECT_EQ(patched({{kBlock + 512 + 100, {1, 2, 3}}}), blocks_with({{612, {1, 2, 3}}}));
  EXPECT_EQ(patched({{kBlock + 12, {1}}, {kBlock + 1024 + 507, {2}}}), blocks_with({{12, {1}}, {1024 + 507, {2}}}));
}

TEST(RedoPatches, APatchThatCrossesBlocksLeavesHeadersAndChecksumsAlone) {
  for (std::uint64_t first = 500; first < 508; ++first) {
    const std::size_t in_first = 508 - first;
    Bytes head(in_first, 9);
    Bytes tail(8 - in_first, 9);
    EXPECT_EQ(patched({{kBlock + first, Bytes(8, 9)}}), blocks_with({{first, head}, {512 + 12, tail}})) << first;
  }
}

TEST(RedoPatches, APatchMayBeLongerThanABlock) {
  Bytes long_patch(600);
  for (std::size_t i = 0; i < long_patch.size(); ++i) long_patch[i] = static_cast<std::uint8_t>(i);
  const auto part = [&](std::size_t at, std::size_t count) {
    return Bytes(long_patch.begin() + static_cast<std::ptrdiff_t>(at),
                 long_patch.begin() + static_cast<std::ptrdiff_t>(at + count));
  };
  EXPECT_EQ(patched({{kBlock + 500, long_patch}}),
            blocks_with({{500, part(0, 8)}, {512 + 12, part(8, 496)}, {1024 + 12, part(504, 96)}}));
}

TEST(RedoPatches, EachBlockGetsThoseThatLieInIt) {
  std::vector<RedoPatch> many;
  for (std::uint64_t block = 0; block < 20; ++block)
    for (const std::uint64_t offset : {12U, 13U, 200U, 507U})
      many.push_back({Lsn{kBlock.value() - 5 * 512 + block * 512 + offset}, {static_cast<std::uint8_t>(block)}});
  Bytes expected = blocks_with({});
  for (std::size_t block = 0; block < 3; ++block)
    for (const std::size_t offset : {12U, 13U, 200U, 507U})
      expected[block * 512 + offset] = static_cast<std::uint8_t>(block + 5);
  EXPECT_EQ(patched(many), expected);
}

}  // namespace
}  // namespace donord
