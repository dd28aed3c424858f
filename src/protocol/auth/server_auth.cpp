#include "protocol/auth/server_auth.hpp"

#include <algorithm>
#include <cassert>

#include "base/codec.hpp"
#include "protocol/error_numbers.hpp"

namespace donord {

namespace {

// As much of a user name as an error message repeats: 32 characters of up to 3 bytes.
constexpr std::size_t kMaxUserNameBytes = 96;

Bytes more_data(ByteView data) {
  return encode(AuthMoreData{Bytes(data.begin(), data.end())});
}

Bytes more_data(std::uint8_t byte) {
  return more_data(ByteView{&byte, 1});
}

}  // namespace

AuthStep ServerAuth::start(const HandshakeResponse41& response) {
  assert(state_ == State::greeted);
  user_ = response.user;
  account_ = lookup_(user_, setup_.peer_address);
  plugin_ = account_ ? plugin_for(account_->credential) : kCachingSha2Password;
  nonce_ = setup_.greeting_nonce;

  const bool can_switch = response.effective().has(Capability::plugin_auth);
  const std::string_view client_plugin = can_switch ? std::string_view{response.auth_plugin} : kMysqlNativePassword;
  // A client that does not know the greeting's plugin names one it does know, with an empty response.
  const bool no_response_yet = client_plugin != setup_.greeting_plugin && response.auth_response.empty() && can_switch;
  if (client_plugin == plugin_ && !no_response_yet) return on_response(response.auth_response);

  password_used_ = !is_empty_password(response.auth_response);
  if (!can_switch)
    return reject_with(ErrPacket{kErNotSupportedAuthMode, "08004",
                                 "Client does not support authentication protocol requested by server; consider "
                                 "upgrading MySQL client"},
                       "the client cannot switch authentication plugins");
  nonce_ = setup_.switch_nonce;
  state_ = State::switched;
  return AuthStep{{encode(AuthSwitchRequest{std::string{plugin_}, nonce_})}, AuthStep::WaitForClient{}};
}

AuthStep ServerAuth::on_packet(ByteView payload) {
  switch (state_) {
    case State::switched:
      return on_response(payload);
    case State::full:
      return on_full(payload);
    case State::key_sent:
      return on_ciphertext(payload);
    case State::greeted:
    case State::finished:
      break;
  }
  assert(false && "no packet was asked for");
  return reject("a packet that was not asked for");
}

AuthStep ServerAuth::on_response(ByteView response) {
  password_used_ = !is_empty_password(response);
  if (!password_used_) {
    if (account_ && accepts_empty(account_->credential)) return accept(AuthMethod::empty_password);
    return reject("no password was given");
  }
  if (plugin_ == kMysqlNativePassword) {
    if (account_ && accepts_native(account_->credential, response, nonce_)) return accept(AuthMethod::native);
    return reject("wrong password");
  }
  if (account_ && accepts_fast(account_->credential, response, nonce_)) {
    AuthStep step = accept(AuthMethod::fast);
    step.send.push_back(more_data(kFastAuthSuccess));
    return step;
  }
  if (setup_.channel == Channel::plain && setup_.rsa == nullptr)
    return reject("wrong password, or full authentication is needed and there is neither TLS nor an RSA key for it");
  state_ = State::full;
  return AuthStep{{more_data(kPerformFullAuth)}, AuthStep::WaitForClient{}};
}

AuthStep ServerAuth::on_full(ByteView payload) {
  if (setup_.channel == Channel::secure) return on_password(payload);
  if (payload.size() == 1 && payload.front() == kRequestPublicKey) {
    state_ = State::key_sent;
    return AuthStep{{more_data(as_bytes(setup_.rsa->public_pem()))}, AuthStep::WaitForClient{}};
  }
  return on_ciphertext(payload);
}

AuthStep ServerAuth::on_ciphertext(ByteView ciphertext) {
  const Result<SecretBytes> mixed = setup_.rsa->decrypt(ciphertext);
  if (!mixed) return reject_password({}, 0, mixed.error().what);
  return on_password(mixed_with(nonce_, *mixed));
}

AuthStep ServerAuth::on_password(ByteView with_nul) {
  const auto end = std::find(with_nul.begin(), with_nul.end(), std::uint8_t{0});
  if (with_nul.size() > kMaxPasswordPacketBytes || end == with_nul.end())
    return reject_password({}, 0, "the password packet is too long or has no end");
  const ByteView password = with_nul.first(static_cast<std::size_t>(end - with_nul.begin()));
  if (!account_) return reject_password(password, 0, "no such account");
  if (!accepts_password(account_->credential, password)) {
    const auto* stored = std::get_if<StoredHash>(&account_->credential);
    return reject_password(password, stored == nullptr ? 0 : stored->hash.rounds(), "wrong password");
  }
  return accept(AuthMethod::full, fast_digest(password));
}

AuthStep ServerAuth::accept(AuthMethod method, std::optional<FastDigest> learned) {
  state_ = State::finished;
  return AuthStep{{}, AuthStep::Accepted{std::move(*account_), method, learned}};
}

AuthStep ServerAuth::reject(std::string_view reason) {
  std::string message = fmt::format("Access denied for user '{}'@'{}' (using password: {})",
                                    std::string_view{user_}.substr(0, kMaxUserNameBytes), setup_.peer_address,
                                    password_used_ ? "YES" : "NO");
  return reject_with(ErrPacket{kErAccessDenied, "28000", std::move(message)}, account_ ? reason : "no such account");
}

AuthStep ServerAuth::reject_password(ByteView tried, std::uint32_t rounds_spent, std::string_view reason) {
  if (rounds_spent < CachingSha2Hash::kDefaultRounds)
    static_cast<void>(sha256_crypt(tried, nonce_.view(), CachingSha2Hash::kDefaultRounds - rounds_spent));
  return reject(reason);
}

AuthStep ServerAuth::reject_with(ErrPacket error, std::string_view reason) {
  state_ = State::finished;
  return AuthStep{{}, AuthStep::Rejected{std::move(error), std::string{reason}}};
}

}  // namespace donord
