#include "live/redo_archive.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/units.hpp"
#include "fault/fault_injector.hpp"
#include "live/redo_segment.hpp"

namespace donord {

namespace fs = std::filesystem;
using innodb::kRedoBlockBytes;
using innodb::RedoBlockState;

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint64_t kSmallestShare = 4;  // of the limit, in segments

Result<UniqueFd> lock_directory(const fs::path& directory) {
  UniqueFd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return io_error("open", directory, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK)
    return Error{Errc::unavailable, fmt::format("{} is in use by another process", directory.string()),
                 "give each donord a directory of its own for its redo archive"};
  Error error = io_error("lock", directory, errno);
  error.hint = "choose a directory on a local file system";
  return error;
}

Result<> remove_leftovers(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}; !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    if (!is_redo_segment_name(entry->path().filename().string())) continue;
    if (!fs::remove(entry->path(), error) && error) return io_error("remove", entry->path(), error.value());
  }
  if (error) return io_error("list", directory, error.value());
  return {};
}

/// Each is the block of its LSN. Encrypted ones have their checksum inside. Returns the bytes of the full blocks that
/// they begin with.
Result<std::size_t> verify(Lsn from, ByteView blocks) {
  std::size_t full_bytes = 0;
  for (std::size_t at = 0; at < blocks.size(); at += kRedoBlockBytes) {
    const innodb::RedoBlock block = innodb::look_at_redo_block(blocks.subspan(at), from + at);
    if (block.state != RedoBlockState::current && block.state != RedoBlockState::encrypted)
      return Error{Errc::checksum, fmt::format("what should be the redo block at LSN {} is {}", from + at,
                                               block.state == RedoBlockState::damaged ? "damaged" : "something else")};
    if (block.header.full() && full_bytes == at) full_bytes += kRedoBlockBytes;
  }
  return full_bytes;
}

Result<> check_whole_blocks(Lsn from, std::size_t bytes) {
  if (bytes == 0 || bytes % kRedoBlockBytes != 0 || from.value() % kRedoBlockBytes != 0)
    return Error{Errc::malformed, fmt::format("{} bytes at LSN {} are not whole redo blocks", bytes, from)};
  return {};
}

}  // namespace

Result<std::unique_ptr<RedoArchive>> RedoArchive::open(RedoArchiveOptions options, std::uint32_t log_uuid) {
  if (options.max_bytes < kMinRedoArchiveBytes)
    return Error{Errc::usage, fmt::format("--redo-archive-size is {}, less than the least possible, {}",
                                          human_size(options.max_bytes), human_size(kMinRedoArchiveBytes))};
  options.segment_bytes =
      std::min(options.segment_bytes, options.max_bytes / kSmallestShare - kRedoSegmentHeaderBytes) / kRedoBlockBytes *
      kRedoBlockBytes;
  if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return io_error("create", options.directory, errno);
  Result<UniqueFd> lock = lock_directory(options.directory);
  if (!lock) return lock.error();
  if (const Result<> removed = remove_leftovers(options.directory); !removed) return removed.error();
  return std::unique_ptr<RedoArchive>{new RedoArchive{std::move(options), log_uuid, std::move(*lock)}};
}

RedoArchive::RedoArchive(RedoArchiveOptions options, std::uint32_t log_uuid, UniqueFd directory_lock)
    : options_(std::move(options)), log_uuid_(log_uuid), directory_lock_(std::move(directory_lock)) {
  buffer_.reserve(kBufferBytes);
}

RedoArchive::~RedoArchive() {
  unlink({segments_.begin(), segments_.end()});
}

// -- appending

Result<> RedoArchive::append(Lsn from, ByteView blocks) {
  const Result<std::size_t> full_bytes = check(from, blocks);
  if (!full_bytes) return full_bytes.error();
  if (const Result<> room = make_room(*full_bytes); !room) return room.error();
  Result<> done = start() == Lsn{} ? begin_segment(from) : Result<>{};
  if (done) done = append_full(blocks.first(*full_bytes));
  if (!done) {
    Error error = done.error().within("the redo archive");
    error.hint = fmt::format("make room in {}, and start the clone again", options_.directory.string());
    return error;
  }
  if (*full_bytes == blocks.size()) return {};
  const std::lock_guard lock{mutex_};
  std::ranges::copy(blocks.subspan(*full_bytes), short_.emplace().begin());
  return {};
}

