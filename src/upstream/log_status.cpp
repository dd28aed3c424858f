#include "upstream/log_status.hpp"

#include "upstream/text_number.hpp"

namespace donord {

namespace {

constexpr std::string_view kQuery =
    "SELECT storage_engines->>'$.InnoDB.LSN', storage_engines->>'$.InnoDB.LSN_checkpoint', "
    "`local`->>'$.binary_log_file', `local`->>'$.binary_log_position', `local`->>'$.gtid_executed' "
    "FROM performance_schema.log_status";
constexpr std::size_t kColumns = 5;

}  // namespace

Result<LogStatus> read_log_status(UpstreamConnection& connection) {
  const Result<std::vector<TextRow>> rows = connection.query(kQuery, kColumns);
  if (!rows) return rows.error();
  const auto lsn = rows->size() == 1 ? number_of<std::uint64_t>(rows->front()[0]) : std::nullopt;
  const auto checkpoint = lsn ? number_of<std::uint64_t>(rows->front()[1]) : std::nullopt;
  if (!checkpoint)
    return Error{Errc::malformed,
                 fmt::format("{}: performance_schema.log_status has no LSN of InnoDB", connection.options().name())};
  const TextRow& row = rows->front();
  return LogStatus{.lsn = Lsn{*lsn},
                   .checkpoint = Lsn{*checkpoint},
                   .binary_log_file = row[2].value_or(""),
                   .binary_log_position = number_of<std::uint64_t>(row[3]).value_or(0),
                   .gtid_executed = row[4].value_or("")};
}

}  // namespace donord
