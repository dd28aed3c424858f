#include "server/sql_session.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

#include "base/units.hpp"
#include "protocol/result_set.hpp"
#include "server/error_map.hpp"
#include "server/sql_front.hpp"
#include "server/sql_variables.hpp"

namespace donord {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

SqlVariables variables_of(const ServerContext& context) {
  const ServerOptions& options = context.options;
  return donor_variables({.server_version = context.presented_version(),
                          .hostname = host_name(),
                          .port = context.port,
                          .page_size_bytes = context.source->identity().page_size_bytes,
                          .require_secure_transport = options.require_secure_transport,
                          .tls_available = context.tls() != nullptr,
                          .reconnect_window_minutes = options.parameters.reconnect_minutes});
}

SqlContext context_of(ServerContext& context, const ClientInfo& client, const std::string& schema) {
  SqlContext sql{.connection = client.id,
                 .user = client.user,
                 .peer_host = client.address,
                 .account = client.account,
                 .database = schema,
                 .tls_version = client.tls_version,
                 .tls_cipher = client.tls_cipher,
                 .variables = variables_of(context),
                 .now_ms = unix_ms_now()};
  const auto now = std::chrono::steady_clock::now();
  sql.uptime = std::chrono::duration_cast<std::chrono::seconds>(now - context.started);
  for (const ConnectionInfo& info : context.connections.list())
    sql.processes.push_back({info.id, info.user, info.host, "", info.command,
                             std::chrono::duration_cast<std::chrono::seconds>(now - info.since)});
  Result<std::vector<SessionRecord>> last = context.catalog->list_sessions({.limit = 1});
  if (last && !last->empty()) sql.last_session = std::move(last->front());
  return sql;
}

/// A recipient that was killed asks for the end of its master connection, which it may have closed already: the clone
/// ends at once instead of waiting for a reconnect.
std::vector<Bytes> kill(ServerContext& context, const ClientInfo& client, const KillConnection& order,
                        const std::vector<Bytes>& ok) {
  const std::shared_ptr<CloneSession> clone = context.clones.find_by_master(order.id);
  const bool own_clone = clone && clone->user() == client.account.user;
  const std::vector<ConnectionInfo> open = context.connections.list();
  const auto target = std::find_if(open.begin(), open.end(), [&](const auto& info) { return info.id == order.id; });
  if (target == open.end() && !own_clone)
    return std::vector<Bytes>(1, encode_error({1094, "HY000", fmt::format("Unknown thread id: {}", order.id)}));
  if (target != open.end() && target->user != client.account.user)
    return std::vector<Bytes>(1,
                              encode_error({1095, "HY000", fmt::format("You are not owner of thread {}", order.id)}));
  if (own_clone) clone->end({SessionResult::failed, 1317, "Query execution was interrupted"});
  if (!order.query_only) context.connections.close(order.id);
  return ok;
}

}  // namespace

std::vector<Bytes> answer_query(ServerContext& context, const ClientInfo& client, std::string& schema,
                                const std::string& statement) {
  const Capabilities effective = client.capabilities;
  const std::vector<Bytes> ok(1, encode(OkPacket{.capabilities = effective}));
  const SqlReply reply = answer_sql(statement, context_of(context, client, schema));
  if (const auto* rows = std::get_if<TextResultSet>(&reply)) return encode_result_set(*rows, effective);
  if (const auto* error = std::get_if<MysqlError>(&reply)) return std::vector<Bytes>(1, encode_error(*error));
  if (const auto* order = std::get_if<KillConnection>(&reply)) return kill(context, client, *order, ok);
  if (const auto& used = std::get<SqlOk>(reply).use_database) schema = *used;
  return ok;
}

}  // namespace donord
