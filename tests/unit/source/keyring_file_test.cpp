#include "source/keyring_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/datadir_builder.hpp"
#include "support/encryption_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::kServerUuid;
using testing::to_hex;
using testing::write_file;

constexpr std::string_view kHexKey = "4E35D768F8FB10A73BC835773DAA0A10C36D92ED489A60E8CCE19B8F1C893BD1";

std::string element(std::string_view id, std::string_view data, std::string_view user = "") {
  return fmt::format(R"({{"user":"{}","data_id":"{}","data_type":"AES","data":"{}","extension":[]}})", user, id, data);
}

std::string name_of_key(std::uint32_t id) {
  return fmt::format("INNODBKey-{}-{}", kServerUuid, id);
}

std::string file_of(std::string_view elements) {
  return fmt::format(R"({{"version":"1.0","elements":[{}]}})", elements);
}

class KeyringFileTest : public ::testing::Test {
 protected:
  void write(std::string_view content) { write_file(path_, as_bytes(content)); }
  Result<KeyringFile> read(std::string_view content) {
    write(content);
    return KeyringFile::read(path_);
  }
  Error error_of(std::string_view content) {
    const Result<KeyringFile> keyring = read(content);
    return keyring ? Error{Errc::io, "no error"} : keyring.error();
  }

  testing::ScratchDirectory scratch_;
  fs::path datadir_ = scratch_.path() / "data";
  fs::path path_ = scratch_.path() / "keyring";
};

TEST_F(KeyringFileTest, OfARealServerHasTheKeysOfItsTablespaces) {
  const Result<KeyringFile> keyring = KeyringFile::read(testing::fixture_path("encryption/16k_keyring.txt"));
  ASSERT_TRUE(keyring) << keyring.error().what;
  EXPECT_EQ(keyring->size(), 2U);
  const Bytes page0 = testing::encryption_fixture("16k_rtree_page0.bin");
  const innodb::EncryptionInfo info = innodb::encryption_info_of(page0, {}).value();
  EXPECT_TRUE(unwrap_with(&*keyring, info));
  EXPECT_TRUE(keyring->master_key(info.server_uuid, 1));
  innodb::EncryptionInfo older = info;
  older.master_key_id = 1;
  EXPECT_EQ(unwrap_with(&*keyring, older).error().code, Errc::checksum);
}

TEST_F(KeyringFileTest, HasTheKeysOfInnodbAndNoOthers) {
  const Result<KeyringFile> keyring = read(
      file_of(element(name_of_key(1), kHexKey) + "," + element("MySQLReplicationKey_x_1", "12") + "," +
              element(name_of_key(2), "not ours", "somebody") + "," + element(name_of_key(7), std::string(64, 'a'))));
  ASSERT_TRUE(keyring) << keyring.error().what;
  EXPECT_EQ(keyring->path(), path_);
  EXPECT_EQ(keyring->size(), 2U);
  const auto key = keyring->master_key(kServerUuid, 1);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex((*key)->reveal()).substr(0, 8), "4e35d768");
  EXPECT_EQ((*key)->size(), innodb::kMasterKeyBytes);
  EXPECT_EQ(keyring->master_key(kServerUuid, 2).error().code, Errc::not_found);
  const Error other = keyring->master_key("another-uuid", 1).error();
  EXPECT_THAT(other.what, HasSubstr("INNODBKey-another-uuid-1"));
  EXPECT_FALSE(other.hint.empty());
}

TEST_F(KeyringFileTest, WithoutContentIsOneOfAServerWithoutKeys) {
  EXPECT_EQ(read("")->size(), 0U);
  EXPECT_EQ(read(file_of(""))->size(), 0U);
}

