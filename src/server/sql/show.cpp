#include "server/sql/show.hpp"

#include "server/sql/evaluate.hpp"
#include "server/sql/sql_error.hpp"
#include "server/sql/virtual_tables.hpp"

namespace donord::sql {
namespace {

Table named_columns(Table table, std::vector<std::string> names) {
  for (std::size_t i = 0; i < names.size(); ++i) table.columns.at(i).name = std::move(names[i]);
  return table;
}

Table plugins(const SqlContext& context) {
  Table table{.columns = {{"Name"}, {"Status"}, {"Type"}, {"Library"}, {"License"}}};
  for (const SqlPlugin& plugin : context.plugins)
    table.rows.push_back({plugin.name, "ACTIVE", plugin.type, plugin.library, "GPL"});
  return table;
}

Table grants(const SqlContext& context) {
  const AccountMatch& account = context.account;
  Table table{.columns = {{fmt::format("Grants for {}@{}", account.user, account.host)}}};
  const std::string grantee = fmt::format("`{}`@`{}`", account.user, account.host);
  table.rows.push_back({fmt::format("GRANT USAGE ON *.* TO {}", grantee)});
  if (account.privilege == ClonePrivilege::backup_admin)
    table.rows.push_back({fmt::format("GRANT BACKUP_ADMIN ON *.* TO {}", grantee)});
  return table;
}

Table all_databases(const std::optional<std::string>& pattern) {
  Table table{.columns = {{pattern ? fmt::format("Database ({})", *pattern) : "Database"}}};
  for (const std::string_view name : databases()) table.rows.push_back({std::string{name}});
  return table;
}

Table table_of(const Show& show, const SqlContext& context) {
  switch (show.subject) {
    case ShowSubject::variables:
      return named_columns(variables_table(context), {"Variable_name", "Value"});
    case ShowSubject::status:
      return named_columns(status_table(context), {"Variable_name", "Value"});
    case ShowSubject::plugins:
      return plugins(context);
    case ShowSubject::grants:
      return grants(context);
    case ShowSubject::databases:
      return all_databases(show.like);
    case ShowSubject::process_list:
      return named_columns(process_table(context), {"Id", "User", "Host", "db", "Command", "Time", "State", "Info"});
    case ShowSubject::warnings:
      return Table{.columns = {{"Level"}, {"Code", ValueKind::number}, {"Message"}}};
  }
  return {};
}

}  // namespace

QueryResult run_show(const Show& show, const SqlContext& context) {
  const Table table = table_of(show, context);
  const Evaluator evaluator{context, TableView{&table}};
  if (show.where)
    if (std::optional<MysqlError> error = evaluator.check(*show.where, "where clause", CountUse::forbidden))
      return std::move(*error);

  TextResultSet result;
  for (const Column& column : table.columns)
    result.columns.push_back(column.kind == ValueKind::number ? number_column(column.name) : text_column(column.name));
  for (const TextRow& row : table.rows) {
    if (show.like && !evaluator.matches(row.front().value_or(std::string{}), *show.like)) continue;
    if (show.where && !truth_of(evaluator.evaluate(*show.where, &row)).value_or(false)) continue;
    result.rows.push_back(row);
  }
  if (evaluator.overworked()) return too_much_work();
  return result;
}

}  // namespace donord::sql
