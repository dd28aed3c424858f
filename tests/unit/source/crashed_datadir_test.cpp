// A datadir whose server was killed, as `DatadirSource` serves it.

#include "support/crashed_datadir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/page_check.hpp"
#include "innodb/redo_file_header.hpp"
#include "source/datadir_source.hpp"
#include "support/served_redo.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::file_create;
using testing::first_page_group;
using ::testing::HasSubstr;
using testing::make_initial_page;
using testing::make_page;
using testing::make_tablespace;
using testing::put_page;
using testing::ServedRedo;
using testing::torn;
using testing::write_file;
using testing::write_u4;

constexpr std::size_t kPageBytes = 16384;

class CrashedDatadirTest : public ::testing::Test {
 protected:
  /// Writes log and doublewrite file, and tries to serve the directory. Why it cannot be, or an empty error.
  Error refusal() {
    crashed_.write();
    const auto source = DatadirSource::open(options_);
    return source ? Error{} : source.error();
  }

  std::unique_ptr<CloneView> view() {
    crashed_.write();
    auto source = DatadirSource::open(options_);
    EXPECT_TRUE(source) << source.error().what;
    auto view = (*source)->begin_clone({});
    EXPECT_TRUE(view) << view.error().what;
    return std::move(*view);
  }

  static std::size_t index_of(const CloneView& view, std::string_view name) {
    const auto& files = view.files();
    const auto found = std::ranges::find(files, name, &DataFile::name);
    EXPECT_NE(found, files.end()) << name;
    return static_cast<std::size_t>(found - files.begin());
  }

  static Result<Bytes> read(const CloneView& view, std::string_view name) {
    const std::size_t index = index_of(view, name);
    Bytes content(view.files()[index].size_bytes);
    if (const Result<> done = view.read_file(index, 0, content); !done) return done.error();
    return content;
  }

  static ByteView page_of(const Bytes& content, std::size_t number) {
    return ByteView{content}.subspan(number * kPageBytes, kPageBytes);
  }

  /// Page 4 of db/t1.ibd is torn; returns what was being written.
  Bytes tear_page_4() {
    const Lsn end = crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{4}));
    const Bytes before = make_page({.space = SpaceId{2}, .number = PageNo{4}, .lsn = Lsn{16'000'000}});
    const Bytes after = make_page({.space = SpaceId{2}, .number = PageNo{4}, .lsn = end, .seed = 2});
    put_page(crashed_.at("db/t1.ibd"), 4, torn(before, after));
    return after;
  }

  testing::CrashedDatadir crashed_;
  DatadirOptions options_ = crashed_.options();
};

TEST_F(CrashedDatadirTest, IsServedWithItsRedo) {
  crashed_.log(testing::padding_record(1000));
  const Lsn end = crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  crashed_.log(testing::padding_record(5));
  crashed_.write();
  // Of space 7, which the padding changes.
  write_file(crashed_.at("db/t7.ibd"), make_tablespace({}));
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source) << source.error().what;
  const SourceIdentity identity = (*source)->identity();
  EXPECT_THAT(identity.description, HasSubstr("at rest, to be recovered"));
  EXPECT_EQ(identity.checkpoint_lsn, testing::kCrashCheckpoint);
  EXPECT_EQ(identity.end_lsn, innodb::advance_redo(end, 5 + testing::kPaddingOverhead));

  auto view = (*source)->begin_clone({});
  ASSERT_TRUE(view);
  EXPECT_FALSE((*view)->has_keys());
  EXPECT_TRUE((*view)->begin_page_copy()->pages.empty());
  const ServedRedo redo{**view};
  EXPECT_EQ(redo.plan().file_count, 1U);
  EXPECT_FALSE(redo.plan().encrypted);
  EXPECT_EQ(redo.start(0).header.creator, "MySQL 9.7.4");
  EXPECT_EQ(redo.start(0).header.flags, 0U);
  EXPECT_EQ(*redo.chain().newest_checkpoint(), testing::kCrashCheckpoint);
  EXPECT_EQ(redo.blocks(), crashed_.blocks());
}

TEST_F(CrashedDatadirTest, AServerKilledAtRestHasNothingToRecoverButIsRecovered) {
  for (const Lsn shutdown : {Lsn{9000}, testing::kShutdownLsn}) {
    testing::write_system_tablespace(crashed_.at("ibdata1"), shutdown);
    const auto clone = view();
    const ServedRedo redo{*clone};
    EXPECT_EQ(redo.start(0).header.creator, "MySQL 9.7.4");
    EXPECT_EQ(redo.blocks().size(), 1U);
  }
}

