#include "live/log_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.hpp"
#include "support/damage.hpp"
#include "support/memory_redo.hpp"
#include "support/redo_records.hpp"
#include "support/redo_stream.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MemoryRedo;

constexpr SpaceId kSpace{7};

/// All events of a log.
class Events : public innodb::RedoSink {
 public:
  Result<> group(const innodb::RedoGroup& group) override {
    for (const innodb::RedoRecord& record : group.records) {
      const Result<std::optional<LogEvent>> event = find_log_event(group, record);
      if (!event) return event.error();
      EXPECT_TRUE(!*event || may_be_event(record));
      if (*event) found.push_back(**event);
    }
    return {};
  }

  std::vector<LogEvent> found;
};

std::vector<LogEvent> events_of(const MemoryRedo& log) {
  Events events;
  innodb::RedoParser parser{log.range().checkpoint};
  Lsn lsn = log.range().checkpoint.block_start();
  for (const innodb::RedoBlockBytes& block : log.blocks()) {
    const Result<> fed = parser.feed(lsn, block, events);
    EXPECT_TRUE(fed) << fed.error().what;
    lsn = lsn + block.size();
  }
  return events.found;
}

TEST(LogEvents, AreWhatHappensToFiles) {
  MemoryRedo log;
  const Lsn a = log.end();
  const Lsn b = log.add(testing::file_create(kSpace, "./db/t.ibd"));
  const Lsn c = log.add(testing::file_rename(kSpace, "./db/t.ibd", "./db/u.ibd"));
  const Lsn d = log.add(testing::make_redo_group(
      {testing::write_u4(kSpace, 46, 9), testing::index_load(kSpace), testing::file_delete(SpaceId{8}, "/x/v.ibd")}));
  const Lsn e = log.add(testing::write_string(kSpace, 10390, Bytes(innodb::kEncryptionInfoBytes)));
  EXPECT_THAT(events_of(log),
              ElementsAre(LogEvent{a, b, LogEventKind::file_created, kSpace, "./db/t.ibd", ""},
                          LogEvent{b, c, LogEventKind::file_renamed, kSpace, "./db/t.ibd", "./db/u.ibd"},
                          LogEvent{c, d, LogEventKind::index_loaded, kSpace, "", ""},
                          LogEvent{c, d, LogEventKind::file_removed, SpaceId{8}, "/x/v.ibd", ""},
                          LogEvent{d, e, LogEventKind::key_written, kSpace, "", ""}));
}

TEST(LogEvents, AnUndoTablespaceIsMadeWhenItsPage0Is) {
  constexpr SpaceId kUndo{0xFFFFFFED};
  MemoryRedo log;
  const Lsn a = log.end();
  const Lsn b = log.add(testing::make_redo_group({testing::init_page(kUndo), testing::init_page(kUndo, PageNo{1})}));
  log.add(testing::init_page(kUndo, PageNo{3}));
  log.add(testing::write_u4(kUndo, 46, 9));
  EXPECT_THAT(events_of(log), ElementsAre(LogEvent{a, b, LogEventKind::undo_made, kUndo, "", ""}));
}

TEST(LogEvents, AFileThatGrowsAndPagesThatChangeAreNone) {
  MemoryRedo log;
  log.add(testing::file_extend(kSpace, 114688, 16384));
  log.add(testing::init_page(kSpace));
  log.add(testing::dynamic_metadata());
  log.add(testing::write_string(kSpace, 10390, Bytes(innodb::kEncryptionInfoBytes), PageNo{1}));
  log.add(testing::write_string(kSpace, 38, Bytes(50)));
  EXPECT_THAT(events_of(log), IsEmpty());
}

TEST(LogEvents, TheLogOfARealServerHasThoseOfItsStatements) {
  const testing::RedoStream stream = testing::redo_fixture("ddl.bin");
  innodb::RedoParser parser{stream.first_block};
  Events events;
  const Result<> fed = testing::feed(parser, stream, events);
  ASSERT_TRUE(fed) << fed.error().what;
  std::map<LogEventKind, int> kinds;
  for (const LogEvent& event : events.found) ++kinds[event.kind];
  EXPECT_GT(kinds[LogEventKind::file_created], 0);
  EXPECT_GT(kinds[LogEventKind::file_renamed], 0);
  EXPECT_GT(kinds[LogEventKind::file_removed], 0);
}

TEST(LogEvents, ReadAsTheyWereWritten) {
  const LogEvent event{Lsn{8204}, Lsn{9000}, LogEventKind::file_renamed, SpaceId{0xFFFFFFEF}, "./a.ibd", "./b.ibd"};
  const Bytes bytes = encode(event);
  EXPECT_EQ(testing::to_hex(bytes), testing::to_hex(testing::from_hex("000000000000200c 0000000000002328 02 ffffffef"
                                                                      "0007 2e2f612e696264 0007 2e2f622e696264")));
  EXPECT_EQ(*decode<LogEvent>(bytes), event);
  testing::survives_damage<LogEvent>(bytes);
  EXPECT_EQ(encode(LogEvent{}).size(), LogEvent::kSmallestBytes);
}

TEST(LogEvents, EveryKindHasAName) {
  EXPECT_EQ(name_of(LogEventKind::key_written), "key_written");
  EXPECT_EQ(name_of(LogEventKind{0}), "");
  EXPECT_EQ(name_of(LogEventKind::file_imported), "file_imported");
  EXPECT_EQ(name_of(LogEventKind::undo_made), "undo_made");
  EXPECT_EQ(name_of(LogEventKind{8}), "");
}

}  // namespace
}  // namespace donord
