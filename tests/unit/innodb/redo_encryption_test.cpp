#include "innodb/redo_encryption.hpp"

#include <gtest/gtest.h>

#include "support/encryption_builder.hpp"

namespace donord::innodb {
namespace {

using testing::encryption_fixture;
using testing::make_cipher;
using testing::to_hex;

using Block = std::span<std::uint8_t, kRedoBlockBytes>;

TablespaceCipher log_cipher() {
  const Bytes header = encryption_fixture("16k_redo_header.hex");
  const EncryptionInfo info = decode_encryption_info(ByteView{header}.subspan(kRedoEncryptionInfoOffset)).value();
  return TablespaceCipher{unwrap(info, testing::fixture_master_key("16k_keyring.txt", info.master_key_name())).value()};
}

struct Golden {
  const char* fixture;
  Lsn lsn;
  std::size_t encrypted = 0;  ///< blocks of it
};

const Golden kGoldens[] = {{"16k_redo_mixed.hex", Lsn{25236992}, 4}, {"16k_redo_end.hex", Lsn{25338368}, 1}};

TEST(RedoEncryption, BlocksOfARealServerAreBlocksInside) {
  const TablespaceCipher cipher = log_cipher();
  for (const Golden& golden : kGoldens) {
    Bytes bytes = encryption_fixture(golden.fixture);
    std::size_t encrypted = 0;
    for (std::size_t at = 0; at < bytes.size(); at += kRedoBlockBytes) {
      const Block block{bytes.data() + at, kRedoBlockBytes};
      const Bytes stored(block.begin(), block.end());
      const Lsn lsn = golden.lsn + at;
      const bool marked = is_encrypted_redo_block(block);
      EXPECT_EQ(look_at_redo_block(block, lsn).state, marked ? RedoBlockState::encrypted : RedoBlockState::current);
      encrypted += marked ? 1 : 0;
      decrypt_redo_block(block, cipher);
      EXPECT_EQ(look_at_redo_block(block, lsn).state, RedoBlockState::current) << golden.fixture << " at " << at;
      if (marked) encrypt_redo_block(block, cipher);
      EXPECT_EQ(to_hex(block), to_hex(stored));
    }
    EXPECT_EQ(encrypted, golden.encrypted) << golden.fixture;
  }
}

TEST(RedoEncryption, AnotherKeyOrDamageMakesADamagedBlock) {
  const TablespaceCipher cipher = make_cipher();
  constexpr Lsn kLsn{8192};
  RedoBlockBytes block = make_redo_block(kLsn, Bytes(300, 0x42), kRedoBlockHeaderBytes);
  encrypt_redo_block(block, cipher);
  EXPECT_EQ(look_at_redo_block(block, kLsn).state, RedoBlockState::encrypted);

  RedoBlockBytes other = block;
  decrypt_redo_block(other, make_cipher(2));
  EXPECT_EQ(look_at_redo_block(other, kLsn).state, RedoBlockState::damaged);
  for (std::size_t at = kRedoBlockHeaderBytes; at < kRedoBlockBytes; ++at) {
    RedoBlockBytes damaged = block;
    damaged[at] ^= 1;
    decrypt_redo_block(damaged, cipher);
    EXPECT_EQ(look_at_redo_block(damaged, kLsn).state, RedoBlockState::damaged) << at;
  }
  decrypt_redo_block(block, cipher);
  EXPECT_EQ(look_at_redo_block(block, kLsn).state, RedoBlockState::current);
}

}  // namespace
}  // namespace donord::innodb
