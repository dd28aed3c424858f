#include "upstream/server_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/space_id.hpp"
#include "support/fake_server.hpp"
#include "upstream/log_status.hpp"
#include "upstream/upstream_files.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::string_view kUuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

struct Tables {
  TextResultSet variables = rows_of({{"version", "9.7.4"},
                                     {"server_uuid", std::string{kUuid}},
                                     {"datadir", "/var/lib/mysql/"},
                                     {"innodb_page_size", "16384"},
                                     {"innodb_undo_directory", "/undo"},
                                     {"innodb_directories", std::nullopt},
                                     {"innodb_redo_log_capacity", "104857600"},
                                     {"innodb_redo_log_encrypt", "OFF"},
                                     {"log_bin", "ON"},
                                     {"gtid_mode", "ON"},
                                     {"pid_file", "/run/mysqld.pid"}},
                                    2);
  TextResultSet status =
      rows_of({{"uptime", "12"}, {"innodb_redo_log_enabled", "ON"}, {"innodb_redo_log_uuid", "48707029"}}, 2);
  FakeServer::Answer threads = rows_of({{"4711"}}, 1);
  FakeServer::Answer keyring = rows_of(
      {{"component_name", "component_keyring_file"}, {"component_status", "Active"}, {"data_file", "/keys/keyring"}},
      2);
  FakeServer::Answer files = OkPacket{};
  FakeServer::Answer without_file = rows_of({}, 1);
  FakeServer::Answer other = OkPacket{};

  [[nodiscard]] FakeServer::Script script() const {
    return [*this](const std::string& statement) -> FakeServer::Answer {
      if (statement.find("global_variables") != std::string::npos) return variables;
      if (statement.find("global_status") != std::string::npos) return status;
      if (statement.find("threads") != std::string::npos) return threads;
      if (statement.find("keyring") != std::string::npos) return keyring;
      if (statement.find("innodb_tablespaces_brief") != std::string::npos) return files;
      if (statement.find("innodb_tablespaces") != std::string::npos) return without_file;
      return statement.starts_with("SET NAMES") ? FakeServer::Answer{OkPacket{}} : other;
    };
  }
};

