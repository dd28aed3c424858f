#include "live/redo_tail.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "innodb/redo_block.hpp"
#include "innodb/redo_log.hpp"

namespace donord {

namespace fs = std::filesystem;
using innodb::kRedoBlockBytes;
using innodb::kRedoHeaderBytes;
using innodb::RedoBlock;
using innodb::RedoBlockState;
using innodb::RedoFlag;

namespace {

/// Read before everything else: when there is nothing new, it is all that is read of the log.
constexpr std::size_t kProbeBytes = 4096;

constexpr std::string_view kRaiseCapacity =
    "the server reuses its redo files faster than they are read: raise innodb_redo_log_capacity, which can be done "
    "while it runs, and start the clone again";

innodb::RedoFile link_of(const OpenRedoFile& file) {
  return {.id = file.id, .size_bytes = file.stamp.size_bytes, .start = *file.start};
}
Lsn start_of(const OpenRedoFile& file) {
  return file.start->header.start_lsn;
}
Lsn end_of(const OpenRedoFile& file) {
  return link_of(file).end_lsn();
}

bool belongs(const RedoBlock& block) {
  return block.state == RedoBlockState::current || block.state == RedoBlockState::encrypted;
}

/// The LSN that a block's own number and epoch stand for; nothing if there is none.
std::optional<Lsn> lsn_in(const innodb::RedoBlockHeader& header) {
  constexpr std::uint64_t kBlocksPerEpoch = std::uint64_t{1} << 30;
  if (header.number == 0 || header.number > kBlocksPerEpoch || header.epoch == 0) return std::nullopt;
  return Lsn{((header.epoch - std::uint64_t{1}) * kBlocksPerEpoch + header.number - 1) * kRedoBlockBytes};
}

}  // namespace

/// Files change while they are looked at, so that a look that fails is repeated before it is believed. All but one: who
/// saw that logging is switched off must not forget it when it is switched on again.
template <class Look>
auto RedoTail::patiently(Look look) -> decltype(look()) {
  for (unsigned left = options_.attempts;; --left) {
    auto result = look();
    if (result || left <= 1 || result.error().code == Errc::redo_disabled) return result;
    std::this_thread::sleep_for(options_.pause);
  }
}

Result<RedoTail> RedoTail::open(fs::path directory, RedoTailOptions options) {
  RedoTail tail{std::move(directory), options};
  const Result<Lsn> checkpoint = tail.newest_checkpoint();
  if (!checkpoint) return checkpoint.error();
  tail.seek(checkpoint->block_start());
  return tail;
}

Result<Lsn> RedoTail::newest_checkpoint() {
  return patiently([this] { return look_for_checkpoint(); });
}

void RedoTail::seek(Lsn block_start) {
  position_ = block_start.block_start();
  provisional_bytes_ = 0;
  file_.reset();
}

Result<RedoPiece> RedoTail::read(MutableBytes buffer) {
  return patiently([this, buffer] { return look_for_blocks(buffer); });
}

/// All in-use files with sound headers, oldest first; at least one.
Result<RedoTail::Files> RedoTail::list() const {
  Result<Files> files = open_redo_files(directory_);
  if (!files) return files.error();
  if (files->empty()) return Error{Errc::not_found, fmt::format("there are no redo files in {}", directory_.string())};
  for (const OpenRedoFile& file : *files) {
    if (!file.start) return file.start.error();
    if (const Result<> sound = innodb::check_redo_file(link_of(file)); !sound)
      return sound.error().within(directory_.string());
    if (const Result<> known = check_header(file.start->header); !known) return known.error();
  }
  return files;
}

Result<> RedoTail::check_header(const innodb::RedoFileHeader& header) const {
  if (uuid_ && header.uuid != *uuid_)
    return Error{Errc::conflict,
                 fmt::format("the redo log in {} is another one now: its uuid is 0x{:08x}, it was 0x{:08x}",
                             directory_.string(), header.uuid, *uuid_),
                 "the server's data was replaced: start the clone again"};
  return {};
}

namespace {

bool lacks_changes(const innodb::RedoFileHeader& header) {
  return header.has(RedoFlag::logging_disabled) || header.has(RedoFlag::crash_unsafe);
}

Result<> check_logging(const innodb::RedoFileHeader& header) {
  if (lacks_changes(header))
    return Error{Errc::redo_disabled, "redo logging is disabled on the server",
                 "run ALTER INSTANCE ENABLE INNODB REDO_LOG there and start the clone again"};
  return {};
}

}  // namespace

/// Whether changes are missing in the log behind an LSN. Older files keep flags that were reset in newer ones since.
Result<> RedoTail::check_logging_from(Lsn from, const Files& files) const {
  for (const OpenRedoFile& file : files)
    if (end_of(file) > from && start_of(file) >= excused_before_)
      if (Result<> logging = check_logging(file.start->header); !logging) return logging;
  return {};
}

/// Before anything was read: if the newest file has no flags, logging is on again, and it was so before the checkpoint
/// that is found from now on, whatever the files before it say.
Result<> RedoTail::excuse_older_files() {
  const Result<Files> files = list();
  if (!files) return files.error();
  if (!lacks_changes(files->back().start->header)) excused_before_ = start_of(files->back());
  return {};
}

Result<Lsn> RedoTail::look_for_checkpoint() {
  if (!checkpoint_)
    if (Result<> excused = excuse_older_files(); !excused) return excused.error();
  const Result<Files> files = list();
  if (!files) return files.error();
  std::optional<Lsn> newest;
  const OpenRedoFile* holder = nullptr;
  for (const OpenRedoFile& file : *files)
    for (const std::optional<Lsn>& slot : file.start->checkpoints)
      if (slot && link_of(file).covers(*slot) && (!newest || *slot > *newest)) {
        newest = slot;
        holder = &file;
      }
  if (!newest)
    return Error{Errc::not_found, fmt::format("no redo file in {} holds a valid checkpoint", directory_.string())};
  if (const Result<> logging = check_logging_from(*newest, *files); !logging) return logging.error();
  uuid_ = holder->start->header.uuid;
  if (!checkpoint_ || *newest >= *checkpoint_) {
    checkpoint_ = newest;
    checkpoint_file_start_ = *holder->start;
  }
  return *checkpoint_;
}

Result<RedoPiece> RedoTail::look_for_blocks(MutableBytes buffer) {
  if (!file_) {
    const Result<bool> found = find_file();
    if (!found) return found.error();
    if (!*found) return RedoPiece{.start = position_};
  }
  Result<RedoPiece> piece = take(buffer);
  if (piece && piece->bytes > 0) return piece;
  // Nothing fits: it is the end of the log, unless the file is not what it was.
  if (const Result<> same = check_file(); !same) piece = same.error();
  // A checkpoint is never ahead of the log.
  if (piece && checkpoint_->block_start() > position_)
    piece = Error{Errc::conflict,
                  fmt::format("there is no redo block of LSN {} in {}, although the server's checkpoint is at LSN {}",
                              position_, file_->path.string(), *checkpoint_),
                  "check the file system"};
  if (!piece) file_.reset();
  return piece;
}

/// Opens the file that has the position. False: the newest one ends there, and its successor is still to come.
Result<bool> RedoTail::find_file() {
  Result<Files> files = list();
  if (!files) return files.error();
  if (const Result<> logging = check_logging_from(position_, *files); !logging) return logging.error();
  const auto file = std::ranges::find_if(*files, [this](const auto& each) { return link_of(each).covers(position_); });
  if (file != files->end()) {
    file_ = std::move(*file);
    return true;
  }
  const OpenRedoFile& oldest = files->front();
  const OpenRedoFile& newest = files->back();
  if (position_ == end_of(newest) && !newest.start->header.has(RedoFlag::file_full)) return false;
  if (position_ < start_of(oldest))
    return overwritten(fmt::format("the oldest file, {}, begins at LSN {}", oldest.path.string(), start_of(oldest)));
  return Error{Errc::malformed,
               fmt::format("no redo file in {} holds LSN {}, although they reach from LSN {} to {}",
                           directory_.string(), position_, start_of(oldest), end_of(newest)),
               "check that nothing but the server touches this directory, and start the clone again"};
}

/// Whether the open descriptor still is the file that has the position.
Result<> RedoTail::check_file() {
  struct stat status = {};
  if (::fstat(file_->fd.get(), &status) != 0) return io_error("stat", file_->path, errno);
  std::array<std::uint8_t, kRedoBlockBytes> block{};
  if (const Result<> read = read_exactly(file_->fd, file_->path, 0, block); !read) return read.error();
  const Result<innodb::RedoFileHeader> header = innodb::decode_redo_file_header(block);
  if (!header) return header.error().within(file_->path.string());
  if (const Result<> known = check_header(*header); !known) return known.error();
  if (const Result<> logging = check_logging(*header); !logging) return logging.error();
  file_->stamp.size_bytes = static_cast<std::uint64_t>(status.st_size);
  if (status.st_nlink == 0 || header->start_lsn != start_of(*file_) || position_ >= end_of(*file_))
    return Error{Errc::conflict, fmt::format("{} was replaced, or cut off at LSN {}", file_->path.string(), position_)};
  return {};
}

Result<RedoPiece> RedoTail::take(MutableBytes buffer) {
  RedoPiece piece{.start = position_};
  Lsn next = position_;
  std::uint16_t short_bytes = 0;
  bool more = true;
  for (std::size_t wanted = kProbeBytes; more; wanted = buffer.size()) {
    const MutableBytes rest = buffer.subspan(piece.bytes);
    const Result<std::size_t> got = read_file(next, rest.first(std::min(wanted, rest.size())));
    if (!got) return got.error();
    more = *got > 0;
    for (std::size_t at = 0; more && at < *got; at += kRedoBlockBytes) {
      const RedoBlock block = innodb::look_at_redo_block(rest.subspan(at, kRedoBlockBytes), next);
      more = belongs(block) && block.header.full();
      if (more) {
        piece.bytes += kRedoBlockBytes;
        next = next + kRedoBlockBytes;
      } else if (belongs(block)) {
        short_bytes = block.header.data_bytes;
      } else if (piece.bytes == 0) {
        if (const Result<> harmless = explain(rest.first(*got)); !harmless) return harmless.error();
      }
    }
  }
  if (short_bytes != 0 && next == position_ && short_bytes < provisional_bytes_)
    return Error{Errc::conflict,
                 fmt::format("the redo block at LSN {} had {} bytes and has {} now: the log was rewritten", position_,
                             provisional_bytes_, short_bytes),
                 "the server was started again: start the clone again"};
  const bool grown = short_bytes != 0 && (next != position_ || short_bytes > provisional_bytes_);
  if (grown) {
    piece.bytes += kRedoBlockBytes;
    piece.provisional = true;
  }
  if (grown || next != position_) provisional_bytes_ = short_bytes;
  position_ = next;
  if (position_ >= end_of(*file_)) file_.reset();
  return piece;
}

/// Whole blocks of the open file; less than asked for where it ends.
Result<std::size_t> RedoTail::read_file(Lsn from, MutableBytes into) const {
  const std::uint64_t left = end_of(*file_) - from;
  into = into.first(std::min<std::uint64_t>(into.size(), left) / kRedoBlockBytes * kRedoBlockBytes);
  if (into.empty()) return std::size_t{0};
  const auto offset = static_cast<off_t>(kRedoHeaderBytes + (from - start_of(*file_)));
  ssize_t got = 0;
  do got = ::pread(file_->fd.get(), into.data(), into.size(), offset);
  while (got < 0 && errno == EINTR);
  if (got < 0) return io_error("read", file_->path, errno);
  return static_cast<std::size_t>(got) / kRedoBlockBytes * kRedoBlockBytes;
}

/// What it means that the first of these blocks, at the position, is not the one that belongs there. Mostly nothing: it
/// is not written yet, or only in part.
Result<> RedoTail::explain(ByteView blocks) const {
  const RedoBlock found = innodb::look_at_redo_block(blocks, position_);
  const std::optional<Lsn> lsn = lsn_in(found.header);
  if (lsn && *lsn > position_ && belongs(innodb::look_at_redo_block(blocks, *lsn)))
    return overwritten(fmt::format("{} has the block of LSN {} in its place", file_->path.string(), *lsn));
  for (std::size_t at = kRedoBlockBytes; at < blocks.size(); at += kRedoBlockBytes)
    if (belongs(innodb::look_at_redo_block(blocks.subspan(at), position_ + at)))
      return Error{Errc::checksum,
                   fmt::format("{}: the redo block at LSN {} is damaged, but the one at LSN {} is not",
                               file_->path.string(), position_, position_ + at),
                   "check the file system"};
  return {};
}

Error RedoTail::overwritten(std::string_view found) const {
  return Error{Errc::conflict,
               fmt::format("the redo at LSN {} was overwritten before it was read: {}", position_, found),
               std::string{kRaiseCapacity}};
}

}  // namespace donord
