#include "live/redo_tail.hpp"

#include <gtest/gtest.h>

#include "support/datadir_builder.hpp"
#include "support/redo_server.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using innodb::kRedoBlockBytes;
using testing::RedoServer;
using testing::ScratchDirectory;

constexpr std::uint64_t kFileBytes = 65536;
constexpr std::uint64_t kDataBytes = kFileBytes - innodb::kRedoHeaderBytes;
constexpr Lsn kStart = RedoServer::kStart;

class RedoTailTest : public ::testing::Test {
 protected:
  RedoTail open() {
    Result<RedoTail> tail = RedoTail::open(server_.directory(), {.attempts = 3, .pause = std::chrono::milliseconds{0}});
    if (!tail) throw std::runtime_error(tail.error().what);
    return std::move(*tail);
  }

  /// Everything there is, as far as it is full; checks every block, and that short ones are marked.
  Result<> drain(RedoTail& tail, std::size_t buffer_bytes = std::size_t{1} << 20) {
    Bytes buffer(buffer_bytes);
    for (;;) {
      const Lsn before = tail.position();
      const Result<RedoPiece> piece = tail.read(buffer);
      if (!piece) return piece.error();
      if (piece->bytes == 0) return {};
      EXPECT_EQ(piece->start, before);
      EXPECT_EQ(piece->bytes % kRedoBlockBytes, 0U);
      for (std::size_t at = 0; at < piece->bytes; at += kRedoBlockBytes) {
        const ByteView block = ByteView{buffer}.subspan(at, kRedoBlockBytes);
        const bool last = at + kRedoBlockBytes == piece->bytes;
        const Lsn lsn = piece->start + at;
        EXPECT_TRUE(std::ranges::equal(block, testing::make_log_block(lsn, server_.end()))) << lsn.value();
        EXPECT_EQ(piece->provisional && last, !innodb::look_at_redo_block(block, lsn).header.full()) << lsn.value();
      }
      EXPECT_EQ(tail.position(), piece->start + (piece->bytes - (piece->provisional ? kRedoBlockBytes : 0)));
      reached_ = piece->start + piece->bytes;
    }
  }

  void expect_drained(RedoTail& tail) {
    const Result<> drained = drain(tail);
    ASSERT_TRUE(drained) << drained.error().what;
    EXPECT_EQ(reached_, server_.end().block_start() + kRedoBlockBytes);
  }

  Error error_of(RedoTail& tail) {
    const Result<> drained = drain(tail);
    return drained ? Error{Errc::usage, "no error"} : drained.error();
  }

  ScratchDirectory scratch_;
  RedoServer server_{scratch_.path() / "#innodb_redo"};
  Lsn reached_;  ///< behind the last block that was given
};

TEST_F(RedoTailTest, BeginsAtTheBlockOfTheNewestCheckpoint) {
  server_.write(10'000);
  server_.checkpoint(kStart + 4000);
  RedoTail tail = open();
  EXPECT_EQ(tail.position(), (kStart + 4000).block_start());
  expect_drained(tail);
}

TEST_F(RedoTailTest, NothingNewIsAnEmptyPiece) {
  RedoTail tail = open();
  expect_drained(tail);
  Bytes buffer(4096);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tail.read(buffer)->bytes, 0U);
}

TEST_F(RedoTailTest, AShortBlockComesAgainWhenItHasGrown) {
  RedoTail tail = open();
  Bytes buffer(8192);
  for (const std::uint64_t used : {100U, 101U, 507U}) {
    server_.write_until(kStart + used);
    const Result<RedoPiece> piece = tail.read(buffer);
    ASSERT_TRUE(piece && piece->provisional) << used;
    EXPECT_EQ(piece->start, kStart);
    EXPECT_EQ(piece->bytes, kRedoBlockBytes);
    EXPECT_EQ(innodb::look_at_redo_block(buffer, kStart).header.data_bytes, used);
    EXPECT_EQ(tail.read(buffer)->bytes, 0U);
  }
  server_.write_until(kStart + 512 + 12);
  const Result<RedoPiece> piece = tail.read(buffer);
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->start, kStart);
  EXPECT_EQ(piece->bytes, 2 * kRedoBlockBytes);
  EXPECT_EQ(tail.position(), kStart + 512);
}

