#include "catalog/session_report.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/printable.hpp"
#include "base/units.hpp"

namespace donord {
namespace {

using nlohmann::ordered_json;

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : printable(text);
}

std::string time_or_dash(const std::optional<std::int64_t>& ms) {
  return ms ? utc_time(*ms) : "-";
}

std::string duration(std::int64_t ms) {
  return human_duration(std::chrono::milliseconds{std::max<std::int64_t>(ms, 0)});
}

std::string rate(std::uint64_t bytes, std::int64_t ms) {
  if (ms <= 0) return "-";
  constexpr double kMost = 1e18;  // what any integer here can hold
  const double per_second = static_cast<double>(bytes) * 1000.0 / static_cast<double>(ms);
  return human_size(static_cast<std::uint64_t>(std::min(per_second, kMost))) + "/s";
}

std::string percent(const StageRecord& stage) {
  if (stage.estimate_bytes == 0) return "-";
  const double done = static_cast<double>(stage.counters.data_bytes) / static_cast<double>(stage.estimate_bytes);
  return fmt::format("{:.0f}%", std::min(done, 1.0) * 100);
}

/// Columns as wide as their widest cell, two blanks apart.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) { add(std::move(headings)); }

  void add(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
    rows_.push_back(std::move(cells));
  }

  [[nodiscard]] std::string str() const {
    std::string out;
    for (const std::vector<std::string>& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths_[i]);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
    return out;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

std::string stage_summary(const SessionRecord& session) {
  const StageRecord* const stage = session.current_stage();
  if (stage == nullptr) return "-";
  const std::string done = percent(*stage);
  const bool under_way = session.end.result == SessionResult::in_progress && !stage->end_ms && done != "-";
  return under_way ? fmt::format("{} {}", to_string(stage->stage), done) : std::string{to_string(stage->stage)};
}

ordered_json json_of(const std::optional<std::int64_t>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of(const StageRecord& stage) {
  return {{"stage", to_string(stage.stage)},         {"begin_ms", stage.begin_ms},
          {"end_ms", json_of(stage.end_ms)},         {"estimate_bytes", stage.estimate_bytes},
          {"data_bytes", stage.counters.data_bytes}, {"network_bytes", stage.counters.network_bytes},
          {"blocks", stage.counters.blocks},         {"threads", stage.counters.threads}};
}

ordered_json json_of(const NegotiatedClone& clone) {
  return {{"clone_id", clone.clone_id.value()},
          {"snapshot_id", clone.snapshot_id.value()},
          {"fingerprint", clone.fingerprint},
          {"protocol_version", clone.protocol_version},
          {"block_pages", clone.block_pages}};
}

ordered_json json_of(const SourcePosition& position) {
  return {{"binary_log_file", position.binary_log_file},
          {"binary_log_position", position.binary_log_position},
          {"gtid_executed", position.gtid_executed}};
}

ordered_json json_of(const SessionRecord& session, std::int64_t now_ms) {
  const NewSession& opened = session.opened;
  ordered_json stages = ordered_json::array();
  for (const StageRecord& stage : session.stages) stages.push_back(json_of(stage));
  return {{"session", session.key.value()},
          {"result", to_string(session.end.result)},
          {"error_number", session.end.error_number},
          {"error_text", session.end.error_text},
          {"user", opened.user},
          {"host", opened.host},
          {"source", opened.source},
          {"server_version", opened.server_version},
          {"recipient", ordered_json{{"version", opened.recipient_version},
                                     {"os", opened.recipient_os},
                                     {"platform", opened.recipient_platform}}},
          {"capabilities", opened.capabilities},
          {"tls_version", opened.tls_version},
          {"tls_cipher", opened.tls_cipher},
          {"compression", opened.compression},
          {"clone", session.negotiated ? json_of(*session.negotiated) : ordered_json(nullptr)},
          {"position_at_least", session.position ? json_of(*session.position) : ordered_json(nullptr)},
          {"begin_ms", session.begin_ms},
          {"end_ms", json_of(session.end_ms)},
          {"last_seen_ms", session.last_seen_ms},
          {"duration_ms", session.duration_ms(now_ms)},
          {"data_bytes", session.data_bytes()},
          {"network_bytes", session.network_bytes()},
          {"reconnects", session.reconnects},
          {"owner_pid", session.owner_pid},
          {"stages", std::move(stages)}};
}

/// Peers send bytes that are not UTF-8; they are shown as U+FFFD.
std::string written(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string sessions_as_text(std::span<const SessionRecord> sessions, std::int64_t now_ms) {
  if (sessions.empty()) return "No sessions.\n";
  Table table{
      {"SESSION", "RESULT", "USER", "HOST", "BEGIN (UTC)", "TIME", "STAGE", "DATA", "NETWORK", "RATE", "ERROR"}};
  for (const SessionRecord& session : sessions) {
    const std::int64_t took_ms = session.duration_ms(now_ms);
    table.add({fmt::to_string(session.key), std::string{to_string(session.end.result)}, or_dash(session.opened.user),
               or_dash(session.opened.host), utc_time(session.begin_ms), duration(took_ms), stage_summary(session),
               human_size(session.data_bytes()), human_size(session.network_bytes()),
               rate(session.data_bytes(), took_ms),
               session.end.error_number == 0 ? "-" : fmt::to_string(session.end.error_number)});
  }
  return table.str();
}

std::string session_as_text(const SessionRecord& session, std::int64_t now_ms) {
  const NewSession& opened = session.opened;
  std::string out;
  const auto line = [&out](std::string_view name, std::string_view value) {
    out += fmt::format("{:<12} {}\n", name, value);
  };
  line("session", fmt::to_string(session.key));
  line("result", to_string(session.end.result));
  if (session.end.error_number != 0 || !session.end.error_text.empty())
    line("error", fmt::format("{} {}", session.end.error_number, printable(session.end.error_text)));
  line("user", or_dash(opened.user));
  line("host", or_dash(opened.host));
  line("recipient", fmt::format("{} {} {}", or_dash(opened.recipient_version), or_dash(opened.recipient_os),
                                or_dash(opened.recipient_platform)));
  line("source", or_dash(opened.source));
  line("presented as", or_dash(opened.server_version));
  line("capabilities", fmt::format("0x{:08x}", opened.capabilities));
  line("tls", opened.tls_version.empty() ? "none" : printable(opened.tls_version + " " + opened.tls_cipher));
  line("compression", opened.compression.empty() ? "none" : printable(opened.compression));
  if (session.negotiated) {
    line("protocol", fmt::format("0x{:04x}", session.negotiated->protocol_version));
    line("clone id", fmt::to_string(session.negotiated->clone_id));
    line("snapshot id", fmt::to_string(session.negotiated->snapshot_id));
    line("fingerprint", or_dash(session.negotiated->fingerprint));
    line("block pages", fmt::to_string(session.negotiated->block_pages));
  }
  const SourcePosition position = session.position.value_or(SourcePosition{});
  line("binary log",
       position.binary_log_file.empty()
           ? "-"
           : fmt::format("at least {} {}", printable(position.binary_log_file), position.binary_log_position));
  line("gtids", position.gtid_executed.empty() ? "-" : "at least " + printable(position.gtid_executed));
  line("begin", utc_time(session.begin_ms));
  line("end", time_or_dash(session.end_ms));
  line("last seen", utc_time(session.last_seen_ms));
  line("time", duration(session.duration_ms(now_ms)));
  line("data", fmt::format("{} ({} bytes)", human_size(session.data_bytes()), session.data_bytes()));
  line("network", fmt::format("{} ({} bytes)", human_size(session.network_bytes()), session.network_bytes()));
  line("reconnects", fmt::to_string(session.reconnects));
  line("donord pid", fmt::to_string(session.owner_pid));
  if (session.stages.empty()) return out;

  Table table{{"STAGE", "BEGIN (UTC)", "TIME", "DONE", "DATA", "NETWORK", "BLOCKS", "THREADS", "RATE"}};
  for (const StageRecord& stage : session.stages) {
    const std::int64_t took_ms = stage.end_ms.value_or(session.end_ms.value_or(now_ms)) - stage.begin_ms;
    table.add({std::string{to_string(stage.stage)}, utc_time(stage.begin_ms), duration(took_ms),
               stage.end_ms ? "yes" : percent(stage), human_size(stage.counters.data_bytes),
               human_size(stage.counters.network_bytes), fmt::to_string(stage.counters.blocks),
               fmt::to_string(stage.counters.threads), rate(stage.counters.data_bytes, took_ms)});
  }
  return out + '\n' + table.str();
}

std::string sessions_as_json(std::span<const SessionRecord> sessions, std::int64_t now_ms) {
  ordered_json array = ordered_json::array();
  for (const SessionRecord& session : sessions) array.push_back(json_of(session, now_ms));
  return written(array);
}

std::string session_as_json(const SessionRecord& session, std::int64_t now_ms) {
  return written(json_of(session, now_ms));
}

}  // namespace donord
