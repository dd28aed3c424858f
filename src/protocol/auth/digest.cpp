#include "protocol/auth/digest.hpp"

#include <memory>
#include <new>
#include <openssl/evp.h>
#include <stdexcept>

namespace donord {

namespace {

// A digest fails only when the library has no memory or no such algorithm: nothing a peer can bring about.
void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL cannot compute a digest");
}

evp_md_ctx_st* new_context() {
  evp_md_ctx_st* context = EVP_MD_CTX_new();
  if (context == nullptr) throw std::bad_alloc{};
  return context;
}

template <std::size_t N>
std::array<std::uint8_t, N> finish(evp_md_ctx_st* context) {
  std::array<std::uint8_t, N> digest{};
  require(EVP_DigestFinal_ex(context, digest.data(), nullptr));
  return digest;
}

}  // namespace

Sha1Digest sha1(std::initializer_list<ByteView> pieces) {
  const std::unique_ptr<evp_md_ctx_st, decltype(&EVP_MD_CTX_free)> context{new_context(), &EVP_MD_CTX_free};
  require(EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr));
  for (const ByteView piece : pieces) require(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
  return finish<20>(context.get());
}

Sha256Digest sha256(std::initializer_list<ByteView> pieces) {
  Sha256 digest;
  for (const ByteView piece : pieces) digest.update(piece);
  return digest.finish();
}

Sha256::Sha256() : context_(new_context()) {
  start();
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

void Sha256::update(ByteView bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()));
}

Sha256Digest Sha256::finish() {
  const Sha256Digest digest = donord::finish<32>(context_);
  start();
  return digest;
}

void Sha256::start() {
  require(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr));
}

}  // namespace donord