TEST_F(KeyringFileTest, RefusesWhatIsNoKeyringAndSaysWhy) {
  EXPECT_EQ(KeyringFile::read(path_).error().code, Errc::not_found);
  fs::create_directory(path_);
  EXPECT_EQ(KeyringFile::read(path_).error().code, Errc::malformed);
  fs::remove(path_);

  EXPECT_THAT(error_of("not JSON").what, HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("[]").what, HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("{}").what, HasSubstr("no version"));
  EXPECT_THAT(error_of(R"({"version":1})").what, HasSubstr("no version"));
  EXPECT_EQ(error_of(R"({"version":"2.0","elements":[]})").code, Errc::unsupported_version);
  EXPECT_THAT(error_of(R"({"version":"1.0"})").what, HasSubstr("no elements"));
  EXPECT_THAT(error_of(R"({"version":"1.0","elements":{}})").what, HasSubstr("no elements"));
  for (const char* bad :
       {"1", "null", "[]", "{}", R"({"user":"","data_id":"x"})", R"({"user":"","data_id":1,"data":""})"})
    EXPECT_THAT(error_of(file_of(bad)).what, HasSubstr("an element has no")) << bad;
  EXPECT_THAT(error_of(file_of(element(name_of_key(1), kHexKey) + "," + element(name_of_key(1), kHexKey))).what,
              HasSubstr("twice"));
  const Error plugin = error_of("Keyring file version:2.0 and so on");
  EXPECT_EQ(plugin.code, Errc::unsupported_version);
  EXPECT_THAT(plugin.hint, HasSubstr("--keyring-migration-to-component"));
  EXPECT_EQ(error_of(std::string(5 << 20, ' ')).code, Errc::unavailable);
}

TEST_F(KeyringFileTest, AKeyThatIsNot64HexDigitsIsRefusedWithoutShowingIt) {
  const std::string secret{kHexKey};
  for (const std::string& data : {secret.substr(1), secret + "0", secret + "00", std::string{}, "0x" + secret.substr(2),
                                  "-" + secret.substr(1), secret.substr(0, 30) + "zz" + secret.substr(32)}) {
    const Error error = error_of(file_of(element(name_of_key(1), data)));
    EXPECT_EQ(error.code, Errc::malformed) << data;
    EXPECT_THAT(error.what, HasSubstr(name_of_key(1)));
    EXPECT_EQ(error.what.find("FB10A7"), std::string::npos);
  }
}

TEST_F(KeyringFileTest, AWriteThatWasInterruptedIsNotGuessedAt) {
  write(file_of(""));
  const fs::path backup = path_.string() + ".backup";
  write_file(backup, as_bytes(file_of("")));
  const Error error = KeyringFile::read(path_).error();
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_THAT(error.what, HasSubstr(backup.string()));
  write_file(backup, {});
  EXPECT_TRUE(KeyringFile::read(path_)) << "a server removes an empty one";
}

TEST_F(KeyringFileTest, WhatMayNotBeReadIsDenied) {
  write(file_of(""));
  fs::permissions(path_, fs::perms::none);
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  EXPECT_EQ(KeyringFile::read(path_).error().code, Errc::denied);
}

TEST_F(KeyringFileTest, SurvivesDamage) {
  const std::string whole = file_of(element(name_of_key(1), kHexKey));
  for (std::size_t length = 1; length < whole.size(); ++length)
    EXPECT_EQ(error_of(whole.substr(0, length)).code, Errc::malformed) << length;
  testing::SeededRandom random{12};
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    (void)read(damaged);
  }
  std::string nested = file_of(std::string(1 << 20, '['));
  EXPECT_EQ(error_of(nested).code, Errc::malformed);
  nested = R"({"version":"1.0","elements":[],"more":)" + std::string(1 << 20, '[') + std::string(1 << 20, ']') + "}";
  EXPECT_TRUE(read(nested));
}

