#pragma once

// RSA as caching_sha2_password uses it when a password has to travel over a connection without TLS: the client asks for
// the server's public key and sends the password, terminated by a NUL and mixed with the nonce, under OAEP with SHA-1.
// Source: docs/wire-and-clone-rpc.md, "Authentication".

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/nonce.hpp"

struct evp_pkey_st;

namespace donord {

struct EvpPkeyDeleter {
  void operator()(evp_pkey_st* key) const;
};
using EvpPkey = std::unique_ptr<evp_pkey_st, EvpPkeyDeleter>;

/// The server's key pair. Const operations may run in several threads at a time.
class RsaKey {
 public:
  static constexpr unsigned kDefaultBits = 2048;

  [[nodiscard]] static Result<RsaKey> generate(unsigned bits = kDefaultBits);
  /// A private key in PEM, not encrypted. Errors: `malformed`; `unsupported_version` when it is not RSA or not of 2048
  /// to 8192 bits.
  [[nodiscard]] static Result<RsaKey> from_pem(std::string_view private_pem);

  /// "-----BEGIN PUBLIC KEY-----", the form in which a client is sent the key.
  [[nodiscard]] const std::string& public_pem() const { return public_pem_; }
  /// "-----BEGIN PRIVATE KEY-----", for keeping the key over a restart.
  [[nodiscard]] Result<Secret> private_pem() const;
  /// The size of every ciphertext.
  [[nodiscard]] std::size_t size_bytes() const;

  /// Undoes `RsaPublicKey::encrypt`. Errors: `malformed`, whatever was wrong with the ciphertext.
  [[nodiscard]] Result<SecretBytes> decrypt(ByteView ciphertext) const;

 private:
  [[nodiscard]] static Result<RsaKey> adopt(EvpPkey key);

  EvpPkey key_;
  std::string public_pem_;
};

/// The client's side.
class RsaPublicKey {
 public:
  /// Errors: `malformed`; `unsupported_version` when it is not RSA or not of 2048 to 8192 bits.
  [[nodiscard]] static Result<RsaPublicKey> from_pem(std::string_view public_pem);

  /// Errors: `usage` when the plaintext is too long for the key.
  [[nodiscard]] Result<Bytes> encrypt(ByteView plaintext) const;

 private:
  EvpPkey key_;
};

/// Each byte mixed with the nonce's, which repeats. Its own inverse.
[[nodiscard]] SecretBytes mixed_with(const Nonce& nonce, ByteView bytes);

}  // namespace donord
