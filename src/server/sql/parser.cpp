#include "server/sql/parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/sql/expression_parser.hpp"
#include "server/sql/sql_error.hpp"
#include "server/sql/token_reader.hpp"

namespace donord::sql {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(), [word](std::string_view known) { return same_word(word, known); });
}

/// Statements that exist and are not for a donor.
constexpr auto kOtherStatements = std::to_array<std::string_view>(
    {"ALTER",   "ANALYZE",    "BINLOG",    "CACHE",    "CALL",     "CHANGE", "CHECK",  "CHECKSUM", "CLONE",
     "CREATE",  "DEALLOCATE", "DELETE",    "DESC",     "DESCRIBE", "DO",     "DROP",   "EXECUTE",  "EXPLAIN",
     "FLUSH",   "GET",        "GRANT",     "HANDLER",  "HELP",     "IMPORT", "INSERT", "INSTALL",  "LOAD",
     "LOCK",    "OPTIMIZE",   "PREPARE",   "PURGE",    "RELEASE",  "RENAME", "REPAIR", "REPLACE",  "RESET",
     "RESTART", "REVOKE",     "SAVEPOINT", "SHUTDOWN", "START",    "STOP",   "TABLE",  "TRUNCATE", "UNINSTALL",
     "UNLOCK",  "UPDATE",     "VALUES",    "WITH",     "XA"});
constexpr auto kOtherShows = std::to_array<std::string_view>(
    {"BINARY",   "BINLOG", "CHARACTER", "CHARSET",    "COLLATION", "COLUMNS",  "CREATE",   "ENGINE",
     "ENGINES",  "EVENTS", "EXTENDED",  "FIELDS",     "FUNCTION",  "INDEX",    "INDEXES",  "KEYS",
     "MASTER",   "OPEN",   "PROCEDURE", "PRIVILEGES", "PROFILE",   "PROFILES", "RELAYLOG", "REPLICA",
     "REPLICAS", "SLAVE",  "STORAGE",   "TABLE",      "TABLES",    "TRIGGERS"});

