#include "protocol/auth/rsa_key.hpp"

#include <climits>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace donord {

namespace {

constexpr int kMinBits = 2048;
constexpr int kMaxBits = 8192;

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using UniqueBio = std::unique_ptr<BIO, BioDeleter>;

struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using UniqueContext = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;

/// Takes over OpenSSL's list of errors, which would otherwise show up in whatever the thread does next.
Error openssl_error(Errc code, std::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Error{code, fmt::format("{}: {}", what, reason == nullptr ? "no reason given" : reason)};
}

UniqueBio reading(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return UniqueBio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

std::string_view written(const UniqueBio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// Instead of asking for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<> check_rsa(const EvpPkey& key) {
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return Error{Errc::unsupported_version, "not an RSA key", "caching_sha2_password works with RSA keys only"};
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kMinBits || bits > kMaxBits)
    return Error{Errc::unsupported_version,
                 fmt::format("an RSA key of {} bits, expected {} to {}", bits, kMinBits, kMaxBits)};
  return {};
}

UniqueContext oaep(evp_pkey_st* key, int (*init)(EVP_PKEY_CTX*)) {
  UniqueContext context{EVP_PKEY_CTX_new(key, nullptr)};
  if (!context || init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha1()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha1()) != 1)
    return nullptr;
  return context;
}

}  // namespace

void EvpPkeyDeleter::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<RsaKey> RsaKey::generate(unsigned bits) {
  EvpPkey key{EVP_RSA_gen(bits)};
  if (!key) return openssl_error(Errc::unavailable, "cannot generate an RSA key");
  return adopt(std::move(key));
}

Result<RsaKey> RsaKey::from_pem(std::string_view private_pem) {
  const UniqueBio bio = reading(private_pem);
  if (!bio) return openssl_error(Errc::unavailable, "cannot read the RSA private key");
  EvpPkey key{PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr)};
  if (!key) return openssl_error(Errc::malformed, "not a private key in PEM");
  return adopt(std::move(key));
}

Result<RsaKey> RsaKey::adopt(EvpPkey key) {
  if (const Result<> rsa = check_rsa(key); !rsa) return rsa.error();
  const UniqueBio bio{BIO_new(BIO_s_mem())};
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1)
    return openssl_error(Errc::unavailable, "cannot write the RSA public key");
  RsaKey pair;
  pair.key_ = std::move(key);
  pair.public_pem_ = written(bio);
  return pair;
}

Result<Secret> RsaKey::private_pem() const {
  const UniqueBio bio{BIO_new(BIO_s_secmem())};
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error(Errc::unavailable, "cannot write the RSA private key");
  return Secret{written(bio)};
}

std::size_t RsaKey::size_bytes() const {
  return static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
}

Result<SecretBytes> RsaKey::decrypt(ByteView ciphertext) const {
  const UniqueContext context = oaep(key_.get(), &EVP_PKEY_decrypt_init);
  if (!context) return openssl_error(Errc::unavailable, "cannot decrypt with RSA");
  SecretBytes plaintext(size_bytes());
  std::size_t size = plaintext.size();
  if (ciphertext.size() != plaintext.size() ||
      EVP_PKEY_decrypt(context.get(), plaintext.data(), &size, ciphertext.data(), ciphertext.size()) != 1) {
    ERR_clear_error();
    return Error{Errc::malformed, "not encrypted with this RSA key"};
  }
  plaintext.resize(size);
  return plaintext;
}

Result<RsaPublicKey> RsaPublicKey::from_pem(std::string_view public_pem) {
  const UniqueBio bio = reading(public_pem);
  if (!bio) return openssl_error(Errc::unavailable, "cannot read the RSA public key");
  EvpPkey key{PEM_read_bio_PUBKEY(bio.get(), nullptr, &no_passphrase, nullptr)};
  if (!key) return openssl_error(Errc::malformed, "not a public key in PEM");
  if (const Result<> rsa = check_rsa(key); !rsa) return rsa.error();
  RsaPublicKey result;
  result.key_ = std::move(key);
  return result;
}

Result<Bytes> RsaPublicKey::encrypt(ByteView plaintext) const {
  const UniqueContext context = oaep(key_.get(), &EVP_PKEY_encrypt_init);
  if (!context) return openssl_error(Errc::unavailable, "cannot encrypt with RSA");
  Bytes ciphertext(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = ciphertext.size();
  if (EVP_PKEY_encrypt(context.get(), ciphertext.data(), &size, plaintext.data(), plaintext.size()) != 1)
    return openssl_error(Errc::usage, fmt::format("cannot encrypt {} bytes with RSA", plaintext.size()));
  ciphertext.resize(size);
  return ciphertext;
}

SecretBytes mixed_with(const Nonce& nonce, ByteView bytes) {
  SecretBytes mixed(bytes.begin(), bytes.end());
  for (std::size_t i = 0; i < mixed.size(); ++i)
    mixed[i] = static_cast<std::uint8_t>(mixed[i] ^ nonce.bytes[i % Nonce::kSize]);
  return mixed;
}

}  // namespace donord
