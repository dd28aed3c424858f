#include "server/sql_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/sql_variables.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SqlContext make_context() {
  SqlContext context;
  context.connection = ConnectionId{8};
  context.user = "clone";
  context.peer_host = "192.0.2.7";
  context.account = AccountMatch{"clone", "%", NoPassword{}, ClonePrivilege::backup_admin};
  DonorFacts facts;
  facts.server_version = "9.7.4";
  facts.hostname = "donor";
  facts.port = 3307;
  facts.server_uuid = "1525bbe5-e56c-11f1-84b1-02fc00000001";
  facts.gtid_executed = "1525bbe5-e56c-11f1-84b1-02fc00000001:1-5";
  facts.gtid_mode = true;
  context.variables = donor_variables(facts);
  context.processes = {{ConnectionId{8}, "clone", "192.0.2.7:4000", "", "Query", {}},
                       {ConnectionId{7}, "clone", "192.0.2.7:3999", "", "Clone", std::chrono::seconds{40}},
                       {ConnectionId{3}, "other", "192.0.2.9:1", "", "Sleep", {}}};
  context.tls_cipher = "TLS_AES_256_GCM_SHA384";
  context.tls_version = "TLSv1.3";
  context.uptime = std::chrono::seconds{61};
  context.now_ms = 1'769'860'800'123;
  return context;
}

