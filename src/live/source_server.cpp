#include "live/source_server.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "innodb/space_id.hpp"
#include "live/redo_tail.hpp"
#include "upstream/privileges.hpp"

namespace donord {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxAutoCnfBytes = 64 << 10;
constexpr int kLooks = 20;
constexpr std::chrono::milliseconds kPause{50};

/// Of auto.cnf, which the server has made; empty when it does not say, or may not be read.
std::string uuid_of_directory(const fs::path& datadir) {
  constexpr std::string_view kKey = "server-uuid=";
  const Result<Bytes> content = read_file(datadir / "auto.cnf", kMaxAutoCnfBytes);
  if (!content) return {};
  std::string_view rest = as_text(*content);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(kKey)) return std::string{line.substr(kKey.size())};
  }
  return {};
}

Error another_server(const UpstreamOptions& options, const fs::path& datadir, std::string_view what) {
  return Error{Errc::conflict,
               fmt::format("{} is not the server that runs on {}: {}", options.name(), datadir.string(), what),
               "give the server of this directory as --upstream"};
}

/// A server that was made from a copy of the directory has all of its ids, but checkpoints of its own.
Result<> check_checkpoints(UpstreamConnection& connection, RedoTail& log, const fs::path& datadir) {
  for (int i = 1;; ++i) {
    const Result<Lsn> before = log.newest_checkpoint();
    if (!before) return before.error();
    const Result<LogStatus> status = read_log_status(connection);
    if (!status) return status.error();
    const Result<Lsn> after = log.newest_checkpoint();
    if (!after) return after.error();
    if (*before <= status->checkpoint && status->checkpoint <= *after) return {};
    if (i == kLooks)  // one that is being written is in the file before the server says so
      return another_server(
          connection.options(), datadir,
          fmt::format("its newest checkpoint is at LSN {}, that in the directory at {}", status->checkpoint, *after));
    std::this_thread::sleep_for(kPause);
  }
}

/// An undo tablespace that was truncated meanwhile has another id.
void keep_missing(std::vector<FileMismatch>& mismatches) {
  std::set<std::optional<std::uint32_t>> undo_found;
  for (const FileMismatch& mismatch : mismatches)
    if (mismatch.kind == FileMismatch::Kind::extra) undo_found.insert(innodb::undo_number(mismatch.space));
  undo_found.erase(std::nullopt);
  std::erase_if(mismatches, [&](const FileMismatch& mismatch) {
    return mismatch.kind != FileMismatch::Kind::missing || undo_found.contains(innodb::undo_number(mismatch.space));
  });
}

}  // namespace

std::vector<FoundFile> as_found(const std::vector<TablespaceFile>& files, const fs::path& datadir) {
  std::vector<FoundFile> found;
  for (const TablespaceFile& file : files) {
    if (!file.is_tablespace()) continue;
    const fs::path below = file.path.lexically_relative(datadir);
    const bool outside = below.empty() || *below.begin() == "..";
    found.push_back({file.space, outside ? file.path.string() : "./" + below.string()});
  }
  return found;
}

Result<ServerFacts> SourceServer::identify(UpstreamConnection& connection, const DatadirOptions& datadir,
                                           std::uint32_t page_size_bytes) const {
  const Result<PrivilegeCheck> privileges = check_privileges(connection);
  if (!privileges) return privileges.error();
  if (!privileges->sufficient()) return privileges_error(*privileges).within(options_.name());
  Result<ServerFacts> facts = read_server_facts(connection);
  if (!facts) return facts.error();

  const auto differs = [&](std::string_view what, const auto& server, const auto& directory) {
    return another_server(options_, datadir.datadir,
                          fmt::format("its {} is {}, that of the directory {}", what, server, directory));
  };
  const std::string uuid = uuid_of_directory(datadir.datadir);
  if (!uuid.empty() && uuid != facts->server_uuid) return differs("server_uuid", facts->server_uuid, uuid);
  if (page_size_bytes != facts->page_size_bytes)
    return differs("innodb_page_size", facts->page_size_bytes, page_size_bytes);
  Result<RedoTail> log = RedoTail::open(datadir.redo_directory());
  if (!log) return log.error();
  const std::uint32_t log_uuid = log->checkpoint_file_start().header.uuid;
  if (facts->redo_log_uuid && *facts->redo_log_uuid != log_uuid)
    return differs("redo log's uuid", *facts->redo_log_uuid, log_uuid);
  if (Result<> same = check_checkpoints(connection, *log, datadir.datadir); !same) return same.error();
  return facts;
}

Result<> SourceServer::check_identity(const DatadirOptions& datadir, std::uint32_t page_size_bytes) const {
  Result<UpstreamConnection> connection = UpstreamConnection::open(options_);
  if (!connection) return connection.error();
  const Result<ServerFacts> facts = identify(*connection, datadir, page_size_bytes);
  if (!facts) return facts.error();
  log::info("live.server", {{"name", options_.name()},
                            {"version", facts->version},
                            {"server_uuid", facts->server_uuid},
                            {"datadir", facts->datadir},
                            {"tls", connection->tls()}});
  return {};
}

Result<SourceServer::Moment> SourceServer::look(const DatadirOptions& datadir, std::uint32_t page_size_bytes,
                                                const std::vector<FoundFile>& found) const {
  Result<UpstreamConnection> connection = UpstreamConnection::open(options_);
  if (!connection) return connection.error();
  const Result<ServerFacts> facts = identify(*connection, datadir, page_size_bytes);
  if (!facts) return facts.error();
  const Result<std::vector<UpstreamFile>> files = list_files(*connection);
  if (!files) return files.error();
  Result<LogStatus> logs = read_log_status(*connection);
  if (!logs) return logs.error();
  Moment moment{.missing = cross_check(found, *files, *facts), .logs = std::move(*logs)};
  keep_missing(moment.missing);
  return moment;
}

bool is_out_of_reach(const Error& error) {
  constexpr Errc kCodes[] = {Errc::io, Errc::timeout, Errc::cancelled, Errc::unavailable, Errc::not_found};
  return std::ranges::find(kCodes, error.code) != std::end(kCodes);
}

}  // namespace donord
