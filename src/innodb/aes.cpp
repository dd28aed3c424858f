#include "innodb/aes.hpp"

#include <cassert>
#include <new>
#include <openssl/evp.h>
#include <stdexcept>

namespace donord::innodb {

namespace {

// What is encrypted comes in whole blocks, so that this fails only when the library has no memory or no such cipher.
void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL cannot compute AES");
}

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  require(cipher != nullptr ? 1 : 0);
  return cipher;
}

const EVP_CIPHER* cipher_of(Aes256::Mode mode) {
  static const EVP_CIPHER* const ecb = fetch("AES-256-ECB");
  static const EVP_CIPHER* const cbc = fetch("AES-256-CBC");
  return mode == Aes256::Mode::ecb ? ecb : cbc;
}

}  // namespace

void Aes256::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

Aes256::Aes256(Mode mode, Direction direction, ByteView key) : context_(EVP_CIPHER_CTX_new()) {
  if (!context_) throw std::bad_alloc{};
  const EVP_CIPHER* const cipher = cipher_of(mode);
  assert(key.size() == static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher)));
  require(EVP_CipherInit_ex2(context_.get(), cipher, key.data(), nullptr, direction == Direction::encrypt ? 1 : 0,
                             nullptr));
  require(EVP_CIPHER_CTX_set_padding(context_.get(), 0));
}

void Aes256::start(ByteView iv) {
  assert(iv.size() >= kAesBlockBytes);
  require(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, iv.data(), -1, nullptr));
}

void Aes256::update(ByteView from, MutableBytes into) {
  assert(from.size() == into.size() && from.size() % kAesBlockBytes == 0);
  int written = 0;
  require(EVP_CipherUpdate(context_.get(), into.data(), &written, from.data(), static_cast<int>(from.size())));
  require(static_cast<std::size_t>(written) == from.size() ? 1 : 0);
}

}  // namespace donord::innodb