/// "name|name" of the columns, then "value|value" of each row.
std::vector<std::string> table(const SqlReply& reply) {
  if (const auto* error = std::get_if<MysqlError>(&reply)) return {fmt::format("{} {}", error->number, error->message)};
  const auto* result = std::get_if<TextResultSet>(&reply);
  if (result == nullptr) return {"no rows"};
  std::vector<std::string> lines(1);
  for (const ColumnDefinition41& column : result->columns) lines[0] += (lines[0].empty() ? "" : "|") + column.name;
  for (const TextRow& row : result->rows) {
    std::string line;
    for (const TextValue& value : row) line += value.value_or("NULL") + "|";
    line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> ask(std::string_view statement) {
  return table(answer_sql(statement, make_context()));
}

/// "1064 near ..." of an error.
std::string error_of(std::string_view statement, const SqlContext& context = make_context()) {
  const SqlReply reply = answer_sql(statement, context);
  const auto* error = std::get_if<MysqlError>(&reply);
  if (error == nullptr) return "no error";
  return fmt::format("{} ({}) {}", error->number, error->sql_state, error->message);
}

bool is_ok(std::string_view statement) {
  return std::holds_alternative<SqlOk>(answer_sql(statement, make_context()));
}

// Names and values are those of a stock 9.7.4 server for the same statements, where not said otherwise.

TEST(SqlFront, NamesColumnsAsAServerDoes) {
  EXPECT_THAT(
      ask("select @@version, @@GLOBAL.port, @@session . autocommit, count( * ), VERSION() from dual"),
      ElementsAre("@@version|@@GLOBAL.port|@@session . autocommit|count( * )|VERSION()", "9.7.4|3307|1|1|9.7.4"));
  EXPECT_THAT(ask("select 'abc', \"x y\", 1, -1, null, 1.50, @u, COUNT(*)=1, 'a' = 'A', true, 1 is null, NOT 1, (1)"),
              ElementsAre("abc|x y|1|-1|NULL|1.50|@u|COUNT(*)=1|'a' = 'A'|true|1 is null|NOT 1|1",
                          "abc|x y|1|-1|NULL|1.50|NULL|1|1|1|0|0|1"));
  EXPECT_THAT(ask("select 1 as `a b`, 2 b, 3 as 'c d', 'a' 'b'"), ElementsAre("a b|b|c d|a", "1|2|3|ab"));
  EXPECT_THAT(ask("select p.PLUGIN_name, `plugin_status` from information_schema.plugins p limit 1"),
              ElementsAre("PLUGIN_name|plugin_status", "caching_sha2_password|ACTIVE"));
}

TEST(SqlFront, SaysWhoAsks) {
  EXPECT_THAT(ask("select user(), current_user, current_user(), database(), connection_id()"),
              ElementsAre("user()|current_user|current_user()|database()|connection_id()",
                          "clone@192.0.2.7|clone@%|clone@%|NULL|8"));
}

TEST(SqlFront, AnswersWhatClientsAskWhenTheyConnect) {
  EXPECT_THAT(ask("select @@version_comment limit 1"), ElementsAre("@@version_comment", "donord, a clone donor"));
  EXPECT_THAT(ask("/* mysql-connector-j */SELECT  @@session.auto_increment_increment AS auto_increment_increment, "
                  "@@character_set_client AS character_set_client, @@max_allowed_packet AS max_allowed_packet, "
                  "@@sql_mode AS sql_mode, @@wait_timeout AS wait_timeout"),
              SizeIs(2));
  EXPECT_TRUE(is_ok("SET NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci;"));
  EXPECT_TRUE(is_ok("/*!40101 SET NAMES utf8 */"));
  EXPECT_TRUE(is_ok("set autocommit=0, @x = (1), @@session.sql_mode = default"));
  EXPECT_TRUE(is_ok("SET @a := 1"));
  EXPECT_TRUE(is_ok("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"));
  EXPECT_TRUE(is_ok("COMMIT"));
  EXPECT_TRUE(is_ok("ROLLBACK"));
  EXPECT_TRUE(is_ok("START TRANSACTION READ ONLY"));
  EXPECT_THAT(ask("SHOW WARNINGS LIMIT 5"), ElementsAre("Level|Code|Message"));
  EXPECT_THAT(ask("select now()"), ElementsAre("now()", "2026-01-31 12:00:00"));
}

TEST(SqlFront, ShowsBooleansAsWordsAndSelectsThemAsNumbers) {
  EXPECT_THAT(ask("select @@super_read_only, @@log_bin, @@gtid_mode"),
              ElementsAre("@@super_read_only|@@log_bin|@@gtid_mode", "1|0|ON"));
  EXPECT_THAT(ask("show variables like 'super%'"), ElementsAre("Variable_name|Value", "super_read_only|ON"));
}

TEST(SqlFront, KnowsTheVariablesThatOrchestratorsCheck) {
  for (const char* name :
       {"version", "version_comment", "port", "hostname", "server_id", "server_uuid", "gtid_mode", "gtid_executed",
        "gtid_purged", "innodb_page_size", "version_compile_os", "version_compile_machine", "character_set_server",
        "collation_server", "read_only", "super_read_only", "clone_donor_timeout_after_network_failure"})
    EXPECT_THAT(ask(fmt::format("select @@global.{}", name)), SizeIs(2)) << name;
  EXPECT_THAT(ask("select @@clone_ssl_ca"), ElementsAre("@@clone_ssl_ca", "NULL"));
}

TEST(SqlFront, AnswersTheChecksForTheClonePlugin) {
  EXPECT_THAT(ask("SELECT COUNT(*)=1 FROM information_schema.plugins WHERE plugin_name = 'clone' "
                  "AND plugin_status = 'ACTIVE';"),
              ElementsAre("COUNT(*)=1", "1"));
  EXPECT_THAT(ask("SELECT plugin_status FROM information_schema.plugins WHERE plugin_name = 'clone'"),
              ElementsAre("plugin_status", "ACTIVE"));
  EXPECT_THAT(ask("SELECT PLUGIN_NAME, PLUGIN_LIBRARY FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME LIKE 'CLO%'"),
              ElementsAre("PLUGIN_NAME|PLUGIN_LIBRARY", "clone|mysql_clone.so"));
  EXPECT_THAT(
      ask("SHOW PLUGINS"),
      ElementsAre("Name|Status|Type|Library|License", "caching_sha2_password|ACTIVE|AUTHENTICATION|NULL|GPL",
                  "mysql_native_password|ACTIVE|AUTHENTICATION|NULL|GPL", "InnoDB|ACTIVE|STORAGE ENGINE|NULL|GPL",
                  "PERFORMANCE_SCHEMA|ACTIVE|STORAGE ENGINE|NULL|GPL", "clone|ACTIVE|CLONE|mysql_clone.so|GPL"));
}

TEST(SqlFront, CountsRowsAndValues) {
  EXPECT_THAT(ask("select count(*), count(plugin_library), count(1) from information_schema.plugins"),
              ElementsAre("count(*)|count(plugin_library)|count(1)", "5|1|5"));
  EXPECT_THAT(ask("select count(*) from information_schema.plugins where plugin_name='nosuch'"),
              ElementsAre("count(*)", "0"));
  EXPECT_THAT(ask("select 1, count(*) from dual where 1=0"), ElementsAre("1|count(*)", "1|0"));
  EXPECT_THAT(ask("select count(*) from information_schema.plugins limit 0"), ElementsAre("count(*)"));
}

TEST(SqlFront, EvaluatesThreeValuedLogic) {
  EXPECT_THAT(ask("select not null, null and 0, null or 1, not 0 and 0, null and 1, null or 0"),
              Contains("NULL|0|1|0|NULL|NULL"));
  EXPECT_THAT(ask("select 1 in (1,2), 'x' in ('y', null), null = 1, null <=> null, 1 <> 2, 1 not in (2), 2 <=> null"),
              Contains("1|NULL|NULL|1|1|1|0"));
  EXPECT_THAT(ask("select 'a' > 'B', '10' > '9', 10 > '9', 'abc' = 0, 1 <= 1, 1 >= 2, 1 < 2, null like 'a'"),
              Contains("0|0|1|1|1|0|1|NULL"));
  EXPECT_THAT(ask("select not not 5, not not not 0, 'a' not like 'b', 1 is not null"), Contains("1|1|1|1"));
}

TEST(SqlFront, OrdersAndLimits) {
  EXPECT_THAT(ask("select plugin_name x from information_schema.plugins order by x desc limit 2"),
              ElementsAre("x", "PERFORMANCE_SCHEMA", "mysql_native_password"));
  EXPECT_THAT(ask("select plugin_type, plugin_name from information_schema.plugins order by 1, 2 desc limit 1, 2"),
              ElementsAre("plugin_type|plugin_name", "AUTHENTICATION|caching_sha2_password", "CLONE|clone"));
  EXPECT_THAT(ask("select plugin_name from information_schema.plugins order by plugin_library, plugin_name "
                  "limit 9 offset 3"),
              ElementsAre("plugin_name", "PERFORMANCE_SCHEMA", "clone"))
      << "NULL sorts first";
  EXPECT_THAT(ask("select distinct plugin_type from information_schema.plugins order by plugin_type"),
              ElementsAre("plugin_type", "AUTHENTICATION", "CLONE", "STORAGE ENGINE"));
  EXPECT_THAT(ask("select 1 limit 0"), ElementsAre("1"));
  EXPECT_THAT(ask("select 1 where 1=0"), ElementsAre("1"));
}

TEST(SqlFront, ExpandsStars) {
  EXPECT_THAT(ask("select *, variable_name from performance_schema.global_variables where variable_name='port'"),
              ElementsAre("VARIABLE_NAME|VARIABLE_VALUE|variable_name", "port|3307|port"));
  EXPECT_THAT(ask("select v.* from performance_schema.session_variables as v where v.variable_name='server_id'"),
              ElementsAre("VARIABLE_NAME|VARIABLE_VALUE", "server_id|1"));
}

TEST(SqlFront, SendsIntegersAsIntegersAndTheirOrigin) {
  const SqlReply reply = answer_sql(
      "select 1, 'x', 1.5, id, state, count(*) = 1 from performance_schema.processlist "
      "where 1 = 0",
      make_context());
  ASSERT_TRUE(std::holds_alternative<MysqlError>(reply)) << "id beside a count";
  const SqlReply rows =
      answer_sql("select 1, 'x', 1.5, Id i, command, @@port from performance_schema.processlist p", make_context());
  const auto& columns = std::get<TextResultSet>(rows).columns;
  EXPECT_EQ(columns[0].type, ColumnType::longlong);
  EXPECT_EQ(columns[1].type, ColumnType::var_string);
  EXPECT_EQ(columns[2].type, ColumnType::var_string);
  EXPECT_EQ(columns[3].type, ColumnType::longlong);
  EXPECT_EQ(columns[4].type, ColumnType::var_string);
  EXPECT_EQ(columns[5].type, ColumnType::longlong);
  EXPECT_EQ(columns[3].schema, "performance_schema");
  EXPECT_EQ(columns[3].table, "p");
  EXPECT_EQ(columns[3].original_table, "processlist");
  EXPECT_EQ(columns[3].name, "i");
  EXPECT_EQ(columns[3].original_name, "ID");
}

TEST(SqlFront, ShowsVariablesByPatternAndCondition) {
  EXPECT_THAT(ask("show global variables where variable_name in ('port','read_only')"),
              ElementsAre("Variable_name|Value", "port|3307", "read_only|ON"));
  EXPECT_THAT(ask("SHOW SESSION VARIABLES LIKE 'version\\_compile%'"),
              ElementsAre("Variable_name|Value", "version_compile_machine|x86_64", "version_compile_os|Linux"));
  EXPECT_THAT(ask("show status like 'Ssl_cipher'"),
              ElementsAre("Variable_name|Value", "Ssl_cipher|TLS_AES_256_GCM_SHA384"));
  EXPECT_THAT(ask("show global status where variable_name = 'uptime'"),
              ElementsAre("Variable_name|Value", "Uptime|61"));
}

TEST(SqlFront, ShowsGrantsDatabasesAndConnections) {
  EXPECT_THAT(ask("show grants for current_user()"),
              ElementsAre("Grants for clone@%", "GRANT USAGE ON *.* TO `clone`@`%`",
                          "GRANT BACKUP_ADMIN ON *.* TO `clone`@`%`"));
  SqlContext monitor = make_context();
  monitor.account.privilege = ClonePrivilege::none;
  EXPECT_THAT(table(answer_sql("SHOW GRANTS", monitor)), SizeIs(2));
  EXPECT_THAT(ask("show databases"), ElementsAre("Database", "information_schema", "performance_schema"));
  EXPECT_THAT(ask("show schemas like 'perf%'"), ElementsAre("Database (perf%)", "performance_schema"));
  EXPECT_THAT(ask("show full processlist"),
              ElementsAre("Id|User|Host|db|Command|Time|State|Info", "8|clone|192.0.2.7:4000|NULL|Query|0||NULL",
                          "7|clone|192.0.2.7:3999|NULL|Clone|40||NULL"))
      << "of other users only the connections themselves know";
}

TEST(SqlFront, PassesKillOn) {
  const auto kill = [](std::string_view statement) {
    return std::get<KillConnection>(answer_sql(statement, make_context()));
  };
  EXPECT_EQ(kill("KILL CONNECTION 7").id, ConnectionId{7});
  EXPECT_FALSE(kill("kill 7;").query_only);
  EXPECT_TRUE(kill("KILL QUERY 7").query_only);
  EXPECT_EQ(kill("kill 99999").id, ConnectionId{99999}) << "a recipient may name a connection that it has closed";
  EXPECT_EQ(error_of("kill 4294967303"), "1094 (HY000) Unknown thread id: 4294967303") << "not cut to 32 bits";
}

TEST(SqlFront, ChangesTheDatabase) {
  EXPECT_EQ(std::get<SqlOk>(answer_sql("USE Information_Schema", make_context())).use_database, "information_schema");
  EXPECT_EQ(error_of("use nosuch"), "1049 (42000) Unknown database 'nosuch'");
  SqlContext context = make_context();
  context.database = "information_schema";
  EXPECT_THAT(table(answer_sql("select database(), count(*) from plugins", context)),
              ElementsAre("database()|count(*)", "information_schema|5"));
}

TEST(SqlFront, ShowsNoCloneBeforeTheFirst) {
  EXPECT_THAT(ask("select * from performance_schema.clone_status"),
              ElementsAre("ID|PID|STATE|BEGIN_TIME|END_TIME|SOURCE|DESTINATION|ERROR_NO|ERROR_MESSAGE|BINLOG_FILE|"
                          "BINLOG_POSITION|GTID_EXECUTED"));
  EXPECT_THAT(ask("select * from performance_schema.clone_progress"),
              ElementsAre("ID|STAGE|STATE|BEGIN_TIME|END_TIME|THREADS|ESTIMATE|DATA|NETWORK|DATA_SPEED|NETWORK_SPEED"));
}

TEST(SqlFront, ShowsTheLastClone) {
  constexpr std::int64_t kBegin = 1'769'860'800'000;
  SqlContext context = make_context();
  context.now_ms = kBegin + 9'000;
  SessionRecord session;
  session.opened.source = "datadir /var/lib/mysql (at rest)";
  session.opened.host = "192.0.2.7:51234";
  session.begin_ms = kBegin;
  session.stages = {StageRecord{SessionStage::init, kBegin, kBegin + 1000, 0, {}},
                    StageRecord{SessionStage::file_copy, kBegin + 1000, {}, 5000, {4000, 2000, 4, 2}}};
  context.last_session = session;
  const auto rows = [&](std::string_view statement) { return table(answer_sql(statement, context)); };

  EXPECT_THAT(rows("select state, begin_time, end_time, source, destination, error_no from "
                   "performance_schema.clone_status"),
              Contains("In Progress|2026-01-31 12:00:00.000|NULL|datadir /var/lib/mysql (at rest)|192.0.2.7:51234|0"));
  const std::string progress =
      "select stage, state, begin_time, threads, estimate, data, network, data_speed from "
      "performance_schema.clone_progress";
  EXPECT_THAT(rows(progress),
              ElementsAre("stage|state|begin_time|threads|estimate|data|network|data_speed",
                          "DROP DATA|Completed|2026-01-31 12:00:00.000000|0|0|0|0|0",
                          "FILE COPY|In Progress|2026-01-31 12:00:01.000000|2|5000|4000|2000|500",
                          "PAGE COPY|Not Started|NULL|0|0|0|0|0", "REDO COPY|Not Started|NULL|0|0|0|0|0",
                          "FILE SYNC|Not Started|NULL|0|0|0|0|0", "RESTART|Not Started|NULL|0|0|0|0|0",
                          "RECOVERY|Not Started|NULL|0|0|0|0|0"));

  context.last_session->end = SessionEnd{SessionResult::failed, 1317, "Query execution was interrupted"};
  context.last_session->end_ms = kBegin + 5000;
  EXPECT_THAT(rows("select state, error_no, error_message, end_time from performance_schema.clone_status"),
              Contains("Failed|1317|Query execution was interrupted|2026-01-31 12:00:05.000"));
  EXPECT_THAT(rows(progress + " where state = 'failed'"), Contains(HasSubstr("FILE COPY|Failed|")));
}

struct Refusal {
  std::string_view statement;
  std::string_view error;
};

class RefusedStatements : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedStatements, GetTheErrorOfAServer) {
  EXPECT_EQ(error_of(GetParam().statement), GetParam().error);
}

#define SYNTAX                                                                                                 \
  "1064 (42000) You have an error in your SQL syntax; check the manual that corresponds to your MySQL server " \
  "version for the right syntax to use near "

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedStatements,
    ::testing::Values(
        Refusal{"", "1065 (42000) Query was empty"}, Refusal{" ; -- nothing", "1065 (42000) Query was empty"},
        Refusal{"selekt 1", SYNTAX "'selekt 1' at line 1"}, Refusal{"select 1 1", SYNTAX "'1' at line 1"},
        Refusal{"select", SYNTAX "'' at line 1"}, Refusal{"select 1 from", SYNTAX "'' at line 1"},
        Refusal{"select\nfoo bar baz", SYNTAX "'baz' at line 2"},
        Refusal{"select 1 limit 'a'", SYNTAX "''a'' at line 1"}, Refusal{"select 1 limit -1", SYNTAX "'-1' at line 1"},
        Refusal{"kill", SYNTAX "'' at line 1"}, Refusal{"kill 5 6", SYNTAX "'6' at line 1"},
        Refusal{"set", SYNTAX "'' at line 1"}, Refusal{"set autocommit", SYNTAX "'' at line 1"},
        Refusal{"show nonsense", SYNTAX "'nonsense' at line 1"},
        Refusal{"show plugins like 'clo%'", SYNTAX "'like 'clo%'' at line 1"},
        Refusal{"show variables like 1", SYNTAX "'1' at line 1"},
        Refusal{"select 1 as from dual", SYNTAX "'from dual' at line 1"},
        Refusal{"select 1; select 2", SYNTAX "'select 2' at line 1"}, Refusal{"select (1", SYNTAX "'' at line 1"},
        Refusal{"select 'abc", SYNTAX "''abc' at line 1"},
        Refusal{"select foo", "1054 (42S22) Unknown column 'foo' in 'field list'"},
        Refusal{"select 1 from information_schema.plugins where a.b = 1",
                "1054 (42S22) Unknown column 'a.b' in 'where clause'"},
        Refusal{"select plugin_name from information_schema.plugins order by foo",
                "1054 (42S22) Unknown column 'foo' in 'order clause'"},
        Refusal{"select 1 order by 2", "1054 (42S22) Unknown column '2' in 'order clause'"},
        Refusal{"select plugin_name x from information_schema.plugins where x='clone'",
                "1054 (42S22) Unknown column 'x' in 'where clause'"},
        Refusal{"select state from performance_schema.clone_status where nosuch = 1",
                "1054 (42S22) Unknown column 'nosuch' in 'where clause'"},
        Refusal{"show variables where nosuch = 1", "1054 (42S22) Unknown column 'nosuch' in 'where clause'"},
        Refusal{"select @@nosuch", "1193 (HY000) Unknown system variable 'nosuch'"},
        Refusal{"select @@global.nosuch", "1193 (HY000) Unknown system variable 'nosuch'"},
        Refusal{"select foo()", "1305 (42000) FUNCTION foo does not exist"},
        Refusal{"select version(1)", "1305 (42000) FUNCTION version does not exist"},
        Refusal{"select 1 from nosuch.t", "1049 (42000) Unknown database 'nosuch'"},
        Refusal{"select 1 from t", "1046 (3D000) No database selected"},
        Refusal{"select 1 from performance_schema.nosuch",
                "1146 (42S02) Table 'performance_schema.nosuch' doesn't exist"},
        Refusal{"select *", "1096 (HY000) No tables used"},
        Refusal{"select * from dual", "1096 (HY000) No tables used"},
        Refusal{"select x.* from performance_schema.clone_status", "1051 (42S02) Unknown table 'x'"},
        Refusal{"select 1 from information_schema.plugins where count(*)=1",
                "1111 (HY000) Invalid use of group function"},
        Refusal{"select count(count(*))", "1111 (HY000) Invalid use of group function"},
        Refusal{
            "select count(*), plugin_name from information_schema.plugins",
            "1140 (42000) In aggregated query without GROUP BY, expression #2 of SELECT list contains nonaggregated "
            "column 'information_schema.plugins.PLUGIN_NAME'; this is incompatible with "
            "sql_mode=only_full_group_by"},
        Refusal{"set global read_only = 0",
                "1227 (42000) Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN "
                "privilege(s) for this operation"}));

