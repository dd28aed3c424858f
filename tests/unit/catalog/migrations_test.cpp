#include "catalog/migrations.hpp"

#include <array>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include "fault/fault_injector.hpp"
#include "support/scratch_directory.hpp"

namespace donord::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::array<std::string_view, 3> kSteps = {"CREATE TABLE t (n INTEGER) STRICT",
                                                    "ALTER TABLE t ADD COLUMN s TEXT; INSERT INTO t VALUES (1, 'x')",
                                                    "CREATE INDEX t_n ON t (n)"};

Schema up_to(std::size_t version) {
  return Schema{"test schema", 0x54455354, std::span{kSteps}.first(version)};
}

std::int64_t number(Db& db, std::string_view sql) {
  Statement row = db.prepare(sql).value();
  EXPECT_TRUE(row.step().value());
  return row.integer(0);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(Migrations, BringAnEmptyFileToTheLatestVersion) {
  Db db = Db::open_in_memory().value();
  ASSERT_TRUE(migrate(db, up_to(3)));
  EXPECT_EQ(number(db, "PRAGMA user_version"), 3);
  EXPECT_EQ(number(db, "PRAGMA application_id"), 0x54455354);
  EXPECT_EQ(number(db, "SELECT count(*) FROM t"), 1);
}

TEST(Migrations, ApplyOnlyWhatIsMissing) {
  Db db = Db::open_in_memory().value();
  for (std::size_t version = 1; version <= kSteps.size(); ++version) {
    ASSERT_TRUE(migrate(db, up_to(version)));
    ASSERT_TRUE(migrate(db, up_to(version))) << "a second time is nothing to do";
    EXPECT_EQ(number(db, "PRAGMA user_version"), static_cast<std::int64_t>(version));
  }
  EXPECT_EQ(number(db, "SELECT count(*) FROM t"), 1);
}

TEST(Migrations, LeaveNothingBehindWhenAStepFails) {
  constexpr std::array<std::string_view, 2> kBroken = {kSteps[0], "CREATE TABLE u (n); CREATE TABEL"};
  Db db = Db::open_in_memory().value();
  const Result<> done = migrate(db, Schema{"test schema", 0x54455354, kBroken});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("test schema schema step 2"));
  EXPECT_EQ(number(db, "PRAGMA user_version"), 0);
  EXPECT_EQ(number(db, "SELECT count(*) FROM sqlite_schema"), 0);
}

TEST(Migrations, LeaveNothingBehindWhenTheCommitFails) {
  Db db = Db::open_in_memory().value();
  process_faults().arm(FaultRules::parse("catalog.commit action=error").value());
  EXPECT_FALSE(migrate(db, up_to(2)));
  process_faults().arm({});
  EXPECT_EQ(number(db, "PRAGMA user_version"), 0);
  EXPECT_TRUE(migrate(db, up_to(2)));
}

TEST(Migrations, RefuseANewerFileWithBothNumbers) {
  Db db = Db::open_in_memory().value();
  ASSERT_TRUE(migrate(db, up_to(3)));
  for (const Result<>& done : {migrate(db, up_to(2)), check_version(db, up_to(2))}) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::unsupported_version);
    EXPECT_THAT(done.error().what, AllOf(HasSubstr("version 3"), HasSubstr("up to 2")));
  }
  EXPECT_EQ(number(db, "PRAGMA user_version"), 3);
}

TEST(Migrations, RefuseAnOlderFileThatIsOnlyRead) {
  Db db = Db::open_in_memory().value();
  ASSERT_TRUE(migrate(db, up_to(1)));
  const Result<> done = check_version(db, up_to(3));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unsupported_version);
  EXPECT_THAT(done.error().what, AllOf(HasSubstr("version 1"), HasSubstr("version 3")));
}

TEST(Migrations, LeaveTheDatabaseOfAnotherProgramAsItIs) {
  const testing::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "other.db";
  ASSERT_TRUE(Db::open(path, Access::read_write).value().run_script("CREATE TABLE theirs (n)"));
  const std::string before = content(path);
  Db db = Db::open(path, Access::read_write).value();
  const Result<> done = migrate(db, up_to(3));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::malformed);
  EXPECT_THAT(done.error().what, HasSubstr("another program"));
  EXPECT_EQ(content(path), before);
}

}  // namespace
}  // namespace donord::sqlite