/// Returns the bytes of the full blocks.
Result<std::size_t> RedoArchive::check(Lsn from, ByteView blocks) const {
  if (const Result<> whole = check_whole_blocks(from, blocks.size()); !whole) return whole.error();
  {
    const std::lock_guard lock{mutex_};
    if (!segments_.empty() && from != segments_.back().end)
      return Error{Errc::conflict,
                   fmt::format("the redo block at LSN {} does not follow the archive, which goes on at {}", from,
                               segments_.back().end)};
  }
  const Result<std::size_t> full_bytes = verify(from, blocks);
  if (full_bytes && *full_bytes + kRedoBlockBytes < blocks.size())
    return Error{Errc::conflict,
                 fmt::format("the redo block at LSN {} is not full, but others follow", from + *full_bytes)};
  return full_bytes;
}

Result<> RedoArchive::make_room(std::uint64_t new_bytes) {
  std::unique_lock lock{mutex_};
  const std::uint64_t room =
      segments_.empty() ? 0 : options_.segment_bytes - (segments_.back().end - segments_.back().start);
  if (new_bytes > room || segments_.empty()) {
    const std::uint64_t rest = new_bytes - room;
    const std::uint64_t segments =
        std::max<std::uint64_t>(1, (rest + options_.segment_bytes - 1) / options_.segment_bytes);
    new_bytes += segments * kRedoSegmentHeaderBytes;
  }
  if (new_bytes > options_.max_bytes)
    return Error{Errc::exhausted,
                 fmt::format("{} of redo at once are more than --redo-archive-size allows, {}", human_size(new_bytes),
                             human_size(options_.max_bytes)),
                 "raise --redo-archive-size"};
  const std::uint64_t kept_bytes = options_.max_bytes - new_bytes;
  std::vector<Segment> removed;
  do remove_before(Lsn{~std::uint64_t{0}}, kept_bytes, removed);
  while (bytes_locked() > kept_bytes && pins_.break_lowest());
  const std::uint64_t wanted = bytes_locked() + new_bytes;
  lock.unlock();
  unlink(removed);
  if (wanted <= options_.max_bytes) return {};
  return Error{Errc::exhausted,
               fmt::format("the redo archive in {} would need {}, more than --redo-archive-size allows, {}",
                           options_.directory.string(), human_size(wanted), human_size(options_.max_bytes)),
               "raise --redo-archive-size"};
}

/// Full blocks that follow. Only this thread adds to the last segment, so that its end stays what it is.
Result<> RedoArchive::append_full(ByteView blocks) {
  while (!blocks.empty()) {
    std::unique_lock lock{mutex_};
    Segment& newest = segments_.back();
    const Lsn next = newest.end;
    const std::uint64_t room = options_.segment_bytes - (newest.end - newest.start);
    const std::size_t taken = std::min<std::uint64_t>({room, kBufferBytes - buffer_.size(), blocks.size()});
    donord::append(buffer_, blocks.first(taken));
    newest.end = newest.end + taken;
    if (taken > 0) short_.reset();
    lock.unlock();
    blocks = blocks.subspan(taken);
    if (taken > 0) continue;
    if (const Result<> written = write_buffer(); !written) return written.error();
    if (room == 0)
      if (const Result<> begun = begin_segment(next); !begun) return begun.error();
  }
  return {};
}

Result<> RedoArchive::begin_segment(Lsn start) {
  const fs::path temporary = options_.directory / temporary_redo_segment_name(start);
  const fs::path path = options_.directory / redo_segment_name(start);
  UniqueFd fd{::open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd) return io_error("create", temporary, errno);
  const RedoSegmentHeaderBytes header = encode_redo_segment_header({.log_uuid = log_uuid_, .start_lsn = start});
  Result<> done = write_exactly(fd, temporary, 0, header);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = io_error("rename to", path, errno);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  newest_ = std::move(fd);
  const std::lock_guard lock{mutex_};
  segments_.push_back({.start = start, .end = start});
  written_ = start;
  return {};
}

Result<> RedoArchive::write_buffer() {
  if (buffer_.empty()) return {};
  std::unique_lock lock{mutex_};
  const Segment newest = segments_.back();
  lock.unlock();
  // Readers may copy from the buffer meanwhile; nobody changes it.
  Result<> written = fault_point("archive.write");
  if (written)
    written = write_exactly(newest_, path_of(newest), kRedoSegmentHeaderBytes + (written_ - newest.start), buffer_);
  if (!written) return written.error();
  lock.lock();
  written_ = written_ + buffer_.size();
  buffer_.clear();
  return {};
}

// -- reading

Result<> RedoArchive::read(Lsn from, MutableBytes into) const {
  if (const Result<> whole = check_whole_blocks(from, into.size()); !whole) return whole.error();
  const Result<std::vector<Part>> parts = copy_from_memory(from, into);
  if (!parts) return parts.error();
  for (const Part& part : *parts)
    if (const Result<> done = read_part(part); !done) return done.error();
  if (const Result<std::size_t> good = verify(from, into); !good) return good.error().within("the redo archive");
  return {};
}

