// What a recipient of 8.0.17 to 8.0.29 gets from a directory of its own age.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/in_memory_clone.hpp"
#include "innodb/redo_encryption.hpp"
#include "source/datadir_source.hpp"
#include "source/old_redo_packer.hpp"
#include "support/encryption_builder.hpp"
#include "support/old_datadir_builder.hpp"

namespace donord {
namespace {

using testing::InMemoryClone;
using testing::kShutdownLsn;
using testing::OldRedoSpec;

constexpr std::uint64_t kFile = 65536;

struct Era {
  CloneProtocol protocol;
  std::uint32_t format;
  const char* name;
};

class OldRedoCloneTest : public ::testing::TestWithParam<Era> {
 protected:
  /// The checkpoint's block is the last one of the last file.
  OldRedoCloneTest() {
    testing::build_old_datadir(scratch_.path(), spec_);
    source_ = DatadirSource::open({.datadir = scratch_.path()}).value();
    view_ = source_->begin_clone({}).value();
  }

  void clone_and_compare(std::size_t workers) {
    InMemoryClone clone{
        *view_, workers, 1, {.version = GetParam().protocol, .page_bytes = 16384, .block_bytes = 64 * 16384}};
    clone.run();
    ASSERT_TRUE(clone.complete()) << clone.problem() << clone.last_error();
    EXPECT_EQ(clone.recipient().negotiated(), GetParam().protocol);
    const std::map<std::string, Bytes> files = clone.sink().files();
    for (std::size_t i = 0; i < view_->files().size(); ++i) {
      Bytes expected(view_->files()[i].size_bytes);
      ASSERT_TRUE(view_->read_file(i, 0, expected));
      EXPECT_TRUE(files.at(view_->files()[i].name) == expected) << view_->files()[i].name;
    }
    expect_redo(clone.sink().redo());
  }

  /// As that of a stock donor: the checkpoint moved to the first block of the first file, nothing behind it.
  void expect_redo(const std::vector<Bytes>& redo) const {
    ASSERT_EQ(redo.size(), 2U);
    ASSERT_EQ(redo[0].size(), kFile);
    EXPECT_TRUE(redo[1] == Bytes(kFile));
    const Result<innodb::OldRedoStart> start = innodb::decode_old_redo_start(ByteView{redo[0]}.first(2048));
    ASSERT_TRUE(start) << start.error().what;
    EXPECT_EQ(start->start.header, (innodb::RedoFileHeader{.format = GetParam().format,
                                                           .uuid = 0,
                                                           .start_lsn = kShutdownLsn.block_start(),
                                                           .creator = "MySQL Clone",
                                                           .flags = 0}));
    const innodb::OldCheckpoint checkpoint{.number = 77,
                                           .lsn = kShutdownLsn,
                                           .offset_bytes = 2048 + kShutdownLsn.value() % 512,
                                           .log_buffer_bytes = 16'777'216};
    EXPECT_EQ(start->checkpoints[0], checkpoint);
    EXPECT_EQ(start->checkpoints[1], checkpoint);
    const auto block = testing::make_old_log_block(kShutdownLsn.block_start(), kShutdownLsn, 77);
    EXPECT_TRUE(std::equal(block.begin(), block.end(), redo[0].begin() + 2048));
    EXPECT_TRUE(std::all_of(redo[0].begin() + 2560, redo[0].end(), [](std::uint8_t byte) { return byte == 0; }));

    const Result<innodb::OldRedoRing> ring = innodb::OldRedoRing::make(kFile, redo.size(), checkpoint);
    ASSERT_TRUE(ring) << "a server could not start on it";
    EXPECT_EQ(ring->find(kShutdownLsn.block_start())->offset_bytes, 2048U);
  }

