#include "protocol/auth/secret.hpp"

#include <openssl/crypto.h>

namespace donord {

void wipe(MutableBytes bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

bool operator==(const Secret& a, const Secret& b) {
  return equal_in_constant_time(a.reveal(), b.reveal());
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace donord
