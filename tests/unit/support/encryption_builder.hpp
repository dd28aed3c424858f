#pragma once

// Keys, encryption information and encrypted tablespaces made for tests; and the keys of `fixtures/encryption`.

#include <algorithm>
#include <cctype>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/codec.hpp"
#include "base/crc32c.hpp"
#include "innodb/aes.hpp"
#include "innodb/encryption_info.hpp"
#include "innodb/page_encryption.hpp"
#include "support/hex.hpp"
#include "support/innodb_builder.hpp"

namespace donord::testing {

inline Bytes encryption_fixture(const std::string& name) {
  return load_fixture("encryption/" + name).bytes;
}

inline constexpr std::string_view kServerUuid = "b5dede40-e56b-11f1-85e9-02fc00000001";

inline LockedBytes random_secret(std::size_t size, std::uint32_t seed) {
  std::mt19937 random{seed};
  LockedBytes secret{size};
  for (std::uint8_t& byte : secret.fill()) byte = static_cast<std::uint8_t>(random());
  return secret;
}

inline innodb::TablespaceKey make_tablespace_key(std::uint32_t seed = 1) {
  return innodb::TablespaceKey{random_secret(innodb::TablespaceKey::kBytes, seed)};
}

inline innodb::TablespaceCipher make_cipher(std::uint32_t seed = 1) {
  return innodb::TablespaceCipher{make_tablespace_key(seed)};
}

/// The information a server writes; "lCB" with the four zeros behind the id.
inline innodb::EncryptionInfo wrap(const innodb::TablespaceKey& key, const LockedBytes& master_key,
                                   std::uint32_t id = 1, std::string_view magic = "lCC") {
  using innodb::Aes256;
  innodb::EncryptionInfo info;
  info.padded = magic == "lCB";
  info.magic = magic;
  info.master_key_id = id;
  info.server_uuid = kServerUuid;
  Aes256{Aes256::Mode::ecb, Aes256::Direction::encrypt, master_key.reveal()}.update(key.key_and_iv(), info.wrapped_key);
  info.key_checksum = crc32c(key.key_and_iv());
  return info;
}

/// Encrypts all pages of a tablespace but the first, where it puts `info`.
inline void encrypt_tablespace(Bytes& file, const innodb::PageFormat& format, const innodb::TablespaceCipher& cipher,
                               const innodb::EncryptionInfo& info) {
  const std::size_t size = format.physical_bytes;
  for (std::size_t at = size; at < file.size(); at += size) {
    const MutableBytes page = MutableBytes{file}.subspan(at, size);
    if (!innodb::encrypt_page(page, format, cipher, page)) throw std::runtime_error("cannot encrypt a page");
  }
  const MutableBytes first = MutableBytes{file}.first(size);
  std::ranges::copy(encode(info), first.begin() + static_cast<std::ptrdiff_t>(format.encryption_info_offset()));
  innodb::seal_page(first, format);
}

/// A data file of component_keyring_file with one master key of `kServerUuid`.
inline void write_keyring(const std::filesystem::path& path, std::uint32_t id, const LockedBytes& master_key) {
  write_file(path, as_bytes(fmt::format(R"({{"version":"1.0","elements":[{{"user":"","data_id":"INNODBKey-{}-{}",)"
                                        R"("data_type":"AES","data":"{}","extension":[]}}]}})",
                                        kServerUuid, id, to_hex(master_key.reveal()))));
}

/// A key of a keyring among the fixtures.
inline LockedBytes fixture_master_key(const std::string& keyring, const std::string& name) {
  const std::string text{as_text(encryption_fixture(keyring))};
  constexpr std::string_view kData = "\"data\":\"";
  const std::size_t found = text.find(kData, text.find('"' + name + '"'));
  if (found == std::string::npos) throw std::runtime_error(keyring + " has no key " + name);
  std::string digits = text.substr(found + kData.size(), 2 * innodb::kMasterKeyBytes);
  std::ranges::transform(digits, digits.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return LockedBytes::copy_of(from_hex(digits));
}

/// The cipher of a tablespace whose page 0 is a fixture.
inline innodb::TablespaceCipher fixture_cipher(const std::string& keyring, const std::string& page0,
                                               const innodb::PageFormat& format) {
  const innodb::EncryptionInfo info = innodb::encryption_info_of(encryption_fixture(page0), format).value();
  return innodb::TablespaceCipher{innodb::unwrap(info, fixture_master_key(keyring, info.master_key_name())).value()};
}

}  // namespace donord::testing
