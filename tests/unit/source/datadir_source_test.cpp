#include "source/datadir_source.hpp"

#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "innodb/redo_file_header.hpp"
#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kShutdownLsn;
using testing::make_redo_file;
using testing::make_tablespace;
using testing::write_file;

class DatadirSourceTest : public ::testing::Test {
 protected:
  DatadirSourceTest() { testing::build_datadir(at()); }

  fs::path at(const fs::path& name = {}) const { return scratch_.path() / "data" / name; }

  /// What a source of the directory says when it refuses, or "".
  Error refusal() const {
    const auto source = DatadirSource::open(options_);
    return source ? Error{Errc::io, "", ""} : source.error();
  }

  std::unique_ptr<CloneView> view() const {
    auto source = DatadirSource::open(options_);
    EXPECT_TRUE(source) << source.error().what;
    auto view = (*source)->begin_clone({});
    EXPECT_TRUE(view) << view.error().what;
    return std::move(*view);
  }

  static std::size_t index_of(const CloneView& view, std::string_view name) {
    const auto& files = view.files();
    return static_cast<std::size_t>(std::ranges::find(files, name, &DataFile::name) - files.begin());
  }

  testing::ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = at(), .redo_file_bytes = 65536};
};

TEST_F(DatadirSourceTest, SaysWhoItIs) {
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source) << source.error().what;
  const SourceIdentity identity = (*source)->identity();
  EXPECT_EQ(identity.server_version, "9.7.4");
  EXPECT_EQ(identity.page_size_bytes, 16384U);
  EXPECT_EQ(identity.file_count, 6U);
  EXPECT_EQ(identity.data_bytes, 8 + (16 + 8 + 8 + 12 + 9) * 16384U);
  EXPECT_EQ(identity.checkpoint_lsn, kShutdownLsn);
  EXPECT_EQ(identity.end_lsn, kShutdownLsn);
}

TEST_F(DatadirSourceTest, ListsFilesInWireOrder) {
  const auto clone = view();
  std::vector<std::string> names;
  for (const DataFile& file : clone->files()) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("ib_buffer_pool", "ibdata1", "undo_001", "undo_002", "./mysql.ibd", "./db/t1.ibd"));

  const DataFile& dump = clone->files()[0];
  EXPECT_EQ(dump.fsp_flags, 0xFFFFFFFF);
  EXPECT_EQ(dump.space, SpaceId{0xFFFFFFFF});
  EXPECT_EQ(dump.page_size_bytes, 0U);
  EXPECT_EQ(dump.fs_block_size_bytes, 0U);
  EXPECT_EQ(dump.allocated_bytes, 8U);
  const DataFile& table = clone->files()[5];
  EXPECT_EQ(table.fsp_flags, 0x4021U);
  EXPECT_EQ(table.space, SpaceId{2});
  EXPECT_EQ(table.page_size_bytes, 16384U);
  EXPECT_EQ(table.size_bytes, 9 * 16384U);
  EXPECT_FALSE(table.encrypted);
}

TEST_F(DatadirSourceTest, ReadsTheBytesOfTheFiles) {
  const auto clone = view();
  for (std::size_t i = 0; i < clone->files().size(); ++i) {
    const DataFile& file = clone->files()[i];
    Bytes into(file.size_bytes);
    const Result<> read = clone->read_file(i, 0, into);
    ASSERT_TRUE(read) << file.name << ": " << read.error().what;
    EXPECT_EQ(into, *read_file(at(file.name), 1 << 20)) << file.name;
  }
}

TEST_F(DatadirSourceTest, ADamagedPageIsNotServed) {
  testing::flip_byte(at("db/t1.ibd"), 4 * 16384 + 9000);
  const auto clone = view();
  const std::size_t table = index_of(*clone, "./db/t1.ibd");
  Bytes into(9 * 16384);
  const Result<> read = clone->read_file(table, 0, into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::checksum);
  EXPECT_THAT(read.error().what, HasSubstr(at("db/t1.ibd").string() + ": page 4 of space 2: checksum 0x"));
  EXPECT_TRUE(clone->read_file(table, 5 * 16384, MutableBytes{into}.first(16384)));
}

