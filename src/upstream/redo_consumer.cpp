#include "upstream/redo_consumer.hpp"

#include <utility>

#include "upstream/text_number.hpp"

namespace donord {

namespace {

/// The functions are the server's own and need no CREATE FUNCTION. They answer 0 when they have done what was asked.
Result<bool> call(UpstreamConnection& connection, const std::string& function) {
  const Result<std::vector<TextRow>> rows = connection.query(fmt::format("SELECT {}", function), 1);
  if (!rows) return rows.error();
  return rows->size() == 1 && rows->front()[0] == "0";
}

Result<Lsn> read_checkpoint(UpstreamConnection& connection) {
  const Result<std::vector<TextRow>> rows = connection.query(
      "SELECT variable_value FROM performance_schema.global_status "
      "WHERE variable_name = 'Innodb_redo_log_checkpoint_lsn'",
      1);
  if (!rows) return rows.error();
  const auto lsn = rows->size() == 1 ? number_of<std::uint64_t>(rows->front()[0]) : std::nullopt;
  if (!lsn)
    return Error{Errc::malformed, fmt::format("{}: no Innodb_redo_log_checkpoint_lsn", connection.options().name())};
  return Lsn{*lsn};
}

}  // namespace

Result<RedoConsumer> RedoConsumer::attach(const UpstreamOptions& options, std::chrono::seconds idle_limit) {
  Result<UpstreamConnection> connection = UpstreamConnection::open(options);
  if (!connection) return connection.error();
  if (Result<> set = connection->execute(fmt::format("SET SESSION wait_timeout = {}", idle_limit.count())); !set)
    return set.error();
  const Result<bool> registered = call(*connection, "innodb_redo_log_consumer_register()");
  if (!registered) return registered.error();
  if (!*registered)
    return Error{Errc::conflict,
                 fmt::format("{}: another session is registered as consumer of the redo", options.name()),
                 "only one can be: a backup, or another donord"};
  // It was registered at the checkpoint of a moment ago, so this one is not behind it.
  const Result<Lsn> checkpoint = read_checkpoint(*connection);
  if (!checkpoint) return checkpoint.error();
  return RedoConsumer{std::move(*connection), *checkpoint};
}

RedoConsumer::~RedoConsumer() {
  (void)detach();
}

Result<> RedoConsumer::advance(Lsn lsn) {
  if (!connection_) return Error{Errc::conflict, "no longer registered as consumer of the redo"};
  if (lsn <= kept_from_) return connection_->ping();
  const Result<bool> advanced = call(*connection_, fmt::format("innodb_redo_log_consumer_advance({})", lsn));
  if (!advanced) return advanced.error();
  if (!*advanced)
    return Error{Errc::conflict, fmt::format("{}: the server refuses LSN {} of the registered consumer of the redo",
                                             connection_->options().name(), lsn)};
  kept_from_ = lsn;
  return {};
}

Result<> RedoConsumer::detach() {
  std::optional<UpstreamConnection> connection = std::exchange(connection_, std::nullopt);
  if (!connection) return {};
  const Result<bool> done = call(*connection, "innodb_redo_log_consumer_unregister()");
  return done ? Result<>{} : Result<>{done.error()};
}

}  // namespace donord
