#include "innodb/tablespace_flags.hpp"

#include <gtest/gtest.h>

namespace donord::innodb {
namespace {

struct Row {
  std::uint32_t flags;
  PageFormat format;
  std::size_t encryption_info;
  std::size_t sdi;
};

TEST(TablespaceFlags, GivePageSizesAndOffsetsOfEveryFormat) {
  const Row rows[] = {
      {0x40E1, {4096, 4096, false}, 1558, 1673},     {0x4121, {8192, 8192, false}, 3734, 3849},
      {0x4021, {16384, 16384, false}, 10390, 10505}, {0x4029, {16384, 8192, true}, 5270, 5385},
      {0x4027, {16384, 4096, true}, 2710, 2825},     {0x41A1, {32768, 32768, false}, 20630, 20745},
      {0x41E1, {65536, 65536, false}, 41110, 41225},
  };
  for (const Row& row : rows) {
    const Result<PageFormat> format = TablespaceFlags{row.flags}.page_format();
    ASSERT_TRUE(format) << std::hex << row.flags << ": " << format.error().what;
    EXPECT_EQ(*format, row.format) << std::hex << row.flags;
    EXPECT_EQ(format->encryption_info_offset(), row.encryption_info) << std::hex << row.flags;
    EXPECT_EQ(format->sdi_offset(), row.sdi) << std::hex << row.flags;
  }
}

TEST(TablespaceFlags, RefuseSizesThatDoNotExist) {
  EXPECT_FALSE(TablespaceFlags{0x0040}.page_format()) << "page size shift 1";
  EXPECT_FALSE(TablespaceFlags{0x0200}.page_format()) << "page size shift 8";
  EXPECT_FALSE(TablespaceFlags{6U << 1}.page_format()) << "ZIP size shift 6";
  EXPECT_FALSE(TablespaceFlags{0xC0 | (4U << 1)}.page_format()) << "8K ZIP pages of 4K pages";
  EXPECT_FALSE(TablespaceFlags{0x8000}.page_format()) << "bit 15";
}

TEST(TablespaceFlags, EveryValueGivesOffsetsInsideThePageOrAnError) {
  for (std::uint32_t flags = 0; flags < 0x10000; ++flags) {
    const Result<PageFormat> format = TablespaceFlags{flags}.page_format();
    if (!format) continue;
    ASSERT_LT(format->encryption_progress_offset() + 5, format->physical_bytes) << std::hex << flags;
  }
}

TEST(TablespaceFlags, FeaturesAreSingleBits) {
  const TablespaceFlags flags{0x6421};
  EXPECT_TRUE(flags.encrypted());
  EXPECT_TRUE(flags.data_directory());
  EXPECT_TRUE(flags.has_sdi());
  EXPECT_FALSE(flags.temporary());
  EXPECT_FALSE(flags.shared());
}

}  // namespace
}  // namespace donord::innodb