TEST_F(CrashedDatadirTest, ALogOfSeveralFilesIsMarkedAsAServerDoes) {
  write_file(crashed_.at("db/t7.ibd"), make_tablespace({}));
  for (int i = 0; i < 150; ++i) crashed_.log(testing::padding_record(1000));
  const auto clone = view();
  const ServedRedo redo{*clone};
  ASSERT_EQ(redo.plan().file_count, 3U);
  for (const std::size_t file : {0U, 1U, 2U}) {
    EXPECT_EQ(redo.start(file).header.creator, "MySQL 9.7.4");
    EXPECT_EQ(redo.start(file).header.has(innodb::RedoFlag::file_full), file < 2) << file;
  }
  EXPECT_EQ(redo.blocks(), crashed_.blocks());
}

TEST_F(CrashedDatadirTest, ATornPageIsServedAsItsCopy) {
  const Bytes after = tear_page_4();
  crashed_.keep_copy(after);
  const auto clone = view();
  const Result<Bytes> content = read(*clone, "./db/t1.ibd");
  ASSERT_TRUE(content) << content.error().what;
  EXPECT_TRUE(std::ranges::equal(page_of(*content, 4), after));
  Bytes page(kPageBytes);
  ASSERT_TRUE(clone->read_file(index_of(*clone, "./db/t1.ibd"), 4 * kPageBytes, page));
  EXPECT_EQ(page, after);
}

TEST_F(CrashedDatadirTest, ATornPageWithoutACopyEndsTheCloneWithItsName) {
  tear_page_4();
  options_.verify_pages = PageVerification::off;  // after a crash it cannot be
  const auto clone = view();
  const Result<Bytes> content = read(*clone, "./db/t1.ibd");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Errc::checksum);
  EXPECT_THAT(content.error().what, HasSubstr("db/t1.ibd: page 4 of space 2: torn"));
  Bytes page(kPageBytes);
  EXPECT_FALSE(clone->read_file_if_cached(index_of(*clone, "./db/t1.ibd"), 4 * kPageBytes, page));
}

TEST_F(CrashedDatadirTest, CopiesThatArriveLaterAreFoundByTheNextClone) {
  const Bytes after = tear_page_4();
  crashed_.write();
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source);
  EXPECT_FALSE(read(**(*source)->begin_clone({}), "./db/t1.ibd"));
  write_file(crashed_.at("#ib_16384_1.dblwr"), after);
  EXPECT_TRUE(read(**(*source)->begin_clone({}), "./db/t1.ibd"));
}

TEST_F(CrashedDatadirTest, PagesNeverWrittenAreServedAsEmptyOnes) {
  fs::resize_file(crashed_.at("db/t1.ibd"), 11 * kPageBytes);
  const auto clone = view();
  const Result<Bytes> content = read(*clone, "./db/t1.ibd");
  ASSERT_TRUE(content) << content.error().what;
  for (const std::uint32_t number : {9U, 10U})
    EXPECT_EQ(*innodb::check_page(page_of(*content, number), {{}, SpaceId{2}}, PageNo{number}),
              innodb::PageState::intact);
}

TEST_F(CrashedDatadirTest, APageThatIsNewerThanTheLogIsNotServed) {
  const Lsn end = crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{4}));
  put_page(crashed_.at("db/t1.ibd"), 4, make_page({.space = SpaceId{2}, .number = PageNo{4}, .lsn = end}));
  EXPECT_TRUE(read(*view(), "./db/t1.ibd"));
  put_page(crashed_.at("db/t1.ibd"), 4, make_page({.space = SpaceId{2}, .number = PageNo{4}, .lsn = end + 1}));
  EXPECT_THAT(read(*view(), "./db/t1.ibd").error().what, HasSubstr("newer than the redo log"));
}

TEST_F(CrashedDatadirTest, NoFileStaysOpenWhenTheLastViewHasGone) {
  crashed_.keep_copy(tear_page_4());
  crashed_.write();
  const auto open_files = [this] {
    return std::ranges::count_if(fs::directory_iterator{"/proc/self/fd"}, [this](const fs::directory_entry& entry) {
      std::error_code ignored;
      return fs::read_symlink(entry.path(), ignored).string().starts_with(crashed_.at().string());
    });
  };
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source);
  EXPECT_EQ(open_files(), 0);
  auto clone = (*source)->begin_clone({});
  ASSERT_TRUE(clone);
  EXPECT_TRUE(read(**clone, "./db/t1.ibd"));
  EXPECT_TRUE((*clone)->begin_redo_copy());
  EXPECT_GT(open_files(), 0);
  clone->reset();
  EXPECT_EQ(open_files(), 0);
}

// ---- page 0

