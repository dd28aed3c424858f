#include "innodb/encryption_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/redo_file_header.hpp"
#include "support/damage.hpp"
#include "support/encryption_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord::innodb {
namespace {

using testing::encryption_fixture;
using testing::fixture_master_key;
using ::testing::HasSubstr;
using testing::kServerUuid;
using testing::make_tablespace_key;
using testing::random_secret;
using testing::to_hex;
using testing::wrap;

constexpr PageFormat k16K{};
constexpr PageFormat k4K{4096, 4096, false};

Bytes info_bytes(const EncryptionInfo& info) {
  Bytes bytes = encode(info);
  bytes.resize(EncryptionInfo::kMaxBytes);
  return bytes;
}

Error error_of(ByteView bytes) {
  const Result<EncryptionInfo> info = decode_encryption_info(bytes);
  return info ? Error{Errc::io, "no error"} : info.error();
}

struct Golden {
  const char* page0;
  PageFormat format = k16K;
  const char* keyring = "16k_keyring.txt";
  std::uint32_t master_key_id = 2;
};

constexpr Golden kGoldens[] = {
    {"16k_rtree_page0.bin"},
    {"16k_zlib_page0.bin"},
    {"16k_lz4_page0.bin"},
    {"16k_undo_page0.bin"},
    {"16k_zip8_page0.hex", {16384, 8192, true}},
    {"16k_zip1_page0.hex", {16384, 1024, true}},
    {"4k_table_page0.hex", k4K, "4k_keyring.txt", 1},
};

TEST(EncryptionInfo, OfARealServerIsReadAndItsKeyUnwrapped) {
  for (const Golden& golden : kGoldens) {
    const Bytes page0 = encryption_fixture(golden.page0);
    const Result<EncryptionInfo> info = encryption_info_of(page0, golden.format);
    ASSERT_TRUE(info) << golden.page0 << ": " << info.error().what;
    EXPECT_EQ(info->magic, "lCC");
    EXPECT_EQ(info->master_key_id, golden.master_key_id) << golden.page0;
    EXPECT_FALSE(info->uses_bootstrap_key());
    const auto key = unwrap(*info, fixture_master_key(golden.keyring, info->master_key_name()));
    EXPECT_TRUE(key) << golden.page0;
    const ByteView stored = ByteView{page0}.subspan(golden.format.encryption_info_offset(), kEncryptionInfoBytes);
    EXPECT_EQ(to_hex(encode(*info)), to_hex(stored)) << golden.page0;
  }
}

TEST(EncryptionInfo, OfARealRedoLogIsReadAndItsKeyUnwrapped) {
  const Bytes header = encryption_fixture("16k_redo_header.hex");
  const Result<EncryptionInfo> info = decode_encryption_info(ByteView{header}.subspan(kRedoEncryptionInfoOffset));
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_TRUE(unwrap(*info, fixture_master_key("16k_keyring.txt", info->master_key_name())));
}

TEST(EncryptionInfo, AnotherMasterKeyOrDamageIsFoundByTheChecksum) {
  const LockedBytes master_key = random_secret(kMasterKeyBytes, 1);
  const EncryptionInfo info = wrap(make_tablespace_key(), master_key);
  EXPECT_TRUE(unwrap(info, master_key));
  const auto other = unwrap(info, random_secret(kMasterKeyBytes, 2));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::checksum);
  EXPECT_THAT(other.error().what, HasSubstr(fmt::format("INNODBKey-{}-1", kServerUuid)));
  EXPECT_EQ(unwrap(info, random_secret(31, 1)).error().code, Errc::malformed);
  EXPECT_EQ(unwrap(info, LockedBytes{}).error().code, Errc::malformed);
  for (std::size_t at = EncryptionInfo::kKeyOffset; at < kEncryptionInfoBytes; ++at) {
    Bytes damaged = info_bytes(info);
    damaged[at] ^= 1;
    EXPECT_FALSE(unwrap(decode_encryption_info(damaged).value(), master_key)) << at;
  }
}

