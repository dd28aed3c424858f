#include "protocol/auth/client_auth.hpp"

#include <utility>

#include "base/codec.hpp"
#include "protocol/auth/rsa_key.hpp"
#include "protocol/auth/scramble.hpp"
#include "protocol/handshake.hpp"

namespace donord {

AuthResponse ClientAuth::on_greeting(std::string_view plugin, const Nonce& nonce) {
  plugin_ = plugin;
  nonce_ = nonce;
  if (Result<Bytes> data = scramble(plugin)) return AuthResponse{plugin_, std::move(*data)};
  plugin_ = kCachingSha2Password;
  return AuthResponse{plugin_, {}};
}

Result<ClientAuthStep> ClientAuth::on_packet(ByteView payload) {
  if (payload.empty()) return Error{Errc::malformed, "empty packet during authentication"};
  switch (payload.front()) {
    case AuthSwitchRequest::kMarker:
      return on_switch(payload);
    case AuthMoreData::kMarker:
      return on_more_data(payload);
    default:
      break;
  }
  if (is_err(payload)) {
    const Result<ErrPacket> err = decode<ErrPacket>(payload);
    return err ? server_error(*err) : err.error();
  }
  Result<OkPacket> ok = decode_ok(payload, effective_);
  if (!ok) return ok.error();
  return LoggedIn{std::move(*ok)};
}

Result<Bytes> ClientAuth::scramble(std::string_view plugin) const {
  const auto owned = [](const auto& digest) { return Bytes(digest.begin(), digest.end()); };
  if (plugin == kCachingSha2Password)
    return password_.empty() ? Bytes{0} : owned(fast_scramble(password_.reveal(), nonce_));
  if (plugin == kMysqlNativePassword)
    return password_.empty() ? Bytes{} : owned(native_scramble(password_.reveal(), nonce_));
  return Error{Errc::unsupported_version, fmt::format("the server asks for authentication plugin '{}'", plugin),
               "caching_sha2_password and mysql_native_password are supported"};
}

Result<ClientAuthStep> ClientAuth::on_switch(ByteView payload) {
  Result<AuthSwitchRequest> request = decode<AuthSwitchRequest>(payload);
  if (!request) return request.error();
  if (std::exchange(switched_, true) || state_ != State::greeted)
    return Error{Errc::malformed, "AuthSwitchRequest out of place"};
  plugin_ = std::move(request->plugin);
  nonce_ = request->nonce;
  Result<Bytes> data = scramble(plugin_);
  if (!data) return data.error();
  return SendToServer{std::move(*data)};
}

Result<ClientAuthStep> ClientAuth::on_more_data(ByteView payload) {
  const Result<AuthMoreData> more = decode<AuthMoreData>(payload);
  if (!more) return more.error();
  if (plugin_ == kCachingSha2Password && state_ == State::key_requested) return send_encrypted(more->data);
  if (plugin_ == kCachingSha2Password && state_ == State::greeted && more->data.size() == 1) {
    if (more->data.front() == kFastAuthSuccess) return WaitForServer{};
    if (more->data.front() == kPerformFullAuth) {
      if (channel_ == Channel::secure) {
        state_ = State::full_auth;
        const SecretBytes password = password_with_nul();
        return SendToServer{Bytes(password.begin(), password.end())};
      }
      state_ = State::key_requested;
      return SendToServer{Bytes{kRequestPublicKey}};
    }
  }
  return Error{Errc::malformed, fmt::format("AuthMoreData of {} bytes out of place", more->data.size())};
}

Result<ClientAuthStep> ClientAuth::send_encrypted(ByteView public_pem) {
  state_ = State::full_auth;
  const Result<RsaPublicKey> key = RsaPublicKey::from_pem(as_text(public_pem));
  if (!key) return key.error();
  Result<Bytes> ciphertext = key->encrypt(mixed_with(nonce_, password_with_nul()));
  if (!ciphertext) return ciphertext.error();
  return SendToServer{std::move(*ciphertext)};
}

SecretBytes ClientAuth::password_with_nul() const {
  const ByteView password = password_.reveal();
  SecretBytes bytes;
  bytes.reserve(password.size() + 1);
  bytes.assign(password.begin(), password.end());
  bytes.push_back(0);
  return bytes;
}

}  // namespace donord
