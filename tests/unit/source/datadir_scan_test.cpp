#include "source/datadir_scan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/datadir_builder.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScratchDirectory;
using testing::write_file;

class DatadirScanTest : public ::testing::Test {
 protected:
  void touch(const std::filesystem::path& name) { write_file(scratch_.path() / "data" / name, as_bytes("x")); }

  std::vector<std::string> names(const DatadirScan& scan) {
    std::vector<std::string> names;
    for (const ScannedFile& file : scan.candidates) names.push_back(file.name);
    return names;
  }

  ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = scratch_.path() / "data"};
};

TEST_F(DatadirScanTest, TakesTablespacesAndNothingElse) {
  for (const char* name : {"mysql.ibd", "undo_001", "undo002", "extra.ibu", "db/t.ibd", "db/t#p#p0.ibd",
                           "db/#sql-ib12-34.ibd", "db/fts_0000000000000435_config.ibd"})
    touch(name);
  for (const char* name :
       {"ibtmp1", ".ibd", "undo_1", "undo_0001", "undo_abc", "db/t.MYD", "db/t.sdi", "#innodb_temp/x.ibd",
        "#ib_archive/y.ibd", "db/#other.ibd", "#innodb_redo/#ib_redo1", "binlog.000001", "auto.cnf"})
    touch(name);
  const DatadirScan scan = scan_datadir(options_);
  EXPECT_THAT(scan.problems, IsEmpty());
  EXPECT_THAT(names(scan),
              ElementsAre("./db/#sql-ib12-34.ibd", "./db/fts_0000000000000435_config.ibd", "./db/t#p#p0.ibd",
                          "./db/t.ibd", "./extra.ibu", "./mysql.ibd", "./undo002", "./undo_001"));
}

TEST_F(DatadirScanTest, FilesOutsideTheDatadirHaveAbsoluteNames) {
  touch("mysql.ibd");
  const std::filesystem::path outside = scratch_.path() / "outside";
  write_file(outside / "db" / "far.ibd", as_bytes("x"));
  options_.innodb_directories = {outside, outside / "db", options_.datadir};
  EXPECT_THAT(names(scan_datadir(options_)), ElementsAre("./mysql.ibd", (outside / "db" / "far.ibd").string()));
}

TEST_F(DatadirScanTest, SymbolicLinksAreFollowedOnce) {
  touch("mysql.ibd");
  write_file(scratch_.path() / "disk2" / "t.ibd", as_bytes("x"));
  std::filesystem::create_directory_symlink(scratch_.path() / "disk2", options_.datadir / "db");
  std::filesystem::create_directory_symlink(options_.datadir, options_.datadir / "loop");
  EXPECT_THAT(names(scan_datadir(options_)), ElementsAre("./db/t.ibd", "./mysql.ibd"));
}

TEST_F(DatadirScanTest, SystemFilesStandInTheConfiguredOrder) {
  touch("mysql.ibd");
  options_.innodb_data_home_dir = "sys";
  options_.innodb_data_file_path = "b:12M;/abs/a:12M:autoextend";
  touch("sys/b");
  const DatadirScan scan = scan_datadir(options_);
  ASSERT_EQ(scan.system_files.size(), 2U);
  EXPECT_EQ(scan.system_files[0].path, options_.datadir / "sys" / "b");
  EXPECT_EQ(scan.system_files[0].name, "b");
  EXPECT_EQ(scan.system_files[1].path, "/abs/a");
  EXPECT_EQ(scan.system_files[1].name, "a");
}

TEST_F(DatadirScanTest, AnUndoTruncationInProgressIsAProblem) {
  touch("undo_1_trunc.log");
  const std::filesystem::path logs = scratch_.path() / "logs";
  write_file(logs / "undo_2_trunc.log", as_bytes("x"));
  write_file(logs / "not_ours.ibd", as_bytes("x"));
  options_.innodb_log_group_home_dir = logs;
  const DatadirScan scan = scan_datadir(options_);
  ASSERT_EQ(scan.problems.size(), 2U);
  EXPECT_NE(scan.problems[0].what.find("undo_1_trunc.log"), std::string::npos);
  EXPECT_NE(scan.problems[1].what.find("undo_2_trunc.log"), std::string::npos);
  EXPECT_THAT(names(scan), IsEmpty());
}

TEST_F(DatadirScanTest, AFileThatACloneHasNotPutInPlaceIsAProblem) {
  for (const char* name :
       {"db/t.ibd.#clone", "ibdata1.#clone_save", "db.#clone_ddl", "#innodb_redo.#clone/#ib_redo0"}) {
    touch(name);
    const DatadirScan scan = scan_datadir(options_);
    ASSERT_EQ(scan.problems.size(), 1U) << name;
    EXPECT_EQ(scan.problems[0].code, Errc::conflict) << name;
    EXPECT_THAT(scan.problems[0].what, HasSubstr(".#clone"));
    EXPECT_THAT(scan.problems[0].hint, HasSubstr("start mysqld on the directory once"));
    std::filesystem::remove_all(options_.datadir);
  }
}

TEST_F(DatadirScanTest, ALinkThatLeadsNowhereIsAProblem) {
  touch("mysql.ibd");
  for (const char* name : {"db", "t.ibd", "undo_001"}) {
    const std::filesystem::path link = options_.datadir / name;
    std::filesystem::create_symlink(scratch_.path() / "not_mounted", link);
    const DatadirScan scan = scan_datadir(options_);
    ASSERT_EQ(scan.problems.size(), 1U) << name;
    EXPECT_EQ(scan.problems[0].code, Errc::not_found);
    EXPECT_THAT(scan.problems[0].what, HasSubstr(link.string()));
    std::filesystem::remove(link);
  }
  std::filesystem::create_symlink("circle", options_.datadir / "circle");
  EXPECT_THAT(scan_datadir(options_).problems.at(0).what, HasSubstr("circle"));
}

TEST_F(DatadirScanTest, ADirectoryThatCannotBeEnteredIsAProblem) {
  if (::geteuid() == 0) GTEST_SKIP() << "everything is open to root";
  touch("db/t.ibd");
  std::filesystem::permissions(options_.datadir / "db", std::filesystem::perms::none);
  const DatadirScan scan = scan_datadir(options_);
  std::filesystem::permissions(options_.datadir / "db", std::filesystem::perms::owner_all);
  ASSERT_EQ(scan.problems.size(), 1U);
  EXPECT_EQ(scan.problems[0].code, Errc::denied);
}

TEST_F(DatadirScanTest, ADirectoryTooDeepToBeSearchedIsAProblem) {
  std::filesystem::path deep = "a";
  for (int i = 0; i < 20; ++i) deep /= "a";
  touch(deep / "t.ibd");
  const DatadirScan scan = scan_datadir(options_);
  ASSERT_EQ(scan.problems.size(), 1U);
  EXPECT_THAT(scan.problems[0].what, HasSubstr("is deeper than"));
}

TEST_F(DatadirScanTest, AMissingDirectoryIsAProblem) {
  touch("mysql.ibd");
  options_.innodb_directories = {scratch_.path() / "gone"};
  const DatadirScan scan = scan_datadir(options_);
  ASSERT_EQ(scan.problems.size(), 1U);
  EXPECT_EQ(scan.problems[0].code, Errc::not_found);
}

}  // namespace
}  // namespace donord
