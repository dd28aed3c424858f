#pragma once

// The cipher of pages and redo blocks: AES-256-CBC without padding, always with the initialisation vector of the
// tablespace. What does not fill a whole AES block is covered by encrypting the last 32 bytes once more.
//
// Source: docs/innodb-files.md, "Encryption".

#include "base/bytes.hpp"
#include "innodb/encryption_info.hpp"

namespace donord::innodb {

/// One per tablespace, for as many threads at once as there are.
class TablespaceCipher {
 public:
  /// The shortest range that can be encrypted.
  static constexpr std::size_t kMinBytes = 32;

  explicit TablespaceCipher(TablespaceKey key) : key_(std::move(key)) {}

  [[nodiscard]] const TablespaceKey& key() const { return key_; }

  /// `from` and `into` are equally long, at least kMinBytes, and either the same bytes or apart.
  void decrypt(ByteView from, MutableBytes into) const;
  void encrypt(ByteView from, MutableBytes into) const;

 private:
  TablespaceKey key_;
};

}  // namespace donord::innodb
