#include "cli/source_report.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "cli/serve_setup.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

/// mysqld's own name for a file that has an absolute one.
std::string local_name(const TablespaceFile& file) {
  return fs::absolute(file.path).lexically_normal().generic_string();
}

/// A recipient creates such a file under the very same path.
bool is_unmapped(const TablespaceFile& file) {
  return file.name.starts_with('/') && file.name == local_name(file);
}

void warn_of_absolute_names(const DatadirSurvey& survey) {
  const auto count = std::ranges::count_if(survey.files, is_unmapped);
  if (count == 0) return;
  log::warn("source.absolute_names",
            {{"files", count},
             {"first", std::ranges::find_if(survey.files, is_unmapped)->name},
             {"meaning",
              "recipients create them under the same path, which must be in their innodb_directories, and "
              "never on this host; --map-path gives them others"}});
}

void warn_of_unused_rules(const DatadirSurvey& survey) {
  for (const PathMap::Rule& rule : survey.options.path_map.rules())
    if (std::ranges::none_of(survey.files, [&](const TablespaceFile& file) {
          return file.role == FileRole::user && is_within(local_name(file), rule.from);
        }))
      log::warn("source.map_path_unused", {{"from", rule.from}, {"to", rule.to}});
}

/// Transactions that the server would end by its binary log.
void report_decisions(const DatadirSurvey& survey) {
  if (!survey.decisions) return;
  const CrashDecisions& decisions = *survey.decisions;
  if (decisions.warning)
    log::warn("source.binary_log", {{"problem", decisions.warning->what}, {"meaning", decisions.warning->hint}});
  if (decisions.prepared == 0) return;
  if (decisions.binary_log) {
    log::info("source.decided_commits", {{"file", decisions.binary_log->string()},
                                         {"prepared", decisions.prepared},
                                         {"committed", decisions.decided.committed},
                                         {"kept", decisions.decided.prepared},
                                         {"rolled_back", decisions.decided.rolled_back},
                                         {"undecided", decisions.decided.undecided},
                                         {"gtid_logs", decisions.decided.gtid_logs}});
  } else if (survey.options.binary_log == BinaryLogUse::ignored) {
    log::warn("source.undecided_commits",
              {{"transactions", decisions.prepared},
               {"meaning",
                "the binary log was not asked: recipients roll them back, though they may have been "
                "acknowledged"}});
  }
}

}  // namespace

void report_source(const DatadirSurvey& survey) {
  for (const OptionSetting& setting : survey.options.settings) fmt::print("  {}\n", to_text(setting));
  for (const std::string& note : survey.options.notes) log::warn("source.option", {{"note", note}});
  warn_of_absolute_names(survey);
  warn_of_unused_rules(survey);
  report_decisions(survey);
}

void report_live_source(const std::optional<std::string>& upstream) {
  fmt::print(
      "A server runs on it: what is cloned is its state at the end of the clone, never a part of a transaction.\n"
      "A clone fails when the server is stopped, started or killed.\n");
  if (upstream)
    fmt::print(
        "It is asked, as {}:\n"
        "  Everything committed when the clone began is in it. Files that only the server knows of are noticed.\n"
        "  The server keeps its redo until it was read: when its log is full, its writers wait for donord.\n"
        "  DDL waits for recipients that ask for that (clone_block_ddl). Where it goes on it may end a clone.\n",
        *upstream);
  else
    fmt::print(
        "It is not asked (--upstream):\n"
        "  Commits may be missing that are not in its log 1.2 seconds after the clone began; this can be so under\n"
        "  innodb_flush_log_at_trx_commit=0.\n"
        "  A clone fails when the server writes redo faster than it can be read.\n"
        "  DDL goes on and may end a clone, also for recipients that ask that it waits (clone_block_ddl).\n");
}

void report_presented_version(const std::string& presented, const std::string& of_source) {
  if (presented == of_source) return;
  const bool newer = parse_version(presented) > parse_version(of_source);
  log::warn(
      "source.presented_version",
      {{"presented", presented},
       {"source", of_source},
       {"meaning", newer ? "recipients take files of an older server, which theirs upgrades when it starts, or does "
                           "not start on, after their own data is gone"
                         : "recipients take files of a newer server; one that is older does not start on them, and "
                           "its own data is gone"}});
}

}  // namespace donord
