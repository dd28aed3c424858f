#include "source/binary_log.hpp"

#include <gmock/gmock.h>

#include "support/datadir_builder.hpp"

namespace donord {
namespace {

Bytes start_of_log(std::uint8_t type, std::uint8_t flags) {
  Bytes bytes{0xFE, 'b', 'i', 'n'};
  bytes.resize(4 + 19);
  bytes[4 + 4] = type;
  bytes[4 + 17] = flags;
  return bytes;
}

TEST(BinaryLogTest, FlagOfTheFormatDescription) {
  EXPECT_TRUE(is_binary_log_in_use(start_of_log(15, 1)));
  EXPECT_FALSE(is_binary_log_in_use(start_of_log(15, 0))) << "closed by its server";
  EXPECT_FALSE(is_binary_log_in_use(start_of_log(2, 1))) << "begins with another event";
  Bytes other_magic = start_of_log(15, 1);
  other_magic[1] = 'x';
  EXPECT_FALSE(is_binary_log_in_use(other_magic));
  Bytes cut = start_of_log(15, 1);
  cut.pop_back();
  EXPECT_FALSE(is_binary_log_in_use(cut));
}

TEST(BinaryLogTest, TheNewestLogOfAnIndexCounts) {
  const testing::ScratchDirectory directory;
  EXPECT_FALSE(binary_log_in_use(directory.path()));
  testing::write_file(directory.path() / "binlog.index", as_bytes("./binlog.000001\n./binlog.000002\n"));
  EXPECT_FALSE(binary_log_in_use(directory.path())) << "there is only the index";
  testing::write_file(directory.path() / "binlog.000001", start_of_log(15, 1));
  testing::write_file(directory.path() / "binlog.000002", start_of_log(15, 0));
  EXPECT_FALSE(binary_log_in_use(directory.path()));
  testing::write_file(directory.path() / "binlog.000002", start_of_log(15, 1));
  EXPECT_EQ(binary_log_in_use(directory.path())->filename(), "binlog.000002");
}

}  // namespace
}  // namespace donord
