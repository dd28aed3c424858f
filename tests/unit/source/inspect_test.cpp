#include "source/inspect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "source/page_list.hpp"
#include "support/crash_builder.hpp"
#include "support/encryption_builder.hpp"

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

TEST_F(InspectTest, SaysWhatRecoveryWillDo) {
  using testing::make_redo_group;
  using testing::RedoFields;
  testing::write_crashed_redo(
      at(),
      {make_redo_group(testing::RedoRecordSpec{.type = innodb::RedoType::file_create,
                                               .body = RedoFields{}.u4(0x4021).path("./db/t1.ibd"),
                                               .space = SpaceId{2}}),
       make_redo_group(testing::RedoRecordSpec{
           .type = innodb::RedoType::file_delete, .body = RedoFields{}.path("./db/gone.ibd"), .space = SpaceId{77}})});
  write_file(at("#ib_16384_0.dblwr"), testing::make_page({.space = SpaceId{2}, .lsn = kShutdownLsn}));
  const nlohmann::json found = json(at());
  const nlohmann::json& recovery = found["recovery"];
  ASSERT_TRUE(recovery.is_object()) << found["problems"];
  EXPECT_EQ(recovery["records"], 2U);
  EXPECT_EQ(recovery["groups"], 2U);
  ASSERT_EQ(recovery["tablespaces"].size(), 2U);
  EXPECT_EQ(recovery["tablespaces"][0]["space_id"], 2U);
  EXPECT_EQ(recovery["tablespaces"][0]["created"], true);
  EXPECT_EQ(recovery["tablespaces"][1]["path"], "./db/gone.ibd");
  EXPECT_EQ(recovery["tablespaces"][1]["dropped"], true);
  EXPECT_EQ(found["doublewrite"]["copies"], 1U);
  EXPECT_EQ(found["doublewrite"]["copies_since_checkpoint"], 0U);
  EXPECT_THAT(text(at()), HasSubstr("2 tablespaces changed, 1 created, 1 dropped"));
  EXPECT_THAT(text(at()), HasSubstr("1 files with 1 copies of pages, 0 since the checkpoint"));
}

TEST_F(InspectTest, SaysWhichKeysAreNeeded) {
  const LockedBytes master_key = testing::random_secret(innodb::kMasterKeyBytes, 5);
  Bytes content = make_tablespace({.space = SpaceId{9}, .flags = 0x6021});
  testing::encrypt_tablespace(content, {}, testing::make_cipher(),
                              testing::wrap(testing::make_tablespace_key(), master_key, 3));
  write_file(at("db/secret.ibd"), content);
  const nlohmann::json without = json(at());
  EXPECT_EQ(without["keyring_file"], nullptr);
  EXPECT_EQ(without["files"][5]["encryption"]["master_key_id"], 3U);
  EXPECT_EQ(without["files"][5]["encryption"]["server_uuid"], testing::kServerUuid);
  EXPECT_EQ(without["files"][5]["encryption"]["key_at_hand"], false);
  EXPECT_EQ(json(at("db/secret.ibd"))["pages"]["unverified"], 7U);

  const fs::path keyring = scratch_.path() / "keyring";
  testing::write_keyring(keyring, 3, master_key);
  const std::string with = inspect_text(*inspect({.datadir = at(), .keyring_file = keyring}));
  EXPECT_THAT(with,
              HasSubstr("1 files by master key 3 of server " + std::string{testing::kServerUuid} + ", keys at hand"));
  EXPECT_THAT(with, HasSubstr(keyring.string()));
  const auto file = inspect({.datadir = at("db/secret.ibd"), .keyring_file = keyring});
  ASSERT_TRUE(file);
  EXPECT_EQ(std::get<TablespaceReport>(*file).pages.pages, (PageCounts{.verified = 8, .encrypted = 7}));
}

TEST_F(InspectTest, CountsThePagesOfADatadirWhenAsked) {
  testing::flip_byte(at("db/t1.ibd"), 3 * 16384 + 77);
  EXPECT_TRUE(std::get<DatadirReport>(*inspect({.datadir = at()})).pages.empty());
  const auto report = inspect({.datadir = at()}, InspectDepth::pages);
  ASSERT_TRUE(report);
  const auto found = nlohmann::json::parse(inspect_json(*report));
  EXPECT_EQ(found["files"][5]["page_types"]["INDEX"], 7U);
  EXPECT_EQ(found["files"][5]["damage"][0]["page"], 3U);
  EXPECT_THAT(inspect_text(*report), HasSubstr("page 3 of space 2"));
}

TEST_F(InspectTest, ListsThePagesOfAFile) {
  fs::resize_file(at("db/t1.ibd"), 12 * 16384);
  testing::flip_byte(at("db/t1.ibd"), 3 * 16384 + 77);
  const auto report = inspect({.datadir = at("db/t1.ibd")});
  ASSERT_TRUE(report);
  std::vector<PageRun> runs;
  ASSERT_TRUE(
      list_pages(std::get<TablespaceReport>(*report).file, [&runs](const PageRun& run) { runs.push_back(run); }));
  ASSERT_EQ(runs.size(), 10U);
  EXPECT_EQ(runs[0].type, innodb::PageType::fsp_header);
  EXPECT_EQ(runs[2].condition, PageCondition::intact);
  EXPECT_EQ(runs[2].lsn, Lsn{16'000'000});
  EXPECT_EQ(runs[3].condition, PageCondition::damaged);
  EXPECT_THAT(runs[3].problem, HasSubstr("page 3 of space 2"));
  EXPECT_EQ(runs[9].first, PageNo{9});
  EXPECT_EQ(runs[9].count, 3U);
  EXPECT_EQ(runs[9].condition, PageCondition::never_written);
  EXPECT_THAT(page_text(runs[9]), HasSubstr("9 to 11 never written"));
  const auto line = nlohmann::json::parse(page_json(runs[3]));
  EXPECT_EQ(line["page"], 3U);
  EXPECT_EQ(line["state"], "damaged");
  EXPECT_EQ(line["type"], "INDEX");
}

TEST_F(InspectTest, ListsEncryptedPagesWithWhatTheyWere) {
  Bytes content = make_tablespace({.space = SpaceId{9}, .flags = 0x6021, .pages = 2});
  testing::encrypt_tablespace(content, {}, testing::make_cipher(),
                              testing::wrap(testing::make_tablespace_key(), testing::random_secret(32, 5)));
  write_file(at("db/secret.ibd"), content);
  TablespaceFile file = *identify_tablespace({at("db/secret.ibd"), "./db/secret.ibd"});
  std::vector<PageRun> runs;
  const auto visit = [&runs](const PageRun& run) { runs.push_back(run); };
  ASSERT_TRUE(list_pages(file, visit));
  file.cipher = std::make_shared<const innodb::TablespaceCipher>(testing::make_tablespace_key());
  ASSERT_TRUE(list_pages(file, visit));
  ASSERT_EQ(runs.size(), 4U);
  EXPECT_EQ(runs[0].condition, PageCondition::intact);
  EXPECT_EQ(runs[1].condition, PageCondition::unverified);
  EXPECT_EQ(runs[1].original_type, innodb::PageType::index);
  EXPECT_EQ(runs[3].condition, PageCondition::encrypted);
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