TEST(EncryptionInfo, GivesTheKeyThatWasWrapped) {
  const TablespaceKey key = make_tablespace_key(7);
  const LockedBytes master_key = random_secret(kMasterKeyBytes, 1);
  const TablespaceKey unwrapped = unwrap(wrap(key, master_key), master_key).value();
  EXPECT_EQ(to_hex(unwrapped.key_and_iv()), to_hex(key.key_and_iv()));
  EXPECT_EQ(to_hex(unwrapped.key()) + to_hex(unwrapped.iv()), to_hex(key.copy().key_and_iv()));
}

TEST(EncryptionInfo, OfServersBeforeTheirUuidIsWrappedWithAKeyThatIsNoSecret) {
  EncryptionInfo info = wrap(make_tablespace_key(), bootstrap_master_key(), 0);
  info.server_uuid = std::string(EncryptionInfo::kUuidBytes, '\0');
  const Result<EncryptionInfo> decoded = decode_encryption_info(info_bytes(info));
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_TRUE(decoded->uses_bootstrap_key());
  EXPECT_TRUE(unwrap(*decoded, bootstrap_master_key()));
  EXPECT_EQ(decoded->master_key_name(), "INNODBKey--0");
}

TEST(EncryptionInfo, OfMysql57IsReadWithAndWithoutPadding) {
  const LockedBytes master_key = random_secret(kMasterKeyBytes, 1);
  EncryptionInfo info = wrap(make_tablespace_key(), master_key, 3, "lCB");
  for (const bool padded : {true, false}) {
    info.padded = padded;
    const Result<EncryptionInfo> decoded = decode_encryption_info(info_bytes(info));
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(*decoded, info);
    EXPECT_TRUE(unwrap(*decoded, master_key));
  }
  info.padded = true;
  EXPECT_EQ(error_of(ByteView{encode(info)}.first(kEncryptionInfoBytes)).code, Errc::truncated);
}

TEST(EncryptionInfo, WhatIsNoneIsRefusedByItsName) {
  const EncryptionInfo info = wrap(make_tablespace_key(), random_secret(kMasterKeyBytes, 1));
  EXPECT_EQ(error_of(Bytes(EncryptionInfo::kMaxBytes)).code, Errc::not_found);
  Bytes old = info_bytes(info);
  old[2] = 'A';
  EXPECT_EQ(error_of(old).code, Errc::unsupported_version);
  EXPECT_THAT(error_of(old).what, HasSubstr("5.7.11"));
  Bytes other = info_bytes(info);
  other[0] = 0xEE;
  EXPECT_EQ(error_of(other).code, Errc::malformed);
  EXPECT_THAT(error_of(other).what, HasSubstr("0xee4343"));
  Bytes uuid = info_bytes(info);
  uuid[10] = '\n';
  EXPECT_EQ(error_of(uuid).code, Errc::malformed);
  EXPECT_EQ(encryption_info_of(Bytes(16383), k16K).error().code, Errc::truncated);
  EXPECT_EQ(encryption_info_of(testing::innodb_fixture("table_page0.bin"), k16K).error().code, Errc::not_found);
}

TEST(EncryptionInfo, SurvivesDamage) {
  testing::survives_damage<EncryptionInfo>(encode(wrap(make_tablespace_key(), random_secret(kMasterKeyBytes, 1))));
  testing::SeededRandom random{4711};
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = random.bytes(150);
    if (bytes.size() >= 3) std::ranges::copy(std::string_view{random.one_in(2) ? "lCB" : "lCC"}, bytes.begin());
    (void)decode_encryption_info(bytes);
  }
}

TEST(EncryptionInfo, InTheFormOfACloneHasTheKeyInTheClear) {
  const TablespaceKey key = make_tablespace_key();
  Bytes bytes(kEncryptionInfoBytes);
  write_plain_info(key, kServerUuid, bytes);
  const EncryptionInfo info = decode_encryption_info(bytes).value();
  EXPECT_EQ(info.master_key_id, 0U);
  EXPECT_EQ(info.server_uuid, kServerUuid);
  EXPECT_EQ(to_hex(info.wrapped_key), to_hex(key.key_and_iv()));
  EXPECT_EQ(info.key_checksum, crc32c(key.key_and_iv()));
  write_plain_info(key, "", bytes);
  EXPECT_EQ(decode_encryption_info(bytes)->server_uuid, std::string(EncryptionInfo::kUuidBytes, '\0'));
}

}  // namespace
}  // namespace donord::innodb
