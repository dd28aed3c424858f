#include "protocol/auth/random.hpp"

#include <openssl/rand.h>
#include <stdexcept>

namespace donord {

void fill_random(MutableBytes bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("the system has no random bytes");
}

}  // namespace donord