/// Whether this file system can say what is cached; then a file that was just read is.
bool tells_what_is_cached(const fs::path& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  Bytes into(1);
  return read_exactly(*fd, path, 0, into) && read_if_cached(*fd, 0, into);
}

TEST_F(DatadirSourceTest, WhatIsCachedIsTheSameOnceTheFileIsOpen) {
  if (!tells_what_is_cached(at("ibdata1"))) GTEST_SKIP() << "this file system does not say what is cached";
  const auto clone = view();
  for (std::size_t i = 0; i < clone->files().size(); ++i) {
    Bytes expected(clone->files()[i].size_bytes);
    Bytes into(expected.size());
    EXPECT_FALSE(clone->read_file_if_cached(i, 0, into)) << "not open";
    ASSERT_TRUE(clone->read_file(i, 0, expected));
    ASSERT_TRUE(clone->read_file_if_cached(i, 0, into)) << clone->files()[i].name;
    EXPECT_EQ(into, expected);
  }
}

TEST_F(DatadirSourceTest, ADamagedPageIsLeftToThoseWhoSayWhatIsWrong) {
  if (!tells_what_is_cached(at("ibdata1"))) GTEST_SKIP() << "this file system does not say what is cached";
  testing::flip_byte(at("db/t1.ibd"), 4 * 16384 + 9000);
  const auto clone = view();
  const std::size_t table = index_of(*clone, "./db/t1.ibd");
  Bytes page(16384);
  ASSERT_TRUE(clone->read_file(table, 5 * 16384, page));
  EXPECT_TRUE(clone->read_file_if_cached(table, 5 * 16384, page));
  EXPECT_FALSE(clone->read_file_if_cached(table, 4 * 16384, page));
  EXPECT_FALSE(clone->read_file_if_cached(table, 5 * 16384 + 512, page)) << "not on a page";
  EXPECT_FALSE(clone->read_file_if_cached(table, 9 * 16384, page));
  EXPECT_FALSE(clone->read_file_if_cached(table, ~std::uint64_t{0}, page));
  EXPECT_FALSE(clone->read_file_if_cached(99, 0, page));
}

TEST_F(DatadirSourceTest, ADamagedPageIsServedWhenVerificationIsOff) {
  testing::flip_byte(at("db/t1.ibd"), 4 * 16384 + 9000);
  options_.verify_pages = PageVerification::off;
  const auto clone = view();
  Bytes into(9 * 16384);
  EXPECT_TRUE(clone->read_file(index_of(*clone, "./db/t1.ibd"), 0, into));
}

TEST_F(DatadirSourceTest, ReadsOutsideOfFilesAreRefused) {
  const auto clone = view();
  const std::size_t table = index_of(*clone, "./db/t1.ibd");
  Bytes page(16384);
  EXPECT_FALSE(clone->read_file(99, 0, page));
  EXPECT_FALSE(clone->read_file(table, 9 * 16384, page));
  EXPECT_FALSE(clone->read_file(table, ~std::uint64_t{0}, page));
  EXPECT_FALSE(clone->read_file(table, 512, page)) << "not on a page";
  EXPECT_FALSE(clone->read_redo(0, 0, page)) << "before begin_redo_copy";
}

TEST_F(DatadirSourceTest, RedoIsOneFileThatEndsAtItsCheckpoint) {
  const auto clone = view();
  EXPECT_EQ(clone->redo_capacity_bytes(), 65536U);
  EXPECT_TRUE(clone->begin_page_copy()->pages.empty());
  const Result<RedoPlan> plan = clone->begin_redo_copy();
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_EQ(plan->file_count, 1U);
  EXPECT_EQ(plan->file_size_bytes, 65536U);
  EXPECT_EQ(plan->trailer_offset_bytes, 2048U);

  Bytes redo(65536);
  ASSERT_TRUE(clone->read_redo(0, 0, redo));
  const auto start = innodb::decode_redo_file_start(ByteView{redo}.first(2048));
  ASSERT_TRUE(start) << start.error().what;
  EXPECT_EQ(start->header.creator, "MySQL Clone");
  EXPECT_EQ(start->header.start_lsn, kShutdownLsn.block_start());
  EXPECT_EQ(start->header.flags, 0U);
  EXPECT_NE(start->header.uuid, 0U);
  EXPECT_EQ(start->checkpoints[0], kShutdownLsn);
  EXPECT_EQ(start->checkpoints[1], kShutdownLsn);
  const innodb::RedoBlockBytes block = testing::make_log_block(kShutdownLsn.block_start(), kShutdownLsn);
  EXPECT_TRUE(std::equal(block.begin(), block.end(), redo.begin() + 2048));
  EXPECT_TRUE(std::all_of(redo.begin() + 2560, redo.end(), [](std::uint8_t byte) { return byte == 0; }));
}

