#pragma once

// Encrypted redo blocks: all but the header of 12 bytes, the checksum included. Encrypted and plain blocks follow each
// other freely, since innodb_redo_log_encrypt can be switched at any time; the key stays.

#include <span>

#include "base/bytes.hpp"
#include "innodb/redo_block.hpp"
#include "innodb/tablespace_cipher.hpp"

namespace donord::innodb {

/// Whether the block says that it is encrypted.
[[nodiscard]] bool is_encrypted_redo_block(std::span<const std::uint8_t, kRedoBlockBytes> block);

/// Decrypts in place and clears the mark; a block without the mark is left alone. Whether the result is a block, its
/// checksum says: `look_at_redo_block()`.
void decrypt_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, const TablespaceCipher& cipher);

/// Encrypts in place and sets the mark. The checksum has to be right before.
void encrypt_redo_block(std::span<std::uint8_t, kRedoBlockBytes> block, const TablespaceCipher& cipher);

}  // namespace donord::innodb
