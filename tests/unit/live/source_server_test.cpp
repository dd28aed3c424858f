#include "live/source_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/space_id.hpp"
#include "support/datadir_builder.hpp"
#include "support/fake_server.hpp"
#include "support/redo_server.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::RedoServer;
using testing::ScratchDirectory;

constexpr std::uint32_t kPageBytes = 16384;
constexpr SpaceId kFormerUndo = innodb::kLastUndoSpace;
constexpr SpaceId kTruncatedUndo{kFormerUndo.value() - innodb::kUndoSpaces};

class SourceServerTest : public ::testing::Test {
 protected:
  SourceServerTest() : server_([this](const std::string& statement) { return answer(statement); }) {
    testing::write_file(datadir_.path() / "auto.cnf", as_bytes("[auto]\nserver-uuid=11-22\n"));
  }

  FakeServer::Answer answer(const std::string& statement) const {
    const auto asks = [&statement](std::string_view for_what) { return statement.find(for_what) != std::string::npos; };
    if (statement == refused_) return ErrPacket{1227, "42000", "Access denied"};
    if (statement == "SELECT CURRENT_USER()") return rows_of({{"donord@%"}}, 1);
    if (asks("LIMIT 0")) return rows_of({}, 1);
    if (asks("global_variables"))
      return rows_of({{"server_uuid", uuid_}, {"datadir", "/elsewhere/"}, {"innodb_page_size", page_size_}}, 2);
    if (asks("global_status")) return rows_of({{"innodb_redo_log_uuid", redo_uuid_}}, 2);
    if (asks("threads")) return rows_of({}, 1);
    if (asks("keyring")) return rows_of({}, 2);
    if (asks("log_status")) return rows_of({{"20000000", checkpoint_, "bin.7", "157", "11-22:1-9"}}, 5);
    if (asks("innodb_tablespaces_brief"))
      return rows_of({{"0", "ibdata1", "innodb_system"},
                      {"7", "./d/t.ibd", "d/t"},
                      {"8", "/far/t2.ibd", "d/t2"},
                      {std::to_string(kTruncatedUndo.value()), "./undo_001", "innodb_undo_001"}},
                     3);
    if (asks("innodb_tablespaces")) return rows_of({}, 1);
    return OkPacket{};
  }

  Result<> check() const { return SourceServer{server_.options()}.check_identity(options(), kPageBytes); }
  DatadirOptions options() const { return {.datadir = datadir_.path()}; }

  ScratchDirectory datadir_;
  RedoServer redo_{datadir_.path() / "#innodb_redo"};
  std::string uuid_ = "11-22";
  std::string page_size_ = std::to_string(kPageBytes);
  std::string redo_uuid_ = std::to_string(RedoServer::kUuid);
  std::string checkpoint_ = fmt::format("{}", redo_.end());
  std::string refused_;
  FakeServer server_;
};

TEST_F(SourceServerTest, IsTheOneThatRunsOnTheDirectory) {
  const Result<> same = check();
  EXPECT_TRUE(same) << same.error().what;
}

TEST_F(SourceServerTest, IsAnotherOneByItsIds) {
  uuid_ = "33-44";
  EXPECT_THAT(check().error().what, HasSubstr("its server_uuid is 33-44, that of the directory 11-22"));
  uuid_ = "11-22";
  redo_uuid_ = "1";
  EXPECT_THAT(check().error().what, HasSubstr("its redo log's uuid is 1,"));
  page_size_ = "4096";
  const Error error = check().error();
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_THAT(error.what, HasSubstr("its innodb_page_size is 4096,"));
}

TEST_F(SourceServerTest, IsAnotherOneByItsCheckpoint) {
  checkpoint_ = "19999999";
  const Error error = check().error();
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_THAT(error.what, HasSubstr("its newest checkpoint is at LSN 19999999"));
}

TEST_F(SourceServerTest, MayNotBeAskedWithoutPrivileges) {
  refused_ = "UNLOCK INSTANCE";
  const Error error = check().error();
  EXPECT_EQ(error.code, Errc::denied);
  EXPECT_THAT(error.what, HasSubstr("lacks BACKUP_ADMIN"));
  EXPECT_FALSE(is_out_of_reach(error));
}

TEST_F(SourceServerTest, IsOutOfReachWhereNobodyListens) {
  const SourceServer nobody{parse_upstream("x@/nowhere/socket").value()};
  EXPECT_TRUE(is_out_of_reach(nobody.check_identity(options(), kPageBytes).error()));
}

TEST_F(SourceServerTest, SaysWhatNobodyFoundAndWhereItsLogsStand) {
  const Result<SourceServer::Moment> moment =
      SourceServer{server_.options()}.look(options(), kPageBytes,
                                           {{SpaceId{0}, "./ibdata1"},
                                            {SpaceId{7}, "./d/other_name.ibd"},
                                            {SpaceId{9}, "./d/dropped.ibd"},
                                            {kFormerUndo, "./undo_001"},
                                            {innodb::kDictionarySpace, "./mysql.ibd"}});
  ASSERT_TRUE(moment) << moment.error().what;
  EXPECT_THAT(moment->missing, ElementsAre(Field(&FileMismatch::server, "/far/t2.ibd")));
  EXPECT_EQ(moment->logs.lsn, Lsn{20'000'000});
  EXPECT_EQ(moment->logs.gtid_executed, "11-22:1-9");
}

}  // namespace
}  // namespace donord