/// What is in memory, and the parts that are not.
Result<std::vector<RedoArchive::Part>> RedoArchive::copy_from_memory(Lsn from, MutableBytes into) const {
  const std::lock_guard lock{mutex_};
  if (segments_.empty() || from < segments_.front().start)
    return Error{Errc::not_found, fmt::format("the redo at LSN {} is not in the archive any more", from)};
  const Lsn full_end = segments_.back().end;
  const Lsn end = full_end + (short_ ? kRedoBlockBytes : 0);
  if (from > end || into.size() > end - from)
    return Error{Errc::truncated,
                 fmt::format("the redo archive ends at LSN {}, before LSN {}", end, from + into.size())};
  std::vector<Part> parts;
  auto segment = std::ranges::partition_point(segments_, [from](const Segment& each) { return each.end <= from; });
  while (!into.empty()) {
    std::size_t taken = 0;
    if (from < written_) {
      taken = std::min<std::uint64_t>(into.size(), std::min(segment->end, written_) - from);
      parts.push_back({.segment = *segment++, .from = from, .into = into.first(taken)});
    } else if (from < full_end) {
      taken = std::min<std::uint64_t>(into.size(), full_end - from);
      std::ranges::copy(ByteView{buffer_}.subspan(from - written_, taken), into.begin());
    } else {
      taken = kRedoBlockBytes;
      std::ranges::copy(*short_, into.begin());
    }
    from = from + taken;
    into = into.subspan(taken);
  }
  return parts;
}

Result<> RedoArchive::read_part(const Part& part) const {
  const fs::path path = path_of(part.segment);
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  Bytes bytes(kRedoSegmentHeaderBytes);
  if (const Result<> done = read_exactly(*fd, path, 0, bytes); !done) return done.error();
  const Result<RedoSegmentHeader> header = decode_redo_segment_header(bytes);
  if (!header) return header.error().within(path.string());
  if (*header != RedoSegmentHeader{.log_uuid = log_uuid_, .start_lsn = part.segment.start})
    return Error{Errc::conflict, fmt::format("{} was replaced by another file", path.string())};
  return read_exactly(*fd, path, kRedoSegmentHeaderBytes + (part.from - part.segment.start), part.into);
}

// -- keeping

Result<RedoPin> RedoArchive::pin(Lsn lsn) {
  const std::lock_guard lock{mutex_};  // nothing is removed meanwhile
  if (!segments_.empty() && lsn.block_start() < segments_.front().start)
    return Error{Errc::not_found, fmt::format("the redo at LSN {} is not in the archive any more, which begins at {}",
                                              lsn, segments_.front().start)};
  return pins_.add(lsn.block_start());
}

void RedoArchive::trim(Lsn lsn) {
  std::unique_lock lock{mutex_};
  std::vector<Segment> removed;
  remove_before(lsn, 0, removed);
  lock.unlock();
  unlink(removed);
}

/// Forgets the oldest segments that lie before `lsn` and all pins, as long as the archive has more bytes than that.
/// Never the last one, which is being written. The caller has the mutex, and removes the files without it.
void RedoArchive::remove_before(Lsn lsn, std::uint64_t more_than_bytes, std::vector<Segment>& removed) {
  const Lsn needed = std::min(lsn, pins_.lowest().value_or(lsn));
  while (segments_.size() > 1 && segments_.front().end <= needed && bytes_locked() > more_than_bytes) {
    removed.push_back(segments_.front());
    segments_.pop_front();
  }
}

void RedoArchive::unlink(const std::vector<Segment>& segments) const {
  for (const Segment& segment : segments) ::unlink(path_of(segment).c_str());
}

fs::path RedoArchive::path_of(const Segment& segment) const {
  return options_.directory / redo_segment_name(segment.start);
}

Lsn RedoArchive::start() const {
  const std::lock_guard lock{mutex_};
  return segments_.empty() ? Lsn{} : segments_.front().start;
}

Lsn RedoArchive::end() const {
  const std::lock_guard lock{mutex_};
  return segments_.empty() ? Lsn{} : segments_.back().end + (short_ ? kRedoBlockBytes : 0);
}

std::uint64_t RedoArchive::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_locked();
}

std::uint64_t RedoArchive::bytes_locked() const {
  if (segments_.empty()) return 0;
  return segments_.back().end - segments_.front().start + segments_.size() * kRedoSegmentHeaderBytes;
}

}  // namespace donord
