#pragma once

// Pieces of the redo log of a real server (fixtures/redo), and feeding them to a parser.

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/endian.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/redo_parser.hpp"
#include "support/hex_file.hpp"

namespace donord::testing {

/// Whole blocks that follow each other.
struct RedoStream {
  Lsn first_block;
  Bytes bytes;

  [[nodiscard]] std::size_t blocks() const { return bytes.size() / innodb::kRedoBlockBytes; }
  [[nodiscard]] Lsn lsn_of(std::size_t block) const { return first_block + block * innodb::kRedoBlockBytes; }
  [[nodiscard]] ByteView block(std::size_t number) const {
    return ByteView{bytes}.subspan(number * innodb::kRedoBlockBytes, innodb::kRedoBlockBytes);
  }
};

/// A file of `fixtures/redo`. Where it is in the log follows from the number of its first block.
inline RedoStream redo_fixture(const std::string& name) {
  RedoStream stream{.first_block = {}, .bytes = load_fixture("redo/" + name).bytes};
  stream.first_block = Lsn{(std::uint64_t{load_u32be(stream.bytes, 0)} - 1) * innodb::kRedoBlockBytes};
  return stream;
}

inline std::vector<std::string> redo_fixtures() {
  return {"ddl.bin",  "index.bin",   "instant.hex", "redundant.bin",
          "rows.bin", "spatial.bin", "zip.bin",     "zip_without_images.bin"};
}

/// Everything from a block on.
inline Result<> feed(innodb::RedoParser& parser, const RedoStream& stream, innodb::RedoSink& sink,
                     std::size_t from_block = 0) {
  for (std::size_t i = from_block; i < stream.blocks(); ++i)
    if (const Result<> fed = parser.feed(stream.lsn_of(i), stream.block(i), sink); !fed) return fed;
  return {};
}

}  // namespace donord::testing
