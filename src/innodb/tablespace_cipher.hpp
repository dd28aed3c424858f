#pragma once

// The cipher of pages and redo blocks: AES-256-CBC without padding, always with the initialisation vector of the
// tablespace. What does not fill a whole AES block is covered by encrypting the last 32 bytes once more.

#include <memory>

#include "base/bytes.hpp"
#include "innodb/encryption_info.hpp"

namespace donord::innodb {

/// One per tablespace, for as many threads at once as there are.
class TablespaceCipher {
 public:
  /// The shortest range that can be encrypted.
  static constexpr std::size_t kMinBytes = 32;

  explicit TablespaceCipher(TablespaceKey key);
  TablespaceCipher(TablespaceCipher&&) noexcept;
  TablespaceCipher& operator=(TablespaceCipher&&) noexcept;
  ~TablespaceCipher();

  [[nodiscard]] const TablespaceKey& key() const;

  /// `from` and `into` are equally long, at least kMinBytes, and either the same bytes or apart.
  void decrypt(ByteView from, MutableBytes into) const;
  void encrypt(ByteView from, MutableBytes into) const;

 private:
  class Schedules;
  std::unique_ptr<Schedules> schedules_;
};

}  // namespace donord::innodb