TEST(ServerFacts, AreReadFromTheServersTables) {
  FakeServer server{Tables{}.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  const Result<ServerFacts> facts = read_server_facts(connection);
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(facts->version, "9.7.4");
  EXPECT_EQ(facts->server_uuid, kUuid);
  EXPECT_EQ(facts->page_size_bytes, 16384);
  EXPECT_EQ(facts->uptime_seconds, 12);
  EXPECT_THAT(facts->locations, ElementsAre(Pair("innodb_directories", ""), Pair("innodb_undo_directory", "/undo")));
  EXPECT_TRUE(facts->redo_log_enabled);
  EXPECT_EQ(facts->redo_log_uuid, 48707029);
  EXPECT_EQ(facts->redo_log_capacity_bytes, 104857600);
  EXPECT_FALSE(facts->redo_log_encrypt);
  EXPECT_TRUE(facts->log_bin);
  EXPECT_EQ(facts->pid, 4711);
  EXPECT_EQ(facts->keyring->data_file, "/keys/keyring");
}

TEST(ServerFacts, DoWithoutWhatTheAccountMayNotKnow) {
  Tables tables;
  tables.threads = ErrPacket{1142, "42000", "SELECT command denied"};
  tables.keyring = ErrPacket{1146, "42S02", "Table doesn't exist"};
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  const Result<ServerFacts> facts = read_server_facts(connection);
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_FALSE(facts->pid);
  EXPECT_FALSE(facts->keyring);
}

TEST(ServerFacts, SayThatRedoLoggingIsOff) {
  Tables tables;
  tables.status = rows_of({{"innodb_redo_log_enabled", "OFF"}}, 2);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_FALSE(read_server_facts(connection)->redo_log_enabled);
}

TEST(ServerFacts, AreThoseOfMySql) {
  Tables tables;
  tables.variables = rows_of({{"version", "11.4.2-MariaDB"}, {"innodb_page_size", "16384"}}, 2);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_EQ(read_server_facts(connection).error().code, Errc::unsupported_version);
}

TEST(LogStatus, IsOneRow) {
  Tables tables;
  tables.other = rows_of({{"20854202", "19486554", "binlog.000001", "2827", "uuid:1-12"}}, 5);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  const Result<LogStatus> status = read_log_status(connection);
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(status->lsn, Lsn{20854202});
  EXPECT_EQ(status->checkpoint, Lsn{19486554});
  EXPECT_EQ(status->binary_log_file, "binlog.000001");
  EXPECT_EQ(status->binary_log_position, 2827);
  EXPECT_EQ(status->gtid_executed, "uuid:1-12");
}

TEST(LogStatus, MayBeWithoutABinaryLogButNotWithoutLsns) {
  Tables tables;
  tables.other = rows_of({{"2", "1", std::nullopt, std::nullopt, ""}}, 5);
  FakeServer without_log{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(without_log.options()).value();
  EXPECT_EQ(read_log_status(connection)->binary_log_file, "");

  for (const TextRow& row : {TextRow{"2", std::nullopt, "", "", ""}, TextRow{"-1", "1", "", "", ""}}) {
    tables.other = rows_of({row}, 5);
    FakeServer without_lsn{tables.script()};
    UpstreamConnection other = UpstreamConnection::open(without_lsn.options()).value();
    EXPECT_EQ(read_log_status(other).error().code, Errc::malformed);
  }
}

TEST(UpstreamFiles, HaveIdPathAndNameInTheOrderOfTheIds) {
  Tables tables;
  tables.files = rows_of({{"4294967279", "undo_001", "innodb_undo_001"},
                          {"3", "/far/d/t3.ibd", "d/t3"},
                          {"2", "./d/t2.ibd", "d/t2"},
                          {"0", "ibdata1", "innodb_system"}},
                         3);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_THAT(*list_files(connection), ElementsAre(UpstreamFile{SpaceId{0}, "./ibdata1", "innodb_system"},
                                                   UpstreamFile{SpaceId{2}, "./d/t2.ibd", "d/t2"},
                                                   UpstreamFile{SpaceId{3}, "/far/d/t3.ibd", "d/t3"},
                                                   UpstreamFile{SpaceId{4294967279}, "./undo_001", "innodb_undo_001"},
                                                   UpstreamFile{innodb::kDictionarySpace, "./mysql.ibd", "mysql"}));
}

TEST(UpstreamFiles, AreNotThoseThatTheServerHasNot) {
  Tables tables;
  tables.files = rows_of({{"2", "./d/t2.ibd", "d/t2"}, {"3", "./d/t3.ibd", "d/t3"}}, 3);
  tables.without_file = rows_of({{"2"}, {"8"}}, 1);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_THAT(*list_files(connection), ElementsAre(UpstreamFile{SpaceId{3}, "./d/t3.ibd", "d/t3"},
                                                   UpstreamFile{innodb::kDictionarySpace, "./mysql.ibd", "mysql"}));
}

TEST(UpstreamFiles, AreRefusedWithoutAnId) {
  for (const TextRow& row :
       {TextRow{"4294967296", "./x", "x"}, TextRow{"", "./x", "x"}, TextRow{{}, "./x", "x"}, TextRow{"1", {}, "x"}}) {
    Tables tables;
    tables.files = rows_of({row}, 3);
    FakeServer server{tables.script()};
    UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
    EXPECT_EQ(list_files(connection).error().code, Errc::malformed);
  }
  Tables tables;
  tables.files = rows_of({{"2", "./d/t2.ibd", "d/t2"}}, 3);
  tables.without_file = rows_of({{std::nullopt}}, 1);
  FakeServer server{tables.script()};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_EQ(list_files(connection).error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord
