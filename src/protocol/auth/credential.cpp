#include "protocol/auth/credential.hpp"

#include "protocol/handshake.hpp"

namespace donord {

Result<Credential> credential_from_password(const Secret& password) {
  if (password.empty())
    return Error{Errc::usage, "the password is empty", "an account without a password has to be allowed explicitly"};
  return Credential{fast_digest(password.reveal())};
}

Result<Credential> credential_from_hash(std::string_view stored) {
  if (stored.starts_with('*')) {
    const Result<NativeDigest> digest = parse_native_hash(stored);
    if (!digest) return digest.error();
    return Credential{*digest};
  }
  Result<CachingSha2Hash> hash = CachingSha2Hash::parse(stored);
  if (!hash) return hash.error();
  return Credential{StoredHash{std::move(*hash), std::nullopt}};
}

std::string_view plugin_for(const Credential& credential) {
  return std::holds_alternative<NativeDigest>(credential) ? kMysqlNativePassword : kCachingSha2Password;
}

bool accepts_empty(const Credential& credential) {
  return std::holds_alternative<NoPassword>(credential);
}

bool accepts_fast(const Credential& credential, ByteView scramble, const Nonce& nonce) {
  if (const auto* digest = std::get_if<FastDigest>(&credential)) return verify_fast(scramble, nonce, *digest);
  if (const auto* stored = std::get_if<StoredHash>(&credential))
    return stored->cached && verify_fast(scramble, nonce, *stored->cached);
  return false;
}

bool accepts_password(const Credential& credential, ByteView password) {
  if (const auto* digest = std::get_if<FastDigest>(&credential))
    return equal_in_constant_time(fast_digest(password).bytes, digest->bytes);
  if (const auto* stored = std::get_if<StoredHash>(&credential)) return stored->hash.verify(password);
  return false;
}

bool accepts_native(const Credential& credential, ByteView scramble, const Nonce& nonce) {
  const auto* digest = std::get_if<NativeDigest>(&credential);
  return digest != nullptr && verify_native(scramble, nonce, *digest);
}

}  // namespace donord