TEST_F(KeyringFileTest, IsFoundByTheConfigurationInTheDatadir) {
  fs::create_directories(datadir_);
  EXPECT_FALSE(find_keyring_of(datadir_)->has_value());
  write_file(datadir_ / "component_keyring_file.cnf", as_bytes(R"({"path": "/keys/keyring", "read_only": false})"));
  EXPECT_EQ(**find_keyring_of(datadir_), "/keys/keyring");
  write_file(datadir_ / "mysqld.my", as_bytes(R"({"components": "file://component_keyring_file"})"));
  EXPECT_EQ(**find_keyring_of(datadir_), "/keys/keyring");
  write_file(datadir_ / "component_keyring_file.cnf", as_bytes(R"({"path": "keyring"})"));
  EXPECT_EQ(**find_keyring_of(datadir_), datadir_ / "keyring");
}

TEST_F(KeyringFileTest, OfAnotherComponentIsRefusedByItsName) {
  write_file(datadir_ / "mysqld.my",
             as_bytes(R"({"components": "file://component_other,file://component_keyring_kmip"})"));
  const Error error = find_keyring_of(datadir_).error();
  EXPECT_EQ(error.code, Errc::unsupported_version);
  EXPECT_THAT(error.what, HasSubstr("component_keyring_kmip"));
  for (const char* harmless : {"{}", R"({"read_local_manifest": true})", R"({"components": 5})",
                               R"({"components": "file://component_other"})", R"({"components": ",,/,"})"}) {
    write_file(datadir_ / "mysqld.my", as_bytes(harmless));
    EXPECT_TRUE(find_keyring_of(datadir_)) << harmless;
  }
  write_file(datadir_ / "mysqld.my", as_bytes("components"));
  EXPECT_EQ(find_keyring_of(datadir_).error().code, Errc::malformed);
}

TEST_F(KeyringFileTest, TheConfigurationBesideThePluginsMayReferToTheDatadir) {
  const fs::path plugins = scratch_.path() / "plugins.cnf";
  const fs::path local = datadir_ / "component_keyring_file.cnf";
  write_file(plugins, as_bytes(R"({"path": "/keys/keyring", "read_local_config": false})"));
  EXPECT_EQ(*configured_keyring_path(plugins, datadir_), "/keys/keyring");
  write_file(plugins, as_bytes(R"({"read_local_config": true})"));
  EXPECT_EQ(configured_keyring_path(plugins, datadir_).error().code, Errc::not_found);
  write_file(local, as_bytes(R"({"read_local_config": true})"));
  EXPECT_THAT(configured_keyring_path(plugins, datadir_).error().what, HasSubstr("no path"));
  write_file(local, as_bytes(R"({"path": "/local/keyring"})"));
  EXPECT_EQ(*configured_keyring_path(plugins, datadir_), "/local/keyring");
  for (const char* bad : {"{}", R"({"path": ""})", R"({"path": 1})", "[]", ""}) {
    write_file(plugins, as_bytes(bad));
    EXPECT_EQ(configured_keyring_path(plugins, datadir_).error().code, Errc::malformed) << bad;
  }
}

TEST_F(KeyringFileTest, AMissingKeyringOrKeyIsNamed) {
  const LockedBytes master_key = testing::random_secret(innodb::kMasterKeyBytes, 1);
  const innodb::EncryptionInfo info = testing::wrap(testing::make_tablespace_key(), master_key, 3);
  EXPECT_THAT(unwrap_with(nullptr, info).error().what, HasSubstr(name_of_key(3)));
  const Result<KeyringFile> keyring = read(file_of(element(name_of_key(3), to_hex(master_key.reveal()))));
  EXPECT_TRUE(unwrap_with(&*keyring, info));
  const Result<KeyringFile> empty = read("");
  EXPECT_EQ(unwrap_with(&*empty, info).error().code, Errc::not_found);

  const LockedBytes bootstrap = innodb::bootstrap_master_key();
  EXPECT_TRUE(unwrap_with(nullptr, testing::wrap(testing::make_tablespace_key(), bootstrap, 0)));
}

}  // namespace
}  // namespace donord