TEST_F(DatadirSourceTest, ALogThatEndsOnABlockBoundaryIsClean) {
  const Lsn end{kShutdownLsn.block_start().value() + 512};
  for (const Lsn noted : {end, end + 12}) {
    write_file(at("ibdata1"), make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .flush_lsn = noted}));
    write_file(at("#innodb_redo/#ib_redo5"),
               make_redo_file({.checkpoint = end + 12, .log_begin = kShutdownLsn, .log_end = end}));
    const auto clone = view();
    EXPECT_TRUE(clone->begin_redo_copy());
  }
}

TEST_F(DatadirSourceTest, TheFingerprintIsTheSameForTheSameDirectory) {
  const std::string before = view()->fingerprint();
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(view()->fingerprint(), before);
  fs::last_write_time(at("db/t1.ibd"), fs::file_time_type::clock::now() + std::chrono::hours{1});
  EXPECT_NE(view()->fingerprint(), before);
}

TEST_F(DatadirSourceTest, AMysqldCannotStartWhileAViewLives) {
  auto clone = view();
  const UniqueFd fd{::open(at("ibdata1").c_str(), O_RDWR | O_CLOEXEC)};
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  EXPECT_NE(::fcntl(fd.get(), F_OFD_SETLK, &lock), 0);
  clone.reset();
  EXPECT_EQ(::fcntl(fd.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_EQ(refusal().code, Errc::unavailable);
  EXPECT_THAT(refusal().what, HasSubstr("a mysqld is running"));
}

TEST_F(DatadirSourceTest, AServerThatStartedInTheMeantimeIsNoticedWhenACloneBegins) {
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source);
  const UniqueFd fd{::open(at("ibdata1").c_str(), O_RDWR | O_CLOEXEC)};
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(::fcntl(fd.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_EQ((*source)->begin_clone({}).error().code, Errc::unavailable);
}

TEST_F(DatadirSourceTest, AServerThatCameAndWentIsServedInItsNewState) {
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source);
  write_file(at("db/t2.ibd"), make_tablespace({.space = SpaceId{3}}));
  ASSERT_TRUE((*source)->begin_clone({}));
  EXPECT_EQ((*source)->identity().file_count, 7U);
}

TEST_F(DatadirSourceTest, AFileThatChangesDuringACloneIsNoticedAtTheEnd) {
  const auto clone = view();
  fs::last_write_time(at("db/t1.ibd"), fs::file_time_type::clock::now() + std::chrono::hours{1});
  const auto plan = clone->begin_redo_copy();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::conflict);
  EXPECT_THAT(plan.error().what, HasSubstr("t1.ibd changed"));
}

TEST_F(DatadirSourceTest, ASystemTablespaceOfSeveralFilesKeepsItsPageNumbers) {
  write_file(at("ibdata1"),
             make_tablespace(
                 {.space = SpaceId{0}, .flags = 0x4800, .pages = 16, .fsp_size_pages = 24, .flush_lsn = kShutdownLsn}));
  EXPECT_EQ(refusal().code, Errc::truncated);
  EXPECT_THAT(refusal().hint, HasSubstr("innodb_data_file_path"));

  write_file(at("ibdata2"), make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .pages = 8, .first_page = 16}));
  options_.innodb_data_file_path = "ibdata1:256K;ibdata2:128K:autoextend";
  const auto clone = view();
  EXPECT_EQ(clone->files()[1].name, "ibdata1");
  EXPECT_EQ(clone->files()[2].name, "ibdata2");
  EXPECT_EQ(clone->files()[2].space, SpaceId{0});
  EXPECT_EQ(clone->files()[2].fsp_flags, 0x4800U);
  Bytes into(8 * 16384);
  const Result<> read = clone->read_file(2, 0, into);
  EXPECT_TRUE(read) << read.error().what;
}

