#include "live/tracker_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "fault/fault_injector.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMagic = "DONORDPT";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kUuidOffset = 12;
constexpr std::size_t kPageSizeOffset = 16;
constexpr std::size_t kStartOffset = 20;
constexpr std::size_t kChecksumOffset = 28;

constexpr std::size_t kFrameHeadBytes = 8;
constexpr std::size_t kFrameChecksumOffset = 4;
constexpr unsigned kMode = 0600;

void append_frame(Bytes& to, const TrackedFrame& frame) {
  const Bytes body = encode(frame);
  const std::size_t at = to.size();
  to.resize(at + kFrameHeadBytes);
  store_u32be(to, at, static_cast<std::uint32_t>(body.size()));
  store_u32be(to, at + kFrameChecksumOffset, crc32c(body));
  append(to, body);
}

/// What of the frame is behind `lsn`, and possibly more pages.
TrackedFrame part_behind(const TrackedFrame& frame, Lsn lsn) {
  TrackedFrame part = frame;
  if (part.from >= lsn) return part;
  part.from = lsn;
  std::erase_if(part.events, [&](const LogEvent& event) { return event.lsn < lsn; });
  return part;
}

Result<std::uint64_t> size_of(const UniqueFd& fd, const fs::path& path) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return io_error("stat", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

/// Walks the frames of a file.
class FrameReader {
 public:
  FrameReader(const UniqueFd& fd, const fs::path& path, std::uint64_t size)
      : fd_(fd), path_(path), size_(size), at_(TrackerFileHeader::kBytes) {}

  [[nodiscard]] bool at_end() const { return at_ >= size_; }

  /// The next frame, which must begin at `from`.
  Result<TrackedFrame> next(Lsn from) {
    const Result<Bytes> body = read_body();
    if (!body) return body.error();
    Result<TrackedFrame> frame = decode<TrackedFrame>(*body);
    if (!frame) return problem(frame.error().code, frame.error().what);
    if (frame->from != from)
      return problem(Errc::malformed, fmt::format("it begins at LSN {} instead of {}", frame->from, from));
    at_ += kFrameHeadBytes + body->size();
    return frame;
  }

 private:
  Result<Bytes> read_body() const {
    Bytes head(kFrameHeadBytes);
    if (size_ - at_ < head.size()) return problem(Errc::truncated, "the file ends inside of it");
    if (const Result<> read = read_exactly(fd_, path_, at_, head); !read) return read.error();
    const std::uint32_t length = load_u32be(head, 0);
    if (length > size_ - at_ - head.size()) return problem(Errc::truncated, "the file ends inside of it");
    Bytes body(length);
    if (const Result<> read = read_exactly(fd_, path_, at_ + head.size(), body); !read) return read.error();
    if (crc32c(body) != load_u32be(head, kFrameChecksumOffset)) return problem(Errc::checksum, "wrong checksum");
    return body;
  }

  [[nodiscard]] Error problem(Errc code, std::string_view what) const {
    return {code, fmt::format("{}, frame at {}: {}", path_.string(), at_, what)};
  }

  const UniqueFd& fd_;
  const fs::path& path_;
  std::uint64_t size_;
  std::uint64_t at_;
};

}  // namespace

Bytes TrackerFileHeader::encode() const {
  Bytes bytes(kBytes);
  std::ranges::copy(as_bytes(kMagic), bytes.begin());
  store_u32be(bytes, kVersionOffset, kVersion);
  store_u32be(bytes, kUuidOffset, log.uuid);
  store_u32be(bytes, kPageSizeOffset, log.page_size_bytes);
  store_u64be(bytes, kStartOffset, start.value());
  store_u32be(bytes, kChecksumOffset, crc32c(ByteView{bytes}.first(kChecksumOffset)));
  return bytes;
}

