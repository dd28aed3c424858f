#pragma once

// How a tablespace and the redo log keep their key: in their first page or header, wrapped (encrypted) with a master
// key that is in the server's keyring. A clone carries the same bytes with the key in the clear; the recipient wraps it
// with a master key of its own.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "innodb/tablespace_flags.hpp"

namespace donord::innodb {

inline constexpr std::size_t kMasterKeyBytes = 32;
inline constexpr std::size_t kTablespaceKeyBytes = 32;
inline constexpr std::size_t kTablespaceIvBytes = 32;  ///< of which AES uses the first 16

/// Key and initialisation vector of a tablespace or of the redo log.
class TablespaceKey {
 public:
  static constexpr std::size_t kBytes = kTablespaceKeyBytes + kTablespaceIvBytes;

  /// `key_and_iv` has kBytes bytes.
  explicit TablespaceKey(LockedBytes key_and_iv);

  [[nodiscard]] ByteView key() const { return key_and_iv().first(kTablespaceKeyBytes); }
  [[nodiscard]] ByteView iv() const { return key_and_iv().subspan(kTablespaceKeyBytes); }
  [[nodiscard]] ByteView key_and_iv() const { return key_and_iv_.reveal(); }
  [[nodiscard]] TablespaceKey copy() const { return TablespaceKey{LockedBytes::copy_of(key_and_iv())}; }

 private:
  LockedBytes key_and_iv_;
};

/// 111 bytes, big-endian: in page 0 at `PageFormat::encryption_info_offset()`, in a redo file at offset 1072.
///
///   offset size
///        0    3  "lCC" since 8.0.5; "lCB" since 5.7.12
///        3    4  id of the master key; 0: the key of servers that have no uuid yet, which is no secret
///        7   36  uuid of the server whose keyring has the master key
///       43   64  key, 32 bytes, and initialisation vector, 32 bytes, encrypted with the master key: AES-256-ECB
///      107    4  CRC-32C of those 64 bytes before encryption
///
/// Under "lCB" four zero bytes can follow the id and shift the rest. Source: docs/innodb-files.md, "Encryption".
struct EncryptionInfo {
  static constexpr std::string_view kName = "EncryptionInfo";
  static constexpr std::size_t kMagicBytes = 3;
  static constexpr std::size_t kUuidBytes = 36;
  static constexpr std::size_t kKeyOffset = 43;
  static constexpr std::size_t kPaddingBytes = 4;
  static constexpr std::size_t kMaxBytes = kEncryptionInfoBytes + kPaddingBytes;

  bool padded = false;  ///< not in the bytes: the id is followed by four zeros
  std::string magic = "lCC";
  std::uint32_t master_key_id = 0;
  std::string server_uuid;
  std::array<std::uint8_t, TablespaceKey::kBytes> wrapped_key{};
  std::uint32_t key_checksum = 0;

  bool operator==(const EncryptionInfo&) const = default;

  /// What the keyring calls the master key: "INNODBKey-<uuid>-<id>".
  [[nodiscard]] std::string master_key_name() const;
  /// The master key is `bootstrap_master_key()`; no keyring has it.
  [[nodiscard]] bool uses_bootstrap_key() const { return master_key_id == 0; }

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.text("magic", kMagicBytes, m.magic);
    io.u32be("master_key_id", m.master_key_id);
    if (m.padded) io.filler("padding", kPaddingBytes);
    io.text("server_uuid", kUuidBytes, m.server_uuid);
    io.fixed("wrapped_key", m.wrapped_key);
    io.u32be("key_checksum", m.key_checksum);
  }
};

/// Decodes what begins at `bytes[0]`, of which up to EncryptionInfo::kMaxBytes are looked at. `Errc::not_found` when
/// zeros stand there, `Errc::unsupported_version` for the form of 5.7.11, `Errc::malformed` for anything else.
[[nodiscard]] Result<EncryptionInfo> decode_encryption_info(ByteView bytes);

/// The same out of page 0 of a tablespace, a whole page of its format.
[[nodiscard]] Result<EncryptionInfo> encryption_info_of(ByteView first_page, const PageFormat& format);

/// What wraps the keys of a directory that was initialised with encryption and never started since.
[[nodiscard]] LockedBytes bootstrap_master_key();

/// The key of the tablespace. `Errc::checksum` when `master_key` is not the one that it was wrapped with, or the
/// information is damaged: that cannot be told apart.
[[nodiscard]] Result<TablespaceKey> unwrap(const EncryptionInfo& info, const LockedBytes& master_key);

/// Writes 111 bytes with the key in the clear, as a donor sends them: master key id 0 and the donor's uuid, which the
/// recipient ignores. `into` then holds a secret. The checksum of the page is the caller's to renew.
void write_plain_info(const TablespaceKey& key, std::string_view server_uuid, MutableBytes into);

}  // namespace donord::innodb
