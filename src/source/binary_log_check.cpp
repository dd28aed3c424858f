#include "source/binary_log_check.hpp"

#include <algorithm>
#include <optional>

#include "source/open_files.hpp"

namespace donord {

namespace {

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
/// A transaction is in the redo log milliseconds before it is in the binary log. But a power failure can take the times
/// of half a minute of writes, and file servers have clocks of their own.
constexpr std::int64_t kToleranceUs = 60 * kMicrosecondsPerSecond;
/// A server can write redo for a while without logging anything.
constexpr std::int64_t kStaleUs = 600 * kMicrosecondsPerSecond;

constexpr std::string_view kNameAnother =
    "say where the log of this directory is: --log-bin-index. If it is lost, --without-binary-log serves the directory "
    "without it: recipients then roll back what it would decide about";

std::int64_t modified_us(const FileStamp& stamp) {
  return stamp.modified_ns / kNanosecondsPerMicrosecond;
}

Error conflict(const std::filesystem::path& log, std::string_view why) {
  return Error{Errc::conflict, fmt::format("binary log {} is not that of this crash: {}", log.string(), why),
               std::string{kNameAnother}};
}

}  // namespace

LastWrites last_writes_of(const RedoSurvey& redo, std::span<const TablespaceFile> files) {
  LastWrites writes;
  for (const RedoSurvey::File& file : redo.files) writes.redo_us = std::max(writes.redo_us, modified_us(file.stamp));
  writes.any_us = writes.redo_us;
  for (const TablespaceFile& file : files) writes.any_us = std::max(writes.any_us, modified_us(file.stamp));
  return writes;
}

Result<> check_binary_log(const std::filesystem::path& log, const FileStamp& stamp, BinaryLogOrigin origin,
                          const binlog::Wanted& wanted, const binlog::Decisions& read, const LastWrites& writes) {
  if (const std::optional<OpenFile> writer = find_writing_process(log, stamp))
    return conflict(log, fmt::format("process {} is writing it", writer->pid));
  const binlog::CommitTimes& times = read.times;
  const auto seconds = [](std::int64_t us) { return us / kMicrosecondsPerSecond; };
  if (times.newest_us - writes.any_us > kToleranceUs)
    return conflict(log, fmt::format("its last transaction was committed {} s after the last write to the directory",
                                     seconds(times.newest_us - writes.any_us)));
  if (times.last_unwanted_us - times.first_wanted_us > kToleranceUs)
    return conflict(log, fmt::format("{} s after a transaction that is prepared here it has others that are not",
                                     seconds(times.last_unwanted_us - times.first_wanted_us)));
  const std::int64_t written_us = std::max(modified_us(stamp), times.newest_us);
  if (origin == BinaryLogOrigin::found_in_datadir && !wanted.internal.empty() && writes.redo_us - written_us > kStaleUs)
    return conflict(log, fmt::format("it was written last {} s before the redo log, which has transactions that were "
                                     "about to be logged",
                                     seconds(writes.redo_us - written_us)));
  return {};
}

}  // namespace donord