  testing::ScratchDirectory scratch_;
  OldRedoSpec spec_{.format = GetParam().format, .file_count = 3, .file = 2, .block_offset = kFile - 512};
  std::unique_ptr<DatadirSource> source_;
  std::unique_ptr<CloneView> view_;
};

TEST_P(OldRedoCloneTest, OverOneConnectionGivesTheRecipientALogOfItsOwnFormat) {
  clone_and_compare(0);
}

TEST_P(OldRedoCloneTest, OverSeveralConnectionsGivesTheSame) {
  clone_and_compare(3);
}

TEST_P(OldRedoCloneTest, AnnouncesTwoFilesAndThreeChunks) {
  EXPECT_EQ(source_->identity().server_version, "8.0.26");
  EXPECT_EQ(view_->redo_capacity_bytes(), 2 * kFile);
  const Result<RedoPlan> plan = view_->begin_redo_copy();
  ASSERT_TRUE(plan) << plan.error().what;
  const auto chunks = plan_redo(*plan, 16384, 64 * 16384);
  EXPECT_EQ(chunks->file_count(), 2U);
  EXPECT_EQ(chunks->chunk_count(), 3U);
  EXPECT_EQ(plan->file_size_bytes, kFile);
}

TEST_P(OldRedoCloneTest, AFileThatChangesMeanwhileEndsTheClone) {
  testing::write_old_redo(scratch_.path(), {.format = GetParam().format, .checkpoint = kShutdownLsn + 1000});
  const Result<RedoPlan> plan = view_->begin_redo_copy();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::conflict);
}

INSTANTIATE_TEST_SUITE_P(Every, OldRedoCloneTest,
                         ::testing::Values(Era{CloneProtocol::v1, 3, "Format3"}, Era{CloneProtocol::v1, 4, "Format4V1"},
                                           Era{CloneProtocol::v2, 4, "Format4V2"},
                                           Era{CloneProtocol::v3, 5, "Format5"}),
                         [](const auto& test) { return test.param.name; });

TEST(OldRedoClone, AnEncryptedLogIsSentInTheClearAndWantsTls) {
  const testing::ScratchDirectory scratch;
  testing::build_old_datadir(scratch.path(), {});
  const LockedBytes master_key = testing::random_secret(innodb::kMasterKeyBytes, 7);
  testing::write_keyring(scratch.path() / "keyring", 1, master_key);
  Bytes file = testing::make_old_redo({}).front();
  const Bytes plain{file.begin() + 2048, file.begin() + 2560};
  innodb::encrypt_redo_block(MutableBytes{file}.subspan(2048).first<512>(), testing::make_cipher());
  std::ranges::copy(encode(testing::wrap(testing::make_tablespace_key(), master_key)),
                    file.begin() + innodb::kRedoEncryptionInfoOffset);
  testing::write_file(scratch.path() / "ib_logfile0", file);

  const auto source = DatadirSource::open({.datadir = scratch.path(), .keyring_file = scratch.path() / "keyring"});
  ASSERT_TRUE(source) << source.error().what;
  const auto view = (*source)->begin_clone({}).value();
  EXPECT_TRUE(view->has_keys());
  const Result<RedoPlan> plan = view->begin_redo_copy();
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_FALSE(plan->encrypted);
  Bytes redo(2560);
  ASSERT_TRUE(view->read_redo(0, 0, redo));
  EXPECT_EQ(Bytes(redo.begin() + 2048, redo.end()), plain);
  EXPECT_EQ(Bytes(redo.begin() + 1024, redo.begin() + 1536), Bytes(512)) << "no key";
}

Result<OldRedoPacker> pack(Lsn checkpoint, const innodb::RedoRead& read) {
  return OldRedoPacker::make({.format = 4, .file_bytes = kFile}, {.number = 0x1'0000'0005, .lsn = checkpoint}, read);
}

innodb::RedoRead one_block(const innodb::RedoBlockBytes& block) {
  return [block](Lsn, MutableBytes into) -> Result<> {
    std::ranges::copy(block, into.begin());
    return {};
  };
}

TEST(OldRedoPacker, MakesAnEmptyBlockWhereTheLogHasNone) {
  const Lsn checkpoint = kShutdownLsn.block_start() + 12;
  const Result<OldRedoPacker> packer = pack(checkpoint, one_block({}));
  ASSERT_TRUE(packer) << packer.error().what;
  Bytes block(512);
  ASSERT_TRUE(packer->read(0, 2048, block));
  const innodb::RedoBlock found = innodb::look_at_old_redo_block(block, checkpoint.block_start());
  EXPECT_EQ(found.state, innodb::RedoBlockState::current);
  EXPECT_EQ(found.header.data_bytes, 12U);
  EXPECT_EQ(found.header.epoch, 5U) << "the low half of the checkpoint's number";
}

TEST(OldRedoPacker, GivesABlockWithoutAChecksumOne) {
  innodb::RedoBlockBytes block = testing::make_old_log_block(kShutdownLsn.block_start(), kShutdownLsn, 77);
  const innodb::RedoBlockBytes sealed = block;
  store_u32be(block, 508, 0xDEADBEEF);
  const Result<OldRedoPacker> packer = pack(kShutdownLsn, one_block(block));
  ASSERT_TRUE(packer) << packer.error().what;
  Bytes sent(512);
  ASSERT_TRUE(packer->read(0, 2048, sent));
  EXPECT_TRUE(std::equal(sealed.begin(), sealed.end(), sent.begin()));
}

TEST(OldRedoPacker, RefusesABlockThatIsNotTheLastOne) {
  const Lsn lsn = kShutdownLsn.block_start();
  for (const Lsn end : {lsn + 100, lsn + 512})
    EXPECT_EQ(pack(kShutdownLsn, one_block(testing::make_old_log_block(lsn, end, 77))).error().code, Errc::conflict);
}

TEST(OldRedoPacker, ReadsAnyRangeAndNothingOutside) {
  const auto block = testing::make_old_log_block(kShutdownLsn.block_start(), kShutdownLsn, 77);
  const Result<OldRedoPacker> packer = pack(kShutdownLsn, one_block(block));
  ASSERT_TRUE(packer);
  Bytes whole(kFile);
  ASSERT_TRUE(packer->read(0, 0, whole));
  for (const std::uint64_t offset : {0U, 1U, 2047U, 2048U, 2559U, 2560U, 60'000U}) {
    Bytes part(777, 0xEE);
    ASSERT_TRUE(packer->read(0, offset, part));
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset))) << offset;
  }
  Bytes part(512);
  EXPECT_TRUE(packer->read(1, kFile - 512, part));
  EXPECT_FALSE(packer->read(2, 0, part));
  EXPECT_FALSE(packer->read(0, kFile - 511, part));
  EXPECT_FALSE(packer->read(0, ~std::uint64_t{0}, part));
}

}  // namespace
}  // namespace donord