TEST_F(CrashedDatadirTest, TornPages0OfAnyTablespaceAreServedAsTheirCopies) {
  struct Torn {
    const char* path;
    const char* name;
    testing::TablespaceSpec spec;
  };
  const Torn files[] = {
      {"ibdata1", "ibdata1", {.space = SpaceId{0}, .flags = 0x4800, .pages = 16, .flush_lsn = testing::kShutdownLsn}},
      {"undo_001", "undo_001", {.space = SpaceId{4294967279}, .flags = 0}},
      {"mysql.ibd", "./mysql.ibd", {.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .pages = 12}},
      {"db/t1.ibd", "./db/t1.ibd", {.space = SpaceId{2}, .pages = 9}},
  };
  std::vector<Bytes> copies;
  for (const Torn& file : files) {
    testing::TablespaceSpec spec = file.spec;
    spec.lsn = crashed_.log(write_u4(spec.space, 50, spec.pages));
    Bytes page = testing::make_first_page(spec);
    crashed_.keep_copy(page);
    copies.push_back(page);
    page[9000] ^= 1;
    put_page(crashed_.at(file.path), 0, page);
  }
  const auto clone = view();
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const Result<Bytes> content = read(*clone, files[i].name);
    ASSERT_TRUE(content) << content.error().what;
    EXPECT_TRUE(std::ranges::equal(page_of(*content, 0), copies[i])) << files[i].name;
  }
}

TEST_F(CrashedDatadirTest, ATornPage0WithoutACopyIsRefusedByItsName) {
  crashed_.log(write_u4(SpaceId{2}, 50, 9));
  testing::flip_byte(crashed_.at("db/t1.ibd"), 9000);
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::checksum);
  EXPECT_THAT(error.what, HasSubstr("db/t1.ibd: page 0 of space 2: checksum"));
  EXPECT_THAT(error.what, HasSubstr("the doublewrite files have no good copy of its page 0"));
}

TEST_F(CrashedDatadirTest, ANewTableWhosePage0IsInTheLogOnlyIsServed) {
  crashed_.log(file_create(SpaceId{9}, "./db/t2.ibd"));
  const Lsn end = crashed_.log(first_page_group(SpaceId{9}, 0x4021, 7));
  write_file(crashed_.at("db/t2.ibd"), Bytes(7 * kPageBytes));
  const auto clone = view();
  EXPECT_EQ(clone->files()[index_of(*clone, "./db/t2.ibd")].space, SpaceId{9});
  const Result<Bytes> content = read(*clone, "./db/t2.ibd");
  ASSERT_TRUE(content) << content.error().what;
  EXPECT_EQ(load_u64be(*content, innodb::kPageLsnOffset), end.value());
  for (std::uint32_t number = 0; number < 7; ++number)
    EXPECT_EQ(*innodb::check_page(page_of(*content, number), {{}, SpaceId{9}}, PageNo{number}),
              innodb::PageState::intact);
}

TEST_F(CrashedDatadirTest, AFileThatWasJustMadeIsServedAsItIs) {
  crashed_.log(file_create(SpaceId{9}, "./db/t2.ibd"));
  Bytes content = make_initial_page({.space = SpaceId{9}});
  content.resize(7 * kPageBytes);
  write_file(crashed_.at("db/t2.ibd"), content);
  const auto clone = view();
  const Result<Bytes> served = read(*clone, "./db/t2.ibd");
  ASSERT_TRUE(served) << served.error().what;
  EXPECT_TRUE(std::ranges::equal(page_of(*served, 0), page_of(content, 0)));
}

TEST_F(CrashedDatadirTest, FilesNeverWrittenThatTheLogDoesNotKnowAreLeftOut) {
  write_file(crashed_.at("db/t2.ibd"), Bytes(7 * kPageBytes));
  write_file(crashed_.at("db/t3.ibd"), {});
  const auto clone = view();
  EXPECT_EQ(clone->files().size(), 6U);
  EXPECT_THAT(survey_datadir(options_).ignored_files,
              ElementsAre(crashed_.at("db/t2.ibd").string() + " was created but never written",
                          crashed_.at("db/t3.ibd").string() + " was created but never written"));
}

TEST_F(CrashedDatadirTest, AnEncryptedTableWithoutAKeyIsNotLeftOut) {
  write_file(crashed_.at("db/t2.ibd"), make_tablespace({.space = SpaceId{9}, .flags = 0x6021}));
  const Error error = refusal();
  EXPECT_THAT(error.what, HasSubstr("db/t2.ibd: there is no encryption information"));
}

// ---- what recovery would look for

