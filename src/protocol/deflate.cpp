#include "protocol/deflate.hpp"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <limits>
#include <new>

namespace donord {

namespace {

// The densest deflate code is two bits for 258 bytes.
constexpr std::size_t kMaxDeflateRatio = 1032;

}  // namespace

Deflater::Deflater() : level_buffer_(ISAL_DEF_LVL1_DEFAULT) {}

bool Deflater::append(Bytes& out, ByteView data) {
  if (data.empty() || data.size() > std::numeric_limits<std::uint32_t>::max()) return false;
  const std::size_t before = out.size();
  out.resize(before + data.size() - 1);

  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_ZLIB;
  stream.end_of_stream = 1;
  stream.level = 1;
  stream.level_buf = level_buffer_.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  stream.next_in = const_cast<std::uint8_t*>(data.data());  // read only; the library's C interface lacks the const
  stream.avail_in = static_cast<std::uint32_t>(data.size());
  stream.next_out = out.data() + before;
  stream.avail_out = static_cast<std::uint32_t>(data.size() - 1);
  const bool fits = isal_deflate_stateless(&stream) == COMP_OK && stream.avail_in == 0;
  out.resize(before + (fits ? stream.total_out : 0));
  return fits;
}

Inflater::Inflater() : decompressor_(libdeflate_alloc_decompressor()) {
  if (!decompressor_) throw std::bad_alloc{};
}

void Inflater::Free::operator()(libdeflate_decompressor* decompressor) const {
  libdeflate_free_decompressor(decompressor);
}

Result<Bytes> Inflater::inflate(ByteView stream, std::size_t size) {
  if (size / kMaxDeflateRatio > stream.size())
    return Error{Errc::malformed, fmt::format("a zlib stream of {} bytes announces {}", stream.size(), size)};
  Bytes content(size);
  std::size_t used = 0;
  const libdeflate_result result = libdeflate_zlib_decompress_ex(decompressor_.get(), stream.data(), stream.size(),
                                                                 content.data(), content.size(), &used, nullptr);
  if (result != LIBDEFLATE_SUCCESS)
    return Error{Errc::malformed,
                 fmt::format("a zlib stream of {} bytes does not yield the {} bytes announced", stream.size(), size)};
  if (used != stream.size())
    return Error{Errc::malformed, fmt::format("{} bytes left over behind a zlib stream", stream.size() - used)};
  return content;
}

}  // namespace donord