Result<TrackerFileHeader> TrackerFileHeader::decode(ByteView bytes) {
  if (bytes.size() < kBytes)
    return Error{Errc::truncated, fmt::format("the header has {} bytes, have {}", kBytes, bytes.size())};
  if (as_text(bytes.first(kMagic.size())) != kMagic)
    return Error{Errc::malformed, "this is no file of a page tracker of donord"};
  const std::uint32_t checksum = crc32c(bytes.first(kChecksumOffset));
  if (load_u32be(bytes, kChecksumOffset) != checksum)
    return Error{Errc::checksum, fmt::format("the header has checksum 0x{:08x}, expected crc32c 0x{:08x}",
                                             load_u32be(bytes, kChecksumOffset), checksum)};
  if (const std::uint32_t version = load_u32be(bytes, kVersionOffset); version != kVersion)
    return Error{Errc::unsupported_version, fmt::format("version {}, expected {}", version, kVersion)};
  return TrackerFileHeader{{load_u32be(bytes, kUuidOffset), load_u32be(bytes, kPageSizeOffset)},
                           Lsn{load_u64be(bytes, kStartOffset)}};
}

Result<TrackerFile> TrackerFile::create(fs::path path, TrackedLog log, Lsn start, std::uint64_t growth_bytes) {
  TrackerFile file{std::move(path), log, growth_bytes};
  if (Result<> written = file.write_anew(FrameHistory{start}); !written) return written.error();
  return file;
}

Result<OpenedTrackerFile> TrackerFile::open(const fs::path& path, TrackedLog log, FrameLimits limits,
                                            std::uint64_t growth_bytes) {
  const Result<UniqueFd> fd = open_for_reading(path);
  if (!fd) return fd.error();
  const Result<std::uint64_t> size = size_of(*fd, path);
  if (!size) return size.error();
  Bytes bytes(std::min<std::uint64_t>(*size, TrackerFileHeader::kBytes));
  if (const Result<> read = read_exactly(*fd, path, 0, bytes); !read) return read.error();
  const Result<TrackerFileHeader> header = TrackerFileHeader::decode(bytes);
  if (!header) return header.error().within(path.string());
  if (header->log != log)
    return Error{Errc::conflict,
                 fmt::format("{} tracks the log with uuid {} and pages of {} bytes, not {} and {}", path.string(),
                             header->log.uuid, header->log.page_size_bytes, log.uuid, log.page_size_bytes)};

  OpenedTrackerFile opened{TrackerFile{path, log, growth_bytes}, FrameHistory{header->start, limits}};
  FrameReader reader{*fd, path, *size};
  while (!reader.at_end() && !opened.damage) {
    Result<TrackedFrame> frame = reader.next(opened.history.to());
    if (frame)
      opened.history.add(std::move(*frame));
    else if (frame.error().code == Errc::io)
      return frame.error();
    else
      opened.damage = frame.error();
  }
  opened.file.saved_until_ = opened.history.to();
  return opened;
}

Result<> TrackerFile::save(const PageTracker& tracker) {
  const FrameHistory history = tracker.history();
  const bool continues = history.from() <= saved_until_ && saved_until_ <= history.to();
  Result<> saved = fd_ && continues ? append(history) : write_anew(history);
  if (!saved) fd_ = {};
  return saved;
}

Result<> TrackerFile::append(const FrameHistory& history) {
  Bytes bytes;
  for (const SharedFrame& frame : history.overlapping(saved_until_, history.to()))
    append_frame(bytes, part_behind(*frame, saved_until_));
  if (bytes.empty()) return {};
  if (end_ + bytes.size() > 2 * written_anew_ + growth_bytes_) return write_anew(history);

  if (Result<> written = write_exactly(fd_, path_, end_, bytes); !written) return written;
  if (Result<> ok = fault_point("tracker.append"); !ok) return ok;
  if (::fdatasync(fd_.get()) != 0) return io_error("sync", path_, errno);
  end_ += bytes.size();
  saved_until_ = history.to();
  return {};
}

Result<> TrackerFile::write_anew(const FrameHistory& history) {
  Bytes bytes = TrackerFileHeader{log_, history.from()}.encode();
  for (const SharedFrame& frame : history.frames()) append_frame(bytes, *frame);
  if (Result<> written = write_file_atomically(path_, bytes, kMode); !written) return written;
  end_ = bytes.size();
  written_anew_ = end_;
  saved_until_ = history.to();
  fd_ = UniqueFd{::open(path_.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd_) return io_error("open", path_, errno);
  return {};
}

}  // namespace donord