TEST_F(DatadirSourceTest, SystemFilesInAnotherOrderAreRefused) {
  const auto part = [](std::uint32_t first, std::uint32_t pages) {
    return make_tablespace({.space = SpaceId{0},
                            .flags = 0x4800,
                            .pages = pages,
                            .fsp_size_pages = 24,
                            .flush_lsn = kShutdownLsn,
                            .first_page = first});
  };
  write_file(at("ibdata1"), part(0, 8));
  Bytes second = part(8, 8);
  std::fill_n(second.begin(), 3 * 16384, std::uint8_t{0});
  write_file(at("ibdata2"), second);
  write_file(at("ibdata3"), part(16, 8));
  options_.innodb_data_file_path = "ibdata1:128K;ibdata2:128K;ibdata3:128K";
  EXPECT_EQ(refusal().what, "");
  options_.innodb_data_file_path = "ibdata1:128K;ibdata3:128K;ibdata2:128K";
  EXPECT_EQ(refusal().code, Errc::checksum);
  EXPECT_THAT(refusal().what, HasSubstr("ibdata3: page 8 of space 0: it says it is page 16 of space 0"));
  EXPECT_THAT(refusal().hint, HasSubstr("innodb_data_file_path"));
  options_.innodb_data_file_path = "ibdata1:128K;ibdata2:128K;gone:128K";
  EXPECT_EQ(refusal().code, Errc::not_found);
}

TEST_F(DatadirSourceTest, APageThatIsNewerThanTheLogIsNotServed) {
  Bytes content = make_tablespace({.space = SpaceId{2}, .pages = 9, .lsn = kShutdownLsn});
  std::ranges::copy(testing::make_page({.space = SpaceId{2}, .number = PageNo{7}, .lsn = kShutdownLsn + 1}),
                    content.begin() + 7 * 16384);
  write_file(at("db/t1.ibd"), content);
  const auto clone = view();
  const std::size_t table = index_of(*clone, "./db/t1.ibd");
  Bytes into(9 * 16384);
  const Result<> read = clone->read_file(table, 0, into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::checksum);
  EXPECT_THAT(read.error().what, HasSubstr("t1.ibd: page 7 of space 2: the page is newer than the redo log"));
  EXPECT_THAT(read.error().hint, HasSubstr("do not belong together"));
  EXPECT_TRUE(clone->read_file(table, 0, MutableBytes{into}.first(7 * 16384)));
}

TEST_F(DatadirSourceTest, WhatAFinishedCloneLeavesBehindIsNoObstacle) {
  for (const char* name : {"#view_status", "#view_progress"}) write_file(at("#clone") / name, as_bytes("1\n"));
  for (const char* name : {"#replace_files", "#new_files"}) write_file(at("#clone") / name, {});
  EXPECT_EQ(refusal().what, "");
}

TEST_F(DatadirSourceTest, NoFileStaysOpenWhenTheLastViewHasGone) {
  const auto open_files = [this] {
    return std::ranges::count_if(fs::directory_iterator{"/proc/self/fd"}, [this](const fs::directory_entry& entry) {
      std::error_code ignored;
      return fs::read_symlink(entry.path(), ignored).string().starts_with(at().string());
    });
  };
  const auto source = DatadirSource::open(options_);
  ASSERT_TRUE(source);
  EXPECT_EQ(open_files(), 0);
  auto one = (*source)->begin_clone({});
  auto two = (*source)->begin_clone({});
  ASSERT_TRUE(one && two);
  Bytes into(16384);
  ASSERT_TRUE((*one)->read_file(5, 0, into));
  ASSERT_TRUE((*two)->read_file(5, 0, into));
  EXPECT_EQ(open_files(), 3) << "two locks and one file, used by both";
  one->reset();
  EXPECT_EQ(open_files(), 2);
  two->reset();
  EXPECT_EQ(open_files(), 0);
}

