#include "catalog/db.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fault/fault_injector.hpp"
#include "support/scratch_directory.hpp"

namespace donord::sqlite {
namespace {

using ::testing::HasSubstr;

Db memory_with_table() {
  Db db = Db::open_in_memory().value();
  EXPECT_TRUE(db.run_script("CREATE TABLE t (n INTEGER, s TEXT) STRICT"));
  return db;
}

std::int64_t count(Db& db) {
  Statement rows = db.prepare("SELECT count(*) FROM t").value();
  EXPECT_TRUE(rows.step().value());
  return rows.integer(0);
}

TEST(Db, GivesBackWhatWasBound) {
  Db db = memory_with_table();
  const std::string with_nul{"a\0b", 3};
  ASSERT_TRUE(db.run("INSERT INTO t VALUES (?, ?)", UINT64_MAX, std::string_view{with_nul}));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES (?, ?)", std::nullopt, std::string_view{}));
  ASSERT_TRUE(
      db.run("INSERT INTO t VALUES (?, ?)", std::optional<std::int64_t>{-5}, std::optional<std::string_view>{}));

  Statement rows = db.prepare("SELECT n, s FROM t ORDER BY rowid").value();
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.unsigned_integer(0), UINT64_MAX);
  EXPECT_EQ(rows.text(1), with_nul);
  ASSERT_TRUE(rows.step().value());
  EXPECT_TRUE(rows.is_null(0));
  EXPECT_FALSE(rows.is_null(1)) << "an empty text is not NULL";
  EXPECT_EQ(rows.text(1), "");
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.integer(0), -5);
  EXPECT_TRUE(rows.is_null(1));
  EXPECT_FALSE(rows.step().value());
}

TEST(Db, ReportsABindingThatDoesNotFit) {
  Db db = memory_with_table();
  EXPECT_FALSE(db.run("INSERT INTO t VALUES (?, ?)", std::int64_t{1}, std::int64_t{2}, std::int64_t{3}));
}

TEST(Db, NamesTheFileInErrors) {
  Db db = memory_with_table();
  const Result<> wrong = db.run("SELEKT 1");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what, HasSubstr(":memory:: near \"SELEKT\""));
}

TEST(Db, CallsABrokenConstraintAConflict) {
  Db db = memory_with_table();
  const Result<> wrong = db.run("INSERT INTO t VALUES ('text', '')");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::conflict);
}

TEST(Db, RollsBackWhenTheBodyFails) {
  Db db = memory_with_table();
  const Result<> done = db.transaction(Durability::full, [&]() -> Result<> {
    EXPECT_TRUE(db.run("INSERT INTO t VALUES (1, '')"));
    return Error{Errc::cancelled, "no"};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "no");
  EXPECT_EQ(count(db), 0);
}

TEST(Db, RollsBackWhenTheCommitFails) {
  Db db = memory_with_table();
  process_faults().arm(FaultRules::parse("catalog.commit action=error").value());
  const Result<> done = db.transaction(Durability::normal, [&] { return db.run("INSERT INTO t VALUES (1, '')"); });
  process_faults().arm({});
  EXPECT_FALSE(done);
  EXPECT_EQ(count(db), 0);
  EXPECT_TRUE(db.transaction(Durability::normal, [&] { return db.run("INSERT INTO t VALUES (1, '')"); }));
  EXPECT_EQ(count(db), 1);
}

TEST(Db, EnforcesForeignKeys) {
  Db db = Db::open_in_memory().value();
  ASSERT_TRUE(db.run_script("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a (id))"));
  EXPECT_FALSE(db.run("INSERT INTO b VALUES (7)"));
}

TEST(Db, CreatesAFileThatOnlyItsOwnerReads) {
  const testing::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "new.db";
  Db db = Db::open(path, Access::read_write).value();
  ASSERT_TRUE(db.run_script("PRAGMA journal_mode = WAL; CREATE TABLE t (n)"));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status = {};
    ASSERT_EQ(::stat((path.string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(Db, SaysThatAFileIsNoDatabase) {
  const testing::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "text";
  std::ofstream{path} << std::string(4096, 'x');
  Db db = Db::open(path, Access::read_write).value();
  const Result<> read = db.run("SELECT * FROM sqlite_schema");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
  EXPECT_THAT(read.error().what, HasSubstr("file is not a database"));
}

TEST(Db, SaysThatAFileOrDirectoryIsMissing) {
  const testing::ScratchDirectory directory;
  EXPECT_EQ(Db::open(directory.path() / "none.db", Access::read_only).error().code, Errc::not_found);
  EXPECT_EQ(Db::open(directory.path() / "no/such/directory.db", Access::read_write).error().code, Errc::not_found);
}

TEST(Db, RefusesToWriteWhatWasOpenedForReading) {
  const testing::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "read.db";
  ASSERT_TRUE(Db::open(path, Access::read_write).value().run_script("CREATE TABLE t (n)"));
  Db db = Db::open(path, Access::read_only).value();
  const Result<> written = db.run("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::denied);
}

TEST(Db, SaysThatTheDiskIsFull) {
  Db db = memory_with_table();
  ASSERT_TRUE(db.run_script("PRAGMA max_page_count = 4"));
  const Result<> written = db.run("INSERT INTO t VALUES (1, hex(zeroblob(100000)))");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_EQ(written.error().hint, "the file system is full");
}

}  // namespace
}  // namespace donord::sqlite
