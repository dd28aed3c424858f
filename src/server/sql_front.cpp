#include "server/sql_front.hpp"

#include "server/sql/lexer.hpp"
#include "server/sql/parser.hpp"
#include "server/sql/select.hpp"
#include "server/sql/show.hpp"
#include "server/sql/sql_error.hpp"
#include "server/sql/virtual_tables.hpp"

namespace donord {
namespace {

SqlReply reply(sql::QueryResult result) {
  return std::visit([](auto&& answer) -> SqlReply { return std::forward<decltype(answer)>(answer); },
                    std::move(result));
}

/// Runs a parsed statement.
class Runner {
 public:
  explicit Runner(const SqlContext& context) : context_(context) {}

  SqlReply operator()(const sql::Select& select) const { return reply(sql::run_select(select, context_)); }
  SqlReply operator()(const sql::Show& show) const { return reply(sql::run_show(show, context_)); }
  SqlReply operator()(const sql::Use& use) const { return use_database(use.schema); }
  SqlReply operator()(const sql::Nothing&) const { return SqlOk{}; }
  SqlReply operator()(const sql::Unsupported& statement) const { return sql::unsupported(statement.what); }

  SqlReply operator()(const sql::Kill& kill) const {
    if (kill.id > UINT32_MAX) return sql::unknown_thread(kill.id);
    return KillConnection{ConnectionId{static_cast<std::uint32_t>(kill.id)}, kill.query_only};
  }

 private:
  const SqlContext& context_;
};

}  // namespace

SqlReply answer_sql(std::string_view statement, const SqlContext& context) {
  const sql::ParsedStatement parsed = sql::parse(statement);
  if (const auto* error = std::get_if<MysqlError>(&parsed)) return *error;
  return std::visit(Runner{context}, std::get<sql::Statement>(parsed));
}

SqlReply use_database(std::string_view name) {
  if (!sql::is_database(name)) return sql::unknown_database(name);
  return SqlOk{sql::lower(name)};
}

std::vector<SqlPlugin> donor_plugins() {
  return {{"caching_sha2_password", "AUTHENTICATION", {}},
          {"mysql_native_password", "AUTHENTICATION", {}},
          {"InnoDB", "STORAGE ENGINE", {}},
          {"PERFORMANCE_SCHEMA", "STORAGE ENGINE", {}},
          {"clone", "CLONE", "mysql_clone.so"}};
}

}  // namespace donord
