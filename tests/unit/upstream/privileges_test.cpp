#include "upstream/privileges.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

/// Refuses the statements that hold one of `words`.
FakeServer::Script refusing(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& statement) -> FakeServer::Answer {
    for (const std::string& word : words)
      if (statement.find(word) != std::string::npos) return ErrPacket{1227, "42000", "Access denied"};
    if (statement == "SELECT CURRENT_USER()") return rows_of({{"o'neill@10.0.0.%"}}, 1);
    if (statement.starts_with("SELECT")) return rows_of({}, 1);
    return OkPacket{};
  };
}

PrivilegeCheck check_at(FakeServer& server) {
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  return check_privileges(connection).value();
}

TEST(Privileges, MissNothingWhereNothingIsRefused) {
  FakeServer server{refusing({})};
  const PrivilegeCheck check = check_at(server);
  EXPECT_THAT(check.missing, IsEmpty());
  EXPECT_TRUE(check.sufficient());
}

TEST(Privileges, AreNamedWithTheStatementsThatGiveThem) {
  FakeServer server{refusing({"UNLOCK", "log_status"})};
  const PrivilegeCheck check = check_at(server);
  EXPECT_FALSE(check.sufficient());
  const Error error = privileges_error(check);
  EXPECT_EQ(error.code, Errc::denied);
  EXPECT_EQ(error.what,
            "the account 'o''neill'@'10.0.0.%' lacks BACKUP_ADMIN on *.* (LOCK INSTANCE FOR BACKUP, keeping redo, the "
            "log status), SELECT on performance_schema.log_status (the log status)");
  EXPECT_EQ(error.hint,
            "on the server: GRANT BACKUP_ADMIN ON *.* TO 'o''neill'@'10.0.0.%'; "
            "GRANT SELECT ON performance_schema.log_status TO 'o''neill'@'10.0.0.%';");
}

TEST(Privileges, MayBeSufficientWithSomeMissing) {
  FakeServer server{refusing({"threads"})};
  const PrivilegeCheck check = check_at(server);
  EXPECT_THAT(check.missing, ElementsAre(Field(&MissingPrivilege::object, "performance_schema.threads")));
  EXPECT_TRUE(check.sufficient());
}

TEST(Privileges, AreNotMissingWhereThereIsNoTable) {
  FakeServer server{[](const std::string& statement) -> FakeServer::Answer {
    if (statement.find("keyring") != std::string::npos) return ErrPacket{1146, "42S02", "Table doesn't exist"};
    return refusing({})(statement);
  }};
  EXPECT_THAT(check_at(server).missing, IsEmpty());
}

TEST(Privileges, AreUnknownWhenTheServerIsLost) {
  FakeServer server{[](const std::string& statement) -> FakeServer::Answer {
    if (statement == "UNLOCK INSTANCE") return FakeServer::HangUp{};
    return refusing({})(statement);
  }};
  UpstreamConnection connection = UpstreamConnection::open(server.options()).value();
  EXPECT_EQ(check_privileges(connection).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace donord
