#pragma once

// Deflate in zlib's format, a whole buffer at a time. Compression is ISA-L, level 1: on InnoDB pages some twenty times
// as fast as zlib's level 6, for an output a sixth larger. Decompression is libdeflate. tests/bench/deflate_bench.cpp
// measures both against the alternatives.

#include <cstddef>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct libdeflate_decompressor;

namespace donord {

/// Compresses. One object serves one thread at a time and keeps its tables between calls.
class Deflater {
 public:
  Deflater();

  /// Appends the zlib stream of `data` to `out`. False, and `out` as it was: it would not be smaller than `data`.
  [[nodiscard]] bool append(Bytes& out, ByteView data);

 private:
  Bytes level_buffer_;
};

/// Decompresses. One object serves one thread at a time.
class Inflater {
 public:
  Inflater();

  /// The content of exactly one zlib stream that fills `stream` and yields `size` bytes, its checksum verified. No more
  /// than `size` bytes are ever written, and none is allocated when `stream` is too short to yield so many. Errors:
  /// `malformed`.
  [[nodiscard]] Result<Bytes> inflate(ByteView stream, std::size_t size);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const;
  };

  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
};

}  // namespace donord