TEST_F(DatadirSourceTest, FilesOfEveryPageFormatAreServed) {
  write_file(at("db/zip8.ibd"), make_tablespace({.space = SpaceId{11}, .flags = 0x4029, .pages = 7}));
  write_file(at("db/zip4.ibd"), make_tablespace({.space = SpaceId{12}, .flags = 0x4027, .pages = 7}));
  const auto clone = view();
  for (const char* name : {"./db/zip8.ibd", "./db/zip4.ibd"}) {
    const std::size_t index = index_of(*clone, name);
    Bytes into(clone->files()[index].size_bytes);
    const Result<> read = clone->read_file(index, 0, into);
    EXPECT_TRUE(read) << read.error().what;
  }
}

TEST_F(DatadirSourceTest, CompressedPagesAreRecognisedInFilesWithHoles) {
  // The page is a real one, and newer than the log of the other tests.
  const Lsn start{40'000'000};
  const Lsn end = start + 4000;
  write_file(at("ibdata1"), make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .pages = 16, .flush_lsn = end}));
  write_file(at("#innodb_redo/#ib_redo5"),
             make_redo_file({.start_lsn = start, .checkpoint = end, .log_begin = end, .log_end = end}));
  const fs::path path = at("db/packed.ibd");
  Bytes content = make_tablespace({.space = SpaceId{35}, .pages = 2});
  const Bytes page = testing::innodb_fixture("page_compressed_lz4.bin");
  std::ranges::copy(page, content.begin() + 16384);
  write_file(path, content);
  fs::resize_file(path, 64 * 16384);
  const auto clone = view();
  const std::size_t index = index_of(*clone, "./db/packed.ibd");
  EXPECT_EQ(clone->files()[index].compression, PageCompression::lz4);
  Bytes into(64 * 16384);
  const Result<> read = clone->read_file(index, 0, into);
  EXPECT_TRUE(read) << read.error().what;
}

TEST_F(DatadirSourceTest, TemporaryTablespacesAreLeftOut) {
  write_file(at("tmp.ibd"), make_tablespace({.space = SpaceId{0xFFFFFFFD}, .flags = 0x1000}));
  EXPECT_EQ(index_of(*view(), "./tmp.ibd"), 6U);
}

TEST_F(DatadirSourceTest, UndoAndLogDirectoriesMayBeElsewhere) {
  fs::create_directory(scratch_.path() / "undo");
  fs::rename(at("undo_001"), scratch_.path() / "undo" / "undo_001");
  fs::rename(at("undo_002"), scratch_.path() / "undo" / "undo_002");
  fs::create_directory(scratch_.path() / "log");
  fs::rename(at("#innodb_redo"), scratch_.path() / "log" / "#innodb_redo");
  EXPECT_EQ(refusal().code, Errc::not_found);
  options_.innodb_undo_directory = scratch_.path() / "undo";
  options_.innodb_log_group_home_dir = scratch_.path() / "log";
  EXPECT_EQ(view()->files()[2].name, "undo_001");
}

TEST_F(DatadirSourceTest, TheVersionOfTheRedoCreatorIsSecondChoice) {
  write_file(at("mysql.ibd"),
             make_tablespace({.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .server_version = 80404}));
  EXPECT_EQ((*DatadirSource::open(options_))->identity().server_version, "8.4.4");
  write_file(at("mysql.ibd"), make_tablespace({.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .server_version = 0}));
  EXPECT_EQ((*DatadirSource::open(options_))->identity().server_version, "9.7.4");
}

struct Refusal {
  const char* name;
  std::function<void(const fs::path& datadir)> damage;
  Errc code;
  const char* what;
};

class DatadirRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(DatadirRefusalTest, IsSpecific) {
  const testing::ScratchDirectory scratch;
  const fs::path datadir = scratch.path() / "data";
  testing::build_datadir(datadir);
  GetParam().damage(datadir);
  const auto source = DatadirSource::open({.datadir = datadir});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, GetParam().code) << source.error().what;
  EXPECT_THAT(source.error().what, HasSubstr(GetParam().what));
  EXPECT_FALSE(source.error().hint.empty() && source.error().code != Errc::malformed &&
               source.error().code != Errc::not_found)
      << source.error().what;
}

void write_redo(const fs::path& datadir, testing::RedoFileSpec spec) {
  spec.checkpoint = kShutdownLsn;
  spec.log_begin = kShutdownLsn;
  if (spec.log_end == Lsn{}) spec.log_end = kShutdownLsn;
  write_file(datadir / "#innodb_redo" / "#ib_redo5", make_redo_file(spec));
}

