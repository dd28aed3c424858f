#pragma once

// AES-256 in whole blocks, without padding. The key's schedule is in memory of OpenSSL, which wipes it when the object
// goes: keep none longer than a call. Setting it up takes a tenth of what a page of 16 KiB takes.

#include <memory>

#include "base/bytes.hpp"

struct evp_cipher_ctx_st;

namespace donord::innodb {

inline constexpr std::size_t kAesBlockBytes = 16;

class Aes256 {
 public:
  enum class Mode { ecb, cbc };
  enum class Direction { encrypt, decrypt };

  /// `key` has 32 bytes.
  Aes256(Mode mode, Direction direction, ByteView key);

  /// CBC begins, or begins anew, with the first 16 bytes of `iv`.
  void start(ByteView iv);

  /// `from` and `into` are equally many whole blocks, and either the same bytes or apart. CBC goes on where it was.
  void update(ByteView from, MutableBytes into);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace donord::innodb
