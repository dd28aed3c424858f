#include "source/inspect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::kShutdownLsn;
using testing::make_redo_file;
using testing::make_tablespace;
using testing::write_file;

class InspectTest : public ::testing::Test {
 protected:
  InspectTest() { testing::build_datadir(at()); }

  fs::path at(const fs::path& name = {}) const { return scratch_.path() / "data" / name; }

  nlohmann::json json(const fs::path& path) const {
    const auto report = inspect({.datadir = path});
    EXPECT_TRUE(report) << report.error().what;
    return nlohmann::json::parse(inspect_json(*report));
  }
  std::string text(const fs::path& path) const { return inspect_text(*inspect({.datadir = path})); }

  testing::ScratchDirectory scratch_;
};

TEST_F(InspectTest, DescribesACleanDatadir) {
  const nlohmann::json found = json(at());
  EXPECT_EQ(found["kind"], "datadir");
  EXPECT_EQ(found["servable"], true);
  EXPECT_EQ(found["server_version"], "9.7.4");
  EXPECT_EQ(found["shutdown"], "clean");
  EXPECT_EQ(found["checkpoint_lsn"], kShutdownLsn.value());
  EXPECT_EQ(found["files"].size(), 6U);
  EXPECT_EQ(found["files"][1]["space_id"], 0U);
  EXPECT_EQ(found["redo_files"][0]["creator"], "MySQL 9.7.4");
  EXPECT_THAT(text(at()), HasSubstr("can be served"));
  EXPECT_THAT(text(at()), HasSubstr("./db/t1.ibd"));
}

TEST_F(InspectTest, DescribesACrashedAndEncryptedDatadirToo) {
  write_file(at("#innodb_redo/#ib_redo5"),
             make_redo_file({.checkpoint = kShutdownLsn, .log_begin = kShutdownLsn, .log_end = kShutdownLsn + 3000}));
  write_file(at("db/secret.ibd"), make_tablespace({.space = SpaceId{9}, .flags = 0x6021}));
  testing::flip_byte(at("db/t1.ibd"), 9000);
  const nlohmann::json found = json(at());
  EXPECT_EQ(found["servable"], false);
  EXPECT_EQ(found["shutdown"], "unclean");
  EXPECT_EQ(found["end_lsn"], kShutdownLsn.value() + 3000);
  EXPECT_EQ(found["files"].size(), 7U);
  EXPECT_EQ(found["problems"].size(), 3U) << found["problems"];
  EXPECT_THAT(text(at()), HasSubstr("cannot be served"));
  EXPECT_THAT(text(at()), HasSubstr("encrypted"));
}

TEST_F(InspectTest, DescribesADirectoryWithoutRedoOrDictionary) {
  fs::remove_all(at("#innodb_redo"));
  fs::remove(at("mysql.ibd"));
  const nlohmann::json found = json(at());
  EXPECT_EQ(found["shutdown"], "unknown");
  EXPECT_TRUE(found["checkpoint_lsn"].is_null());
  EXPECT_EQ(found["server_version"], "");
}

TEST_F(InspectTest, CountsThePagesOfATablespace) {
  fs::resize_file(at("db/t1.ibd"), 12 * 16384);
  testing::flip_byte(at("db/t1.ibd"), 3 * 16384 + 77);
  const nlohmann::json found = json(at("db/t1.ibd"));
  EXPECT_EQ(found["kind"], "tablespace");
  EXPECT_EQ(found["space_id"], 2U);
  EXPECT_EQ(found["page_types"]["INDEX"], 7U);
  EXPECT_EQ(found["page_types"]["FSP_HDR"], 1U);
  EXPECT_EQ(found["pages"]["verified"], 8U);
  EXPECT_EQ(found["pages"]["never_written"], 3U);
  EXPECT_EQ(found["pages"]["damaged"], 1U);
  EXPECT_EQ(found["newest_lsn"], 16'000'000U);
  EXPECT_EQ(found["damage"][0]["page"], 3U);
  EXPECT_THAT(found["damage"][0]["what"], HasSubstr("page 3 of space 2"));
  EXPECT_THAT(text(at("db/t1.ibd")), HasSubstr("1 damaged"));
}

TEST_F(InspectTest, DescribesARedoFileOfAnyFormat) {
  const nlohmann::json found = json(at("#innodb_redo/#ib_redo5"));
  EXPECT_EQ(found["kind"], "redo_file");
  EXPECT_EQ(found["checkpoints"][0], kShutdownLsn.value());
  EXPECT_THAT(text(at("#innodb_redo/#ib_redo5")), HasSubstr("creator \"MySQL 9.7.4\""));
  EXPECT_THAT(text(at("#innodb_redo/#ib_redo6_tmp")), HasSubstr("cannot be read"));
}

TEST_F(InspectTest, RefusesOnlyWhatIsNothingOfTheKind) {
  EXPECT_EQ(inspect({.datadir = at("absent")}).error().code, Errc::not_found);
  EXPECT_FALSE(inspect({.datadir = at("auto.cnf")}));
}

TEST_F(InspectTest, FileNamesThatAreNotUtf8AreReplaced) {
  write_file(at("db/\xFF.ibd"), make_tablespace({.space = SpaceId{9}}));
  EXPECT_EQ(json(at())["files"].size(), 7U);
}

}  // namespace
}  // namespace donord