TEST_F(CrashedDatadirTest, AMissingTablespaceIsRefused) {
  crashed_.log(write_u4(SpaceId{77}, 100, 1, PageNo{3}));
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_THAT(error.what, HasSubstr("the redo log changes tablespace 77"));
}

TEST_F(CrashedDatadirTest, ADroppedTableMayStillHaveItsFile) {
  crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  crashed_.log(testing::file_delete(SpaceId{2}, "./db/t1.ibd"));
  EXPECT_EQ(refusal().what, "");
  fs::remove(crashed_.at("db/t1.ibd"));
  EXPECT_EQ(refusal().what, "");
}

TEST_F(CrashedDatadirTest, TwoFilesOfOneTablespaceAreRefused) {
  fs::copy_file(crashed_.at("db/t1.ibd"), crashed_.at("db/copy.ibd"));
  EXPECT_EQ(refusal().code, Errc::conflict);
  EXPECT_THAT(refusal().what, HasSubstr("have the same space id 2"));
}

TEST_F(CrashedDatadirTest, ABlankCopyOfATableThatTheLogMakesIsRefused) {
  crashed_.log(file_create(SpaceId{9}, "./db/t2.ibd"));
  crashed_.log(first_page_group(SpaceId{9}, 0x4021, 7));
  write_file(crashed_.at("db/t2.ibd"), Bytes(7 * kPageBytes));
  write_file(crashed_.at("db/t9.ibd"), make_tablespace({.space = SpaceId{9}}));
  EXPECT_THAT(refusal().what, HasSubstr("have the same space id 9"));
}

// ---- the log

TEST_F(CrashedDatadirTest, ADamagedBlockInTheMiddleOfTheLogIsNotItsEnd) {
  write_file(crashed_.at("db/t7.ibd"), make_tablespace({}));
  crashed_.log(testing::padding_record(3000));
  crashed_.write();
  const std::uint64_t offset = 2048 + (testing::kCrashFirstBlock - Lsn{16'384'000}) + 2 * 512;
  testing::flip_byte(crashed_.at("#innodb_redo/#ib_redo5"), offset + 100);
  const auto source = DatadirSource::open(options_);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::checksum);
  EXPECT_THAT(source.error().what,
              HasSubstr(fmt::format("the redo block at LSN {} is damaged: the log goes on behind it, at LSN {}",
                                    testing::kCrashFirstBlock + 1024, testing::kCrashFirstBlock + 1536)));
  EXPECT_THAT(source.error().hint, HasSubstr("if the machine lost power"));
}

TEST_F(CrashedDatadirTest, ALogWhoseLastBlockIsTornEndsBeforeIt) {
  write_file(crashed_.at("db/t7.ibd"), make_tablespace({}));
  crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  crashed_.log(testing::padding_record(1000));
  const Lsn end = crashed_.write();
  const std::uint64_t offset = 2048 + (end.block_start() - Lsn{16'384'000});
  testing::flip_byte(crashed_.at("#innodb_redo/#ib_redo5"), offset + 20);
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source) << source.error().what;
  EXPECT_EQ((*source)->identity().end_lsn, end.block_start() + 12);
  auto view = (*source)->begin_clone({});
  const ServedRedo redo{**view};
  EXPECT_EQ(redo.blocks().size(), crashed_.blocks().size()) << "an empty block takes the place of the torn one";
}

TEST_F(CrashedDatadirTest, ACloneThatWasNeverFinishedIsNoCrash) {
  crashed_.write();
  const auto spec = testing::RedoFileSpec{.checkpoint = testing::kCrashCheckpoint,
                                          .creator = "MySQL Clone",
                                          .log_begin = testing::kCrashCheckpoint,
                                          .log_end = testing::kCrashCheckpoint};
  write_file(crashed_.at("#innodb_redo/#ib_redo5"), make_redo_file(spec));
  const auto source = DatadirSource::open(options_);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::conflict);
}

TEST_F(CrashedDatadirTest, ADirectoryThatCrashedAgainIsServedInItsNewState) {
  crashed_.write();
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source) << source.error().what;
  const auto before = (*source)->begin_clone({});
  ASSERT_TRUE(before);
  const Lsn end = crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  crashed_.write();
  auto after = (*source)->begin_clone({});
  ASSERT_TRUE(after) << after.error().what;
  EXPECT_NE((*after)->fingerprint(), (*before)->fingerprint());
  EXPECT_EQ((*source)->identity().end_lsn, end);
  EXPECT_EQ(ServedRedo{**after}.blocks(), crashed_.blocks());
  EXPECT_FALSE((*before)->begin_redo_copy()) << "its log has changed";
}

}  // namespace
}  // namespace donord