void damage_redo_header(const fs::path& datadir) {
  testing::flip_byte(datadir / "#innodb_redo" / "#ib_redo5", 20);
}

void use_redo_format_5(const fs::path& datadir) {
  const auto start = innodb::encode_redo_file_start(
      {.format = 5, .uuid = 1, .start_lsn = Lsn{16'384'000}, .creator = "MySQL 8.0.28"}, kShutdownLsn);
  Bytes content(65536);
  std::ranges::copy(start, content.begin());
  write_file(datadir / "#innodb_redo" / "#ib_redo5", content);
}

INSTANTIATE_TEST_SUITE_P(
    Every, DatadirRefusalTest,
    ::testing::Values(
        Refusal{"MissingDirectory", [](const fs::path& d) { fs::remove_all(d); }, Errc::not_found, "open the datadir"},
        Refusal{"NotADirectory",
                [](const fs::path& d) {
                  fs::remove_all(d);
                  write_file(d, as_bytes("x"));
                },
                Errc::usage, "is not a directory"},
        Refusal{"NotADatadir",
                [](const fs::path& d) {
                  fs::remove(d / "ibdata1");
                  fs::remove(d / "mysql.ibd");
                },
                Errc::usage, "it has neither ibdata1 nor mysql.ibd"},
        Refusal{"NoDictionary", [](const fs::path& d) { fs::remove(d / "mysql.ibd"); }, Errc::not_found,
                "has no data dictionary"},
        Refusal{"NoSystemTablespace", [](const fs::path& d) { fs::remove(d / "ibdata1"); }, Errc::not_found, "ibdata1"},
        Refusal{"NoRedo", [](const fs::path& d) { fs::remove_all(d / "#innodb_redo"); }, Errc::not_found,
                "#innodb_redo"},
        Refusal{"EmptyRedo", [](const fs::path& d) { fs::remove(d / "#innodb_redo" / "#ib_redo5"); }, Errc::not_found,
                "there are no redo files"},
        Refusal{"UnknownRedoFormat", use_redo_format_5, Errc::unsupported_version, "redo log format 5, expected 6"},
        Refusal{"DamagedRedoHeader", damage_redo_header, Errc::checksum, "#ib_redo5"},
        Refusal{"RedoDisabled", [](const fs::path& d) { write_redo(d, {.flags = 1}); }, Errc::redo_disabled,
                "redo logging is disabled"},
        Refusal{"CrashUnsafe", [](const fs::path& d) { write_redo(d, {.flags = 2}); }, Errc::conflict,
                "crashed while redo logging was disabled"},
        Refusal{"RedoNotInitialised", [](const fs::path& d) { write_redo(d, {.flags = 4}); }, Errc::conflict,
                "never initialised"},
        Refusal{"CrashedWithALogThatIsNone",
                [](const fs::path& d) { write_redo(d, {.log_end = kShutdownLsn + 3000}); }, Errc::malformed,
                "redo record"},
        Refusal{"EncryptedRedo",
                [](const fs::path& d) {
                  Bytes file =
                      make_redo_file({.checkpoint = kShutdownLsn, .log_begin = kShutdownLsn, .log_end = kShutdownLsn});
                  const std::uint64_t block = 2048 + (kShutdownLsn.block_start() - Lsn{16'384'000});
                  store_u16be(file, block + 4, 0x8200);
                  write_file(d / "#innodb_redo" / "#ib_redo5", file);
                },
                Errc::unsupported_version, "is encrypted"},
        Refusal{"NeverWrittenFirstPage", [](const fs::path& d) { write_file(d / "db" / "t2.ibd", Bytes(7 * 16384)); },
                Errc::malformed, "page 0 was never written"},
        Refusal{"NoBlockAtTheCheckpoint",
                [](const fs::path& d) { testing::flip_byte(d / "#innodb_redo" / "#ib_redo5", 2048 + 3584 + 100); },
                Errc::malformed, "before its checkpoint"},
        Refusal{"DuplicateSpace", [](const fs::path& d) { fs::copy_file(d / "db" / "t1.ibd", d / "db" / "copy.ibd"); },
                Errc::conflict, "t1.ibd have the same space id 2"},
        Refusal{"ShortFile", [](const fs::path& d) { fs::resize_file(d / "db" / "t1.ibd", 8 * 16384); },
                Errc::truncated, "its header says 9 pages, 8 are there"},
        Refusal{"EmptyFile", [](const fs::path& d) { write_file(d / "db" / "t2.ibd", {}); }, Errc::truncated, "t2.ibd"},
        Refusal{"WrongFirstPage", [](const fs::path& d) { write_file(d / "db" / "t2.ibd", Bytes(16384, 7)); },
                Errc::malformed, "the first page says it is page"},
        Refusal{"DamagedFirstPage", [](const fs::path& d) { testing::flip_byte(d / "db" / "t1.ibd", 9000); },
                Errc::checksum, "page 0 of space 2: checksum"},
        Refusal{"EncryptedWithoutAKey",
                [](const fs::path&
                       d) { write_file(d / "db" / "t2.ibd", make_tablespace({.space = SpaceId{9}, .flags = 0x6021})); },
                Errc::not_found, "t2.ibd: there is no encryption information"},
        Refusal{"ForeignPageSize",
                [](const fs::path&
                       d) { write_file(d / "db" / "t2.ibd", make_tablespace({.space = SpaceId{9}, .flags = 0x40E1})); },
                Errc::malformed, "has pages of 4096 bytes, the instance of 16384"},
        Refusal{"CloneInProgress", [](const fs::path& d) { write_file(d / "#clone" / "#status_in_progress", {}); },
                Errc::conflict, "#status_in_progress says that a clone into this directory is unfinished"},
        Refusal{"CloneFailed", [](const fs::path& d) { write_file(d / "#clone" / "#status_error", {}); },
                Errc::conflict, "#status_error says"},
        Refusal{"CloneNeverStarted", [](const fs::path& d) { write_file(d / "#clone" / "#status_fix", {}); },
                Errc::conflict, "#status_fix says"},
        Refusal{"CloneWithNewFiles",
                [](const fs::path& d) { write_file(d / "#clone" / "#new_files", as_bytes("./db/t1.ibd\n")); },
                Errc::conflict, "#new_files says"},
        Refusal{"CloneWithFilesToReplace",
                [](const fs::path& d) { write_file(d / "#clone" / "#replace_files", as_bytes("ibdata1\n")); },
                Errc::conflict, "#replace_files says"},
        Refusal{"CloneNotInPlace", [](const fs::path& d) { write_file(d / "ibdata1.#clone", {}); }, Errc::conflict,
                "ibdata1.#clone says"},
        Refusal{"CloneRedoNotInPlace", [](const fs::path& d) { fs::create_directory(d / "#innodb_redo.#clone"); },
                Errc::conflict, "#innodb_redo.#clone says"},
        Refusal{"LinkToNowhere", [](const fs::path& d) { fs::create_symlink("not_mounted", d / "db2"); },
                Errc::not_found, "db2"},
        Refusal{"BufferPoolDumpThatCannotBeRead",
                [](const fs::path& d) {
                  fs::remove(d / "ib_buffer_pool");
                  fs::create_directory(d / "ib_buffer_pool");
                },
                Errc::malformed, "ib_buffer_pool is not a regular file"},
        Refusal{"PageNewerThanTheLog",
                [](const fs::path& d) {
                  write_file(d / "db" / "t1.ibd",
                             make_tablespace({.space = SpaceId{2}, .pages = 9, .lsn = kShutdownLsn + 1}));
                },
                Errc::checksum,
                "t1.ibd: page 0 of space 2: the page is newer than the redo log: its LSN is 16388001, the log ends at "
                "16388000"},
        Refusal{"UndoTruncation", [](const fs::path& d) { write_file(d / "undo_1_trunc.log", as_bytes("x")); },
                Errc::conflict, "is being truncated"},
        Refusal{
            "TwoUndoFilesOfOneName",
            [](const fs::path&
                   d) { write_file(d / "u" / "undo_001", make_tablespace({.space = SpaceId{4294967277}, .flags = 0})); },
            Errc::conflict, "two undo tablespaces undo_001"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace donord