std::string upper(std::string_view word) {
  std::string out{word};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : in_(text), expressions_(in_) {}

  ParsedStatement run() {
    while (in_.accept(";")) {
    }
    if (in_.at_end()) return empty_query();
    Statement statement = read_statement();
    if (!std::holds_alternative<Unsupported>(statement)) {
      while (in_.accept(";")) {
      }
      if (!in_.at_end()) in_.fail();
    }
    if (in_.error()) return *in_.error();
    return statement;
  }

 private:
  Statement read_statement() {
    if (in_.accept_word("SELECT")) return read_select();
    if (in_.accept_word("SHOW")) return read_show();
    if (in_.accept_word("SET")) return read_set();
    if (in_.accept_word("USE")) return Use{in_.read_name()};
    if (in_.accept_word("KILL")) return read_kill();
    if (in_.is_word("BEGIN") || in_.is_word("COMMIT") || in_.is_word("ROLLBACK") ||
        (in_.is_word("START") && in_.is_word("TRANSACTION", 1))) {
      in_.skip_rest();
      return Nothing{};
    }
    if (in_.peek().kind == TokenKind::word && is_one_of(in_.peek().text, kOtherStatements))
      return Unsupported{upper(in_.peek().text)};
    in_.fail();
    return Nothing{};
  }

  Statement read_set() {
    for (const std::string_view subject : {"PASSWORD", "ROLE", "DEFAULT", "RESOURCE"})
      if (in_.is_word(subject)) return Unsupported{fmt::format("SET {}", subject)};
    const bool global = in_.is_symbol("@@")
                            ? in_.is_word("GLOBAL", 1) || in_.is_word("PERSIST", 1) || in_.is_word("PERSIST_ONLY", 1)
                            : in_.is_word("GLOBAL") || in_.is_word("PERSIST") || in_.is_word("PERSIST_ONLY");
    if (global) {
      in_.fail(missing_privilege("SUPER or SYSTEM_VARIABLES_ADMIN"));
      return Nothing{};
    }

    const bool scoped = in_.is_word("SESSION") || in_.is_word("LOCAL");
    const bool named = in_.is_word("NAMES") || in_.is_word("CHARACTER") || in_.is_word("CHARSET");
    if (named || in_.is_word("TRANSACTION", scoped ? 1 : 0)) {
      in_.skip_rest();
      return Nothing{};
    }
    const auto assigns = [this] { return in_.is_symbol("=") || in_.is_symbol(":"); };
    while (!in_.at_end() && in_.peek().kind != TokenKind::invalid && !in_.is_symbol(";") && !assigns()) in_.advance();
    if (!assigns()) in_.fail();
    in_.skip_rest();
    return Nothing{};
  }

  Statement read_kill() {
    Kill kill;
    if (in_.accept_word("QUERY"))
      kill.query_only = true;
    else
      in_.accept_word("CONNECTION");
    kill.id = in_.read_count();
    return kill;
  }

  Statement read_show() {
    struct Subject {
      std::string_view word;
      ShowSubject subject;
      bool filtered;
    };
    static constexpr std::array<Subject, 9> kSubjects = {{{"VARIABLES", ShowSubject::variables, true},
                                                          {"STATUS", ShowSubject::status, true},
                                                          {"DATABASES", ShowSubject::databases, true},
                                                          {"SCHEMAS", ShowSubject::databases, true},
                                                          {"PLUGINS", ShowSubject::plugins, false},
                                                          {"PROCESSLIST", ShowSubject::process_list, false},
                                                          {"GRANTS", ShowSubject::grants, false},
                                                          {"WARNINGS", ShowSubject::warnings, false},
                                                          {"ERRORS", ShowSubject::warnings, false}}};
    for (const std::string_view modifier : {"GLOBAL", "SESSION", "LOCAL", "FULL"})
      if (in_.accept_word(modifier)) break;
    const auto* const known =
        std::find_if(kSubjects.begin(), kSubjects.end(), [this](const Subject& s) { return in_.is_word(s.word); });
    if (known == kSubjects.end()) {
      if (is_one_of(in_.peek().text, kOtherShows)) return Unsupported{fmt::format("SHOW {}", upper(in_.peek().text))};
      in_.fail();
      return Nothing{};
    }
    in_.advance();
    Show show{known->subject, {}, {}};
    if (show.subject == ShowSubject::grants && in_.accept_word("FOR")) read_current_user();
    if (show.subject == ShowSubject::warnings && in_.accept_word("LIMIT")) read_limit();
    if (!known->filtered) return show;
    if (in_.accept_word("LIKE")) {
      if (in_.peek().kind != TokenKind::string) in_.fail();
      show.like = in_.peek().text;
      in_.advance();
    } else if (in_.accept_word("WHERE")) {
      show.where = expressions_.read();
    }
    return show;
  }

  void read_current_user() {
    if (!in_.is_word("CURRENT_USER")) return in_.fail_unsupported("SHOW GRANTS FOR another user");
    in_.advance();
    if (in_.accept("(")) in_.expect(")");
  }

  Statement read_select() {
    Select select;
    if (in_.accept_word("DISTINCT"))
      select.distinct = true;
    else
      in_.accept_word("ALL");
    do select.items.push_back(read_item());
    while (in_.accept(","));
    if (in_.accept_word("FROM")) read_from(select);
    if (in_.accept_word("WHERE")) select.where = expressions_.read();
    if (in_.is_word("GROUP") || in_.is_word("HAVING")) in_.fail_unsupported("GROUP BY");
    if (in_.accept_word("ORDER")) read_order(select);
    if (in_.accept_word("LIMIT")) select.limit = read_limit();
    if (in_.is_word("UNION")) in_.fail_unsupported("UNION");
    if (in_.is_word("INTO")) in_.fail_unsupported("SELECT INTO");
    if (in_.is_word("FOR")) in_.fail_unsupported("SELECT FOR");
    return select;
  }

  SelectItem read_item() {
    if (in_.accept("*")) return AllColumns{};
    if (in_.is_name() && in_.is_symbol(".", 1) && in_.is_symbol("*", 2)) {
      AllColumns all{in_.read_name()};
      in_.advance();
      in_.advance();
      return all;
    }
    NamedExpression item = expressions_.read_named_by_text();
    const bool as = in_.accept_word("AS");
    if (in_.peek().kind == TokenKind::string || in_.is_name()) {
      item.name = in_.peek().text;
      in_.advance();
    } else if (as) {
      in_.fail();
    }
    return item;
  }

  void read_from(Select& select) {
    if (in_.accept_word("DUAL")) return;
    if (in_.is_symbol("(")) return in_.fail_unsupported("subqueries");
    TableName table;
    table.name = in_.read_name();
    if (in_.accept(".")) table.schema = std::exchange(table.name, in_.read_name());
    table.alias = table.name;
    if (in_.accept_word("AS") || in_.is_name()) table.alias = in_.read_name();
    if (in_.is_symbol(",") || in_.is_word("JOIN") || in_.is_word("INNER") || in_.is_word("LEFT") ||
        in_.is_word("RIGHT"))
      return in_.fail_unsupported("JOIN");
    select.from = std::move(table);
  }

  void read_order(Select& select) {
    in_.expect_word("BY");
    do {
      OrderTerm term{expressions_.read()};
      if (in_.accept_word("DESC"))
        term.descending = true;
      else
        in_.accept_word("ASC");
      select.order.push_back(std::move(term));
    } while (in_.accept(","));
  }

  Limit read_limit() {
    Limit limit;
    limit.count = in_.read_count();
    if (in_.accept(","))
      limit.offset = std::exchange(limit.count, in_.read_count());
    else if (in_.accept_word("OFFSET"))
      limit.offset = in_.read_count();
    return limit;
  }

  TokenReader in_;
  ExpressionParser expressions_;
};

}  // namespace

ParsedStatement parse(std::string_view statement) {
  if (statement.size() > kMaxStatementBytes) return too_long(kMaxStatementBytes);
  return Parser{statement}.run();
}

}  // namespace donord::sql
