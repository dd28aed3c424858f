#include "live/group_end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/redo_parser.hpp"
#include "support/memory_redo.hpp"
#include "support/redo_records.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using testing::MemoryRedo;
using testing::write_u2;

constexpr SpaceId kSpace{7};
constexpr std::uint32_t kPageBytes = 16384;

struct Log {
  MemoryRedo redo;
  std::vector<Lsn> ends{redo.end()};

  Log() {
    testing::SeededRandom random{20};
    for (int i = 0; i < 400; ++i)
      ends.push_back(random.one_in(20) ? redo.add(testing::write_string(kSpace, 200, Bytes(random.below(2000), 0x55)))
                                       : redo.add(write_u2(kSpace, 100, 1)));
  }
};

TEST(GroupEnd, IsTheFirstThatIsNotBefore) {
  const Log log;
  for (std::size_t i = 1; i < log.ends.size(); i += 7) {
    const Lsn end = log.ends[i];
    EXPECT_EQ(group_end_at(log.ends.front(), end, kPageBytes, log.redo.read()).value(), end);
    EXPECT_EQ(group_end_at(log.ends[i - 1], Lsn{end.value() - 1}, kPageBytes, log.redo.read()).value(), end);
    EXPECT_EQ(group_end_at(end, log.ends.front(), kPageBytes, log.redo.read()).value(), end) << "nothing is needed";
  }
}

TEST(GroupEnd, ALogIsCutWhereverAGroupEnds) {
  const Log log;
  for (std::size_t i = 1; i < log.ends.size(); i += 3) {
    const Lsn end = log.ends[i];
    MemoryRedo shorter;
    testing::SeededRandom random{20};
    for (std::size_t n = 0; n < i; ++n)
      if (random.one_in(20))
        shorter.add(testing::write_string(kSpace, 200, Bytes(random.below(2000), 0x55)));
      else
        shorter.add(write_u2(kSpace, 100, 1));
    ASSERT_EQ(shorter.end(), end);
    const innodb::RedoRead cut = redo_until(end, log.redo.read());
    const Lsn first = log.ends.front().block_start();
    Bytes found(end.block_start() + innodb::kRedoBlockBytes - first);
    Bytes expected(found.size());
    ASSERT_TRUE(cut(first, found));
    ASSERT_TRUE(shorter.read()(first, expected));
    if (end - end.block_start() == innodb::kRedoBlockHeaderBytes) continue;  // the builder begins that block later
    EXPECT_EQ(found, expected) << i;
  }
}

TEST(GroupEnd, ErrorsOfTheReaderAreItsOwn) {
  const Log log;
  const innodb::RedoRead broken = [](Lsn, MutableBytes) -> Result<> { return Error{Errc::checksum, "broken"}; };
  EXPECT_EQ(group_end_at(log.ends[0], log.ends[1], kPageBytes, broken).error().code, Errc::checksum);
}

}  // namespace
}  // namespace donord
