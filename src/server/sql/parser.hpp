#pragma once

// A statement's text into its parts, by recursive descent:
//
//   statement  = SELECT .. | SHOW .. | SET .. | USE name | KILL [CONNECTION|QUERY] n | BEGIN | COMMIT | ROLLBACK ..
//   select     = SELECT [DISTINCT] item, .. [FROM table [[AS] alias]] [WHERE or] [ORDER BY or [ASC|DESC], ..]
//                [LIMIT [offset,] n | LIMIT n OFFSET offset]
//   item       = * | name.* | or [[AS] alias]
//
// and `or` as in expression_parser.hpp.

#include <string_view>
#include <variant>

#include "server/error_map.hpp"
#include "server/sql/ast.hpp"

namespace donord::sql {

/// Longer statements are refused unread.
inline constexpr std::size_t kMaxStatementBytes = 65'536;

using ParsedStatement = std::variant<Statement, MysqlError>;

[[nodiscard]] ParsedStatement parse(std::string_view statement);

}  // namespace donord::sql
