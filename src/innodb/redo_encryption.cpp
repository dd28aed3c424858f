#include "innodb/redo_encryption.hpp"

#include "base/endian.hpp"

namespace donord::innodb {

namespace {

constexpr std::size_t kMarkOffset = 4;  // the upper bit of the data length
constexpr std::uint8_t kMark = 0x80;

}  // namespace

bool is_encrypted_redo_block(std::span<const std::uint8_t, kRedoBlockBytes> block) {
  return (block[kMarkOffset] & kMark) != 0;
}

void decrypt_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, const TablespaceCipher& cipher) {
  if (!is_encrypted_redo_block(block)) return;
  const MutableBytes body = MutableBytes{block}.subspan(kRedoBlockHeaderBytes);
  cipher.decrypt(body, body);
  block[kMarkOffset] = static_cast<std::uint8_t>(block[kMarkOffset] & ~kMark);
}

void encrypt_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, const TablespaceCipher& cipher) {
  const MutableBytes body = MutableBytes{block}.subspan(kRedoBlockHeaderBytes);
  cipher.encrypt(body, body);
  block[kMarkOffset] = static_cast<std::uint8_t>(block[kMarkOffset] | kMark);
}

}  // namespace donord::innodb