TEST_F(RedoTailTest, ASmallBufferTakesOneBlockAtATime) {
  server_.write(10'000);
  RedoTail tail = open();
  const Result<> drained = drain(tail, kRedoBlockBytes);
  ASSERT_TRUE(drained) << drained.error().what;
  EXPECT_EQ(reached_, server_.end().block_start() + kRedoBlockBytes);
}

TEST_F(RedoTailTest, APieceEndsWhereAFileDoes) {
  server_.write(3 * kDataBytes);
  RedoTail tail = open();
  Bytes buffer(4 * kFileBytes);
  EXPECT_EQ(tail.read(buffer)->bytes, kDataBytes);
  EXPECT_EQ(tail.read(buffer)->start, kStart + kDataBytes);
  expect_drained(tail);
}

TEST_F(RedoTailTest, WaitsAtTheEndOfTheNewestFileForTheNextOne) {
  server_.fill_file();
  RedoTail tail = open();
  Bytes buffer(2 * kFileBytes);
  EXPECT_EQ(tail.read(buffer)->bytes, kDataBytes);
  EXPECT_EQ(tail.read(buffer)->bytes, 0U);
  server_.write(1000);
  expect_drained(tail);
}

TEST_F(RedoTailTest, AFullNewestFileWithoutASuccessorIsAGap) {
  server_.fill_file();
  RedoTail tail = open();
  server_.set_flags(static_cast<std::uint32_t>(innodb::RedoFlag::file_full));
  EXPECT_EQ(error_of(tail).code, Errc::malformed);
}

TEST_F(RedoTailTest, AFileThatIsMissingInBetweenIsAGap) {
  server_.write(2 * kDataBytes + 1000);
  RedoTail tail = open();
  std::filesystem::remove(server_.path_of(server_.files()[1]));
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_NE(error.what.find("no redo file"), std::string::npos) << error.what;
}

TEST_F(RedoTailTest, RecycledFilesAreFollowedAndTheirOldContentsAreNot) {
  RedoTail tail = open();
  for (int round = 0; round < 40; ++round) {
    server_.write(20'000);
    expect_drained(tail);
    if (server_.files().size() > 2) server_.recycle();
  }
  EXPECT_GT(server_.newest().id, 10U);
}

TEST_F(RedoTailTest, AFileThatIsOpenIsReadToItsEndAfterItWasRecycledOrRemoved) {
  for (const bool removed : {false, true}) {
    server_.checkpoint(server_.end());
    RedoTail tail = open();
    expect_drained(tail);
    server_.write(kDataBytes);
    removed ? server_.remove_oldest() : server_.recycle();
    expect_drained(tail);
  }
}

TEST_F(RedoTailTest, RedoThatWasOverwrittenIsAnError) {
  RedoTail tail = open();
  expect_drained(tail);  // the first file is open from here on
  server_.write(kDataBytes);
  server_.recycle();
  server_.write(2 * kDataBytes);  // it has become another one, with newer blocks
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_NE(error.what.find("was overwritten before it was read"), std::string::npos) << error.what;
  EXPECT_NE(error.hint.find("innodb_redo_log_capacity"), std::string::npos) << error.hint;
}

TEST_F(RedoTailTest, RedoWhoseFileBecameAnotherOneIsAnErrorEvenIfItsPlaceIsEmpty) {
  server_.set_file_bytes(4 * kFileBytes);
  server_.write(kDataBytes);
  server_.write(3 * kDataBytes);
  RedoTail tail = open();
  expect_drained(tail);  // far into the second file
  server_.recycle();
  server_.fill_file();
  server_.remove_oldest_spare();
  server_.write(1000);
  server_.recycle();
  server_.set_file_bytes(kFileBytes);
  server_.fill_file();
  server_.write(kDataBytes);  // it is cut, and begins elsewhere
  server_.recycle();
  server_.remove_oldest_spare();
  server_.recycle();
  server_.set_file_bytes(4 * kFileBytes);
  server_.fill_file();
  server_.write(1000);  // it is long again, with zeros where the tail is
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_NE(error.what.find("was overwritten before it was read"), std::string::npos) << error.what;
}

TEST_F(RedoTailTest, RedoWhoseFileIsGoneIsAnError) {
  server_.write(100);
  RedoTail tail = open();
  server_.write(2 * kDataBytes);
  server_.remove_oldest();  // before it was opened
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_NE(error.what.find("was overwritten before it was read"), std::string::npos) << error.what;
}

TEST_F(RedoTailTest, ANewerBlockInItsPlaceIsAnErrorEvenIfTheHeaderFits) {
  server_.write(10'000);
  RedoTail tail = open();
  const Lsn later = kStart + 100 * kDataBytes;
  server_.put_block(kStart, testing::make_log_block(later, later + 512));
  EXPECT_EQ(error_of(tail).code, Errc::conflict);
}

TEST_F(RedoTailTest, FilesMayBecomeLargerAndSmaller) {
  RedoTail tail = open();
  for (const std::uint64_t bytes : {4 * kFileBytes, kFileBytes, 2 * kFileBytes, kFileBytes + 16384}) {
    server_.set_file_bytes(bytes);
    for (int i = 0; i < 6; ++i) {
      server_.write(60'000);
      expect_drained(tail);
      if (server_.files().size() > 2) i % 2 == 0 ? server_.recycle() : server_.remove_oldest();
    }
  }
}

TEST_F(RedoTailTest, TheNewestFileMayBeCutWhileItIsRead) {
  server_.set_file_bytes(8 * kFileBytes);
  server_.write(kDataBytes + 1000);
  RedoTail tail = open();
  expect_drained(tail);
  server_.write(3 * kDataBytes);
  expect_drained(tail);
  server_.cut_newest();
  expect_drained(tail);
  server_.fill_file();
  server_.set_file_bytes(kFileBytes);
  server_.write(1000);
  expect_drained(tail);
}

TEST_F(RedoTailTest, ABlockThatIsStillBeingWrittenIsWaitedFor) {
  server_.write(3000);
  RedoTail tail = open();
  const Lsn last = server_.end().block_start();
  Bytes torn(kRedoBlockBytes);
  std::ranges::copy(testing::make_log_block(last, server_.end()), torn.begin());
  torn[100] ^= 1;
  server_.put_block(last, torn);
  ASSERT_TRUE(drain(tail));
  EXPECT_EQ(tail.position(), last);
  server_.write_block(last);
  expect_drained(tail);
}

TEST_F(RedoTailTest, ADamagedBlockWithGoodOnesBehindItIsAnError) {
  server_.write(3000);
  RedoTail tail = open();
  Bytes torn(kRedoBlockBytes);
  std::ranges::copy(testing::make_log_block(kStart + 1024, server_.end()), torn.begin());
  torn[100] ^= 1;
  server_.put_block(kStart + 1024, torn);
  EXPECT_EQ(error_of(tail).code, Errc::checksum);
  EXPECT_EQ(tail.position(), kStart + 1024);
}

TEST_F(RedoTailTest, ABlockThatTheCheckpointHasPassedIsNotWaitedFor) {
  server_.write(20'000);
  RedoTail tail = open();
  for (Lsn lsn = kStart + 1024; lsn < server_.end(); lsn = lsn + kRedoBlockBytes)
    server_.put_block(lsn, Bytes(kRedoBlockBytes));
  ASSERT_TRUE(drain(tail));
  server_.checkpoint(kStart + 2000);
  ASSERT_TRUE(tail.newest_checkpoint());
  EXPECT_EQ(error_of(tail).code, Errc::conflict);
}

TEST_F(RedoTailTest, ABlockThatShrinksIsARewrittenLog) {
  server_.write_until(kStart + 300);
  RedoTail tail = open();
  expect_drained(tail);
  server_.put_block(kStart, testing::make_log_block(kStart, kStart + 200));
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_NE(error.what.find("was rewritten"), std::string::npos) << error.what;
}

TEST_F(RedoTailTest, AnotherLogIsAnError) {
  RedoTail tail = open();
  expect_drained(tail);
  server_.set_uuid(0x87654321);
  const Error error = error_of(tail);
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_NE(error.what.find("its uuid is 0x87654321, it was 0x12345678"), std::string::npos) << error.what;
  EXPECT_FALSE(tail.newest_checkpoint());
}

TEST_F(RedoTailTest, FilesThatWereReplacedUnderneathAreNoticed) {
  RedoTail tail = open();
  expect_drained(tail);
  std::filesystem::remove_all(server_.directory());
  EXPECT_EQ(error_of(tail).code, Errc::not_found);
  RedoServer other{server_.directory()};
  other.set_uuid(0x87654321);
  EXPECT_EQ(error_of(tail).code, Errc::conflict);
}

TEST_F(RedoTailTest, DisabledLoggingIsAnErrorWhereverTheTailIs) {
  RedoTail at_the_end = open();
  RedoTail behind = open();
  expect_drained(at_the_end);
  server_.write(2 * kDataBytes);
  expect_drained(at_the_end);
  server_.set_flags(3);
  EXPECT_EQ(error_of(at_the_end).code, Errc::redo_disabled);
  EXPECT_EQ(error_of(behind).code, Errc::redo_disabled);
  EXPECT_EQ(at_the_end.newest_checkpoint().error().code, Errc::redo_disabled);
  EXPECT_EQ(RedoTail::open(server_.directory()).error().code, Errc::redo_disabled);
}

TEST_F(RedoTailTest, LoggingThatWasDisabledBeforeTheCheckpointDoesNotMatter) {
  server_.set_flags(3);
  server_.fill_file();
  server_.set_flags(3 | 8);
  server_.write(1000);
  server_.set_flags(0);
  server_.checkpoint(server_.end());
  RedoTail tail = open();
  expect_drained(tail);
}

TEST_F(RedoTailTest, LoggingThatIsOnAgainInTheNextFileDoesNotMatterForOneThatBeginsThen) {
  RedoTail earlier = open();
  server_.set_flags(3);
  server_.fill_file();
  server_.set_flags(3 | 8);
  server_.write(1000);
  server_.set_flags(0);
  server_.checkpoint(Lsn{server_.files().front().end().value() - 600});
  RedoTail tail = open();
  expect_drained(tail);
  EXPECT_TRUE(tail.newest_checkpoint());
  EXPECT_EQ(earlier.newest_checkpoint().error().code, Errc::redo_disabled);

  server_.set_flags(3);
  EXPECT_EQ(tail.newest_checkpoint().error().code, Errc::redo_disabled);
}

TEST_F(RedoTailTest, TheNewestCheckpointIsFoundAndNeverGoesBack) {
  server_.write(2 * kDataBytes);
  RedoTail tail = open();
  server_.checkpoint(kStart + kDataBytes + 1300);
  EXPECT_EQ(*tail.newest_checkpoint(), kStart + kDataBytes + 1300);
  EXPECT_EQ(tail.checkpoint_file_start().header.start_lsn, kStart + kDataBytes);
  server_.checkpoint(kStart + kDataBytes + 800);
  EXPECT_EQ(*tail.newest_checkpoint(), kStart + kDataBytes + 1300);
}

TEST_F(RedoTailTest, AHeaderThatStaysDamagedIsAnError) {
  RedoTail tail = open();
  testing::flip_byte(server_.path_of(server_.newest()), 20);
  EXPECT_EQ(tail.newest_checkpoint().error().code, Errc::checksum);
}

TEST_F(RedoTailTest, AFileThatCannotBePartOfALogIsAnError) {
  std::filesystem::resize_file(server_.path_of(server_.newest()), 4096);
  EXPECT_EQ(RedoTail::open(server_.directory(), {.attempts = 1}).error().code, Errc::malformed);
  std::filesystem::remove(server_.path_of(server_.newest()));
  EXPECT_EQ(RedoTail::open(server_.directory(), {.attempts = 1}).error().code, Errc::not_found);
}

TEST_F(RedoTailTest, SpareFilesAreLeftAlone) {
  testing::write_file(server_.directory() / "#ib_redo99_tmp", Bytes(kFileBytes, 0xEE));
  RedoTail tail = open();
  expect_drained(tail);
}

TEST_F(RedoTailTest, EncryptedBlocksAreGivenAsTheyAreStored) {
  server_.write(3000);
  RedoTail tail = open();
  innodb::RedoBlockBytes secret = testing::make_log_block(kStart + 512, server_.end());
  secret[4] |= 0x80;
  std::fill(secret.begin() + 12, secret.end(), std::uint8_t{0xAB});
  server_.put_block(kStart + 512, secret);
  Bytes buffer(4096);
  const Result<RedoPiece> piece = tail.read(buffer);
  ASSERT_TRUE(piece) << piece.error().what;
  EXPECT_GE(piece->bytes, 3 * kRedoBlockBytes);
  EXPECT_TRUE(std::ranges::equal(ByteView{buffer}.subspan(512, 512), secret));
}

TEST_F(RedoTailTest, SeekingBackGivesTheSameBlocksAgain) {
  server_.write(kDataBytes + 5000);
  RedoTail tail = open();
  expect_drained(tail);
  tail.seek(kStart + 1024);
  EXPECT_EQ(tail.position(), kStart + 1024);
  expect_drained(tail);
  tail.seek(server_.end());
  expect_drained(tail);
}

/// A server that does everything in any order: a tail gets every byte, or says that it was too late.
TEST(RedoTail, FollowsWhateverAServerDoes) {
  int completed = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    testing::SeededRandom random{seed};
    const ScratchDirectory scratch;
    RedoServer server{scratch.path()};
    Result<RedoTail> tail = RedoTail::open(server.directory(), {.attempts = 2, .pause = std::chrono::milliseconds{0}});
    ASSERT_TRUE(tail) << tail.error().what;
    Bytes buffer((1 + random.below(300)) * kRedoBlockBytes);
    Lsn oldest_kept = kStart;  // everything from here on can be read
    bool lost = false;
    for (int step = 0; step < 150 && !lost; ++step) {
      switch (random.below(9)) {
        case 0:
        case 1:
          server.write(random.below(600));
          break;
        case 2:
          server.write(random.below(40'000));
          break;
        case 3:
          random.one_in(4) ? server.fill_file() : server.checkpoint(server.end());
          break;
        case 4:
          if (server.files().size() > 3 + random.below(3)) {
            random.one_in(3) ? server.remove_oldest() : server.recycle();
            oldest_kept = server.files().front().start;
          }
          break;
        case 5:
          server.set_file_bytes(kFileBytes + 4096 * random.below(20));
          break;
        case 6:
          if (random.one_in(3)) server.cut_newest();
          break;
        default: {
          const Lsn before = tail->position();
          const Result<RedoPiece> piece = tail->read(buffer);
          if (!piece) {
            EXPECT_LT(before, oldest_kept) << piece.error().what;
            EXPECT_EQ(piece.error().code, Errc::conflict) << piece.error().what;
            lost = true;
            break;
          }
          EXPECT_EQ(piece->start, before);
          for (std::size_t at = 0; at < piece->bytes; at += kRedoBlockBytes)
            ASSERT_TRUE(std::ranges::equal(ByteView{buffer}.subspan(at, kRedoBlockBytes),
                                           testing::make_log_block(piece->start + at, server.end())))
                << (piece->start + at).value();
          if (piece->bytes == 0) {
            EXPECT_GE(before + kRedoBlockBytes, server.end());
          }
        }
      }
    }
    completed += lost ? 0 : 1;
  }
  EXPECT_GT(completed, 5);
  EXPECT_LT(completed, 60);
}

}  // namespace
}  // namespace donord