TEST(SqlFront, RefusesWhatADonorDoesNotDo) {
  for (const char* statement : {"INSERT INTO t VALUES (1)",
                                "drop database x",
                                "CLONE INSTANCE FROM 'u'@'h':1 IDENTIFIED BY ''",
                                "install plugin clone soname 'mysql_clone.so'",
                                "set password = 'x'",
                                "SET ROLE ALL",
                                "show collation",
                                "show create table t",
                                "show grants for root",
                                "select 1 union select 2",
                                "select (select 1)",
                                "select 1+1",
                                "select plugin_name from information_schema.plugins group by 1",
                                "select 1 from a, b",
                                "select 1 from a join b",
                                "select 1 into @x",
                                "select 1 from (select 1) x",
                                "start replica",
                                "explain select 1",
                                "select 1 between 0 and 2"})
    EXPECT_THAT(error_of(statement), HasSubstr("1235 (42000) This version of MySQL doesn't yet support '"))
        << statement;
}

TEST(SqlFront, BoundsTheLengthAndTheDepthOfStatements) {
  EXPECT_THAT(error_of("select '" + std::string(64 * 1024, 'x') + "'"), HasSubstr("1153 (08S01)"));
  for (const int depth : {100, 30'000}) {
    EXPECT_THAT(error_of("select " + std::string(static_cast<std::size_t>(depth), '(') + "1"), HasSubstr("1235"));
    std::string nested = "select 1";
    for (int i = 0; i < depth && nested.size() < 60'000; ++i) nested += " in (1";
    EXPECT_THAT(error_of(nested), HasSubstr("1235"));
  }
  std::string wide = "select 1";
  while (wide.size() < 60'000) wide += " or 0 and not not 1";
  EXPECT_THAT(ask(wide), SizeIs(2));
}

TEST(SqlFront, SurvivesDamagedStatements) {
  constexpr std::array<std::string_view, 5> kStatements = {
      "SELECT p.plugin_name AS 'n', COUNT(*)=1, @@global.version FROM information_schema.plugins p WHERE (a = 'x' OR "
      "`b` NOT LIKE 'y\\%' AND c IN (1, -2.5e3, NULL)) ORDER BY 1 DESC LIMIT 2, 3;",
      "SHOW GLOBAL VARIABLES WHERE variable_name <=> 'port' /* c */ # d",
      "/*!40101 SET @@session.sql_mode='' , names = default */", "KILL QUERY 18446744073709551615",
      "SHOW GRANTS FOR CURRENT_USER()"};
  const SqlContext context = make_context();
  for (const std::string_view statement : kStatements) {
    for (std::size_t length = 0; length <= statement.size(); ++length)
      (void)answer_sql(statement.substr(0, length), context);
    for (std::size_t at = 0; at < statement.size(); ++at)
      for (const int flip : {0x01, 0x08, 0x20, 0x80, 0xFF}) {
        std::string damaged{statement};
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        (void)answer_sql(damaged, context);
      }
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(SqlFront, LimitsTheColumnsOfAResult) {
  const std::string stars = "select " + repeated("*,", 2047) + "* from performance_schema.global_variables";
  EXPECT_THAT(std::get<TextResultSet>(answer_sql(stars + " limit 1", make_context())).columns, SizeIs(4096));
  EXPECT_EQ(error_of("select 1," + stars.substr(7)), "1117 (HY000) Too many columns");
  EXPECT_EQ(error_of("select 1" + repeated(",1", 4096)), "1117 (HY000) Too many columns");
  EXPECT_EQ(error_of("select " + repeated("*,", 30'000) + "* from performance_schema.global_variables"),
            "1117 (HY000) Too many columns");
}

TEST(SqlFront, LimitsTheBytesOfAResult) {
  SqlContext context = make_context();
  context.processes.resize(1000, context.processes.front());
  const std::string from = " from performance_schema.processlist";
  EXPECT_THAT(error_of("select *" + repeated(",*", 500) + from, context), HasSubstr("results of more than"));
  EXPECT_THAT(error_of("select '" + std::string(60'000, 'x') + "'" + from, context), HasSubstr("results of more than"));
  EXPECT_EQ(error_of("select *" + from, context), "no error");
}

TEST(SqlFront, LimitsTheTermsOfAnOrder) {
  const std::string select = "select 1 order by 1" + repeated(",1", 63);
  EXPECT_EQ(error_of(select), "no error");
  EXPECT_THAT(error_of(select + ",1"), HasSubstr("ORDER BY with more than 64 terms"));
}

TEST(SqlFront, GivesUpStatementsThatTakeTooLong) {
  const std::string many = std::string(20'000, 'a');
  const std::string from = " from performance_schema.global_variables";
  EXPECT_THAT(error_of("select '" + many + "b' like '" + repeated("%a", 10'000) + "'"), HasSubstr("take that long"));
  EXPECT_THAT(error_of("select 1" + from + " where '" + many + "' in ('b'" + repeated(",'b'", 8000) + ")"),
              HasSubstr("take that long"));
  SqlContext context = make_context();
  context.processes.resize(1000, context.processes.front());
  const std::string counts = "select count(1=2)" + repeated(",count(1=2)", 4095);
  EXPECT_THAT(error_of(counts + " from performance_schema.processlist", context), HasSubstr("take that long"));
  EXPECT_THAT(error_of("show variables where '" + many + "' in ('b'" + repeated(",'b'", 8000) + ")"),
              HasSubstr("take that long"));
  EXPECT_THAT(error_of("show variables like '" + std::string(60'000, '%') + "'"), HasSubstr("take that long"));
  EXPECT_EQ(error_of("show variables like '%version%'"), "no error");
}

TEST(SqlFront, SurvivesRandomTokens) {
  constexpr std::array<std::string_view, 38> kWords = {
      "select",      "show",      "from", "where",   "order by", "limit",
      "count",       "(",         ")",    "*",       ",",        ".",
      "@@",          "@",         "=",    "<=>",     "in",       "is null",
      "like",        "not",       "and",  "or",      "'x'",      "`y`",
      "1",           "-1.5",      "null", "version", "as",       "information_schema.plugins",
      "plugin_name", "variables", "set",  "kill",    ";",        "/*!",
      "*/",          "distinct"};
  const SqlContext context = make_context();
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    donord::testing::SeededRandom random{seed};
    std::string statement = random.one_in(2) ? "select " : "";
    for (std::uint64_t words = random.below(25); words > 0; --words) {
      statement += kWords.at(random.below(kWords.size()));
      if (!random.one_in(4)) statement += ' ';
    }
    const SqlReply reply = answer_sql(statement, context);
    if (const auto* result = std::get_if<TextResultSet>(&reply)) {
      for (const TextRow& row : result->rows) ASSERT_EQ(row.size(), result->columns.size()) << statement;
    }
  }
}

}  // namespace
}  // namespace donord
