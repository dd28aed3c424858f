#include "innodb/encryption_info.hpp"

#include <algorithm>
#include <cassert>

#include "base/codec.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "innodb/aes.hpp"

namespace donord::innodb {

namespace {

constexpr std::string_view kMagic5711 = "lCA";
constexpr std::string_view kMagic57 = "lCB";
constexpr std::string_view kMagic = "lCC";
constexpr std::string_view kBootstrapMasterKey = "DefaultMasterKey";

/// Servers without a uuid leave zeros. Nothing else may stand here, because the uuid is shown to people.
bool can_be_uuid(std::string_view text) {
  constexpr std::string_view kUuidCharacters = "0123456789abcdefABCDEF-";
  return text.find_first_not_of(kUuidCharacters) == std::string_view::npos ||
         text.find_first_not_of('\0') == std::string_view::npos;
}

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

TablespaceKey::TablespaceKey(LockedBytes key_and_iv) : key_and_iv_(std::move(key_and_iv)) {
  assert(key_and_iv_.size() == kBytes);
}

std::string EncryptionInfo::master_key_name() const {
  return fmt::format("INNODBKey-{}-{}", server_uuid.c_str(), master_key_id);
}

Result<EncryptionInfo> decode_encryption_info(ByteView bytes) {
  if (bytes.size() < kEncryptionInfoBytes)
    return Error{Errc::truncated,
                 fmt::format("encryption information has {} bytes, have {}", kEncryptionInfoBytes, bytes.size())};
  if (is_zero(bytes.first(kEncryptionInfoBytes))) return Error{Errc::not_found, "there is no encryption information"};
  const std::string_view magic = as_text(bytes.first(EncryptionInfo::kMagicBytes));
  if (magic == kMagic5711)
    return Error{Errc::unsupported_version, "the encryption information has the form of MySQL 5.7.11 (lCA)",
                 "renew it with the server: ALTER INSTANCE ROTATE INNODB MASTER KEY"};
  if (magic != kMagic57 && magic != kMagic)
    return Error{Errc::malformed, fmt::format("the encryption information begins with 0x{:02x}{:02x}{:02x}, expected "
                                              "lCC or lCB",
                                              bytes[0], bytes[1], bytes[2])};

  EncryptionInfo info;
  info.padded = magic == kMagic57 && load_u32be(bytes, EncryptionInfo::kMagicBytes + 4) == 0;
  const std::size_t length = info.padded ? EncryptionInfo::kMaxBytes : kEncryptionInfoBytes;
  if (Result<> done = decode_into(bytes.first(std::min(length, bytes.size())), info); !done) return done.error();
  if (!can_be_uuid(info.server_uuid))
    return Error{Errc::malformed, "the encryption information does not name a server uuid"};
  return info;
}

Result<EncryptionInfo> encryption_info_of(ByteView first_page, const PageFormat& format) {
  if (first_page.size() < format.physical_bytes)
    return Error{Errc::truncated,
                 fmt::format("page 0 has {} bytes, have {}", format.physical_bytes, first_page.size())};
  return decode_encryption_info(first_page.subspan(format.encryption_info_offset(), EncryptionInfo::kMaxBytes));
}

LockedBytes bootstrap_master_key() {
  LockedBytes key{kMasterKeyBytes};
  std::ranges::copy(kBootstrapMasterKey, key.fill().begin());
  return key;
}

Result<TablespaceKey> unwrap(const EncryptionInfo& info, const LockedBytes& master_key) {
  if (master_key.size() != kMasterKeyBytes)
    return Error{Errc::malformed, fmt::format("master key {} has {} bytes, expected {}", info.master_key_name(),
                                              master_key.size(), kMasterKeyBytes)};
  LockedBytes key_and_iv{TablespaceKey::kBytes};
  Aes256{Aes256::Mode::ecb, Aes256::Direction::decrypt, master_key.reveal()}.update(info.wrapped_key,
                                                                                    key_and_iv.fill());
  if (crc32c(key_and_iv.reveal()) != info.key_checksum)
    return Error{
        Errc::checksum,
        fmt::format("the key does not match its checksum when unwrapped with master key {}", info.master_key_name()),
        "the keyring has another key of this name, or the encryption information is damaged"};
  return TablespaceKey{std::move(key_and_iv)};
}

void write_plain_info(const TablespaceKey& key, std::string_view server_uuid, MutableBytes into) {
  EncryptionInfo info;
  info.server_uuid = server_uuid;
  info.server_uuid.resize(EncryptionInfo::kUuidBytes);
  info.key_checksum = crc32c(key.key_and_iv());
  std::ranges::copy(encode(info), into.begin());
  // The key goes straight to its place, past the encoder's buffer on the heap.
  std::ranges::copy(key.key_and_iv(), into.begin() + EncryptionInfo::kKeyOffset);
}

}  // namespace donord::innodb
