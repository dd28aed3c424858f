#pragma once

// Tokens into a statement, by recursive descent:
//
//   statement  = SELECT .. | SHOW .. | SET .. | USE name | KILL [CONNECTION|QUERY] n | BEGIN | COMMIT | ROLLBACK ..
//   select     = SELECT [DISTINCT] item, .. [FROM table [[AS] alias]] [WHERE or] [ORDER BY or [ASC|DESC], ..]
//                [LIMIT [offset,] n | LIMIT n OFFSET offset]
//   item       = * | name.* | or [[AS] alias]
//   or         = and { OR and }        and = not { AND not }        not = { NOT } comparison
//   comparison = primary [ (= | <=> | <> | != | < | <= | > | >=) primary
//                        | [NOT] LIKE primary | [NOT] IN (or, ..) | IS [NOT] NULL ]
//   primary    = literal | (or) | @@[scope.]name | @name | name([or, ..]) | COUNT(* | or) | [[schema.]table.]column
//
// Nesting is bounded, so that no statement exhausts the stack.

#include <string_view>
#include <variant>

#include "server/error_map.hpp"
#include "server/sql/ast.hpp"

namespace donord::sql {

/// Longer statements are refused unread.
inline constexpr std::size_t kMaxStatementBytes = 64 * 1024;
inline constexpr int kMaxNesting = 32;

using ParsedStatement = std::variant<Statement, MysqlError>;

[[nodiscard]] ParsedStatement parse(std::string_view statement);

}  // namespace donord::sql
