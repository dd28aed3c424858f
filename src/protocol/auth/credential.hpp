#pragma once

// What an account proves itself with. A password given in configuration is not kept: its digest verifies everything
// that the password would.
//
//   credential     empty response  fast (scramble)       full (password)  native (scramble)
//   NoPassword     yes             no                    no               no
//   FastDigest     no              yes                   yes              no
//   StoredHash     no              when cached           yes              no
//   NativeDigest   no              no                    no               yes

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "protocol/auth/password_hash.hpp"
#include "protocol/auth/scramble.hpp"
#include "protocol/auth/secret.hpp"

namespace donord {

/// The account logs in without a password, and only without one.
struct NoPassword {
  bool operator==(const NoPassword&) const = default;
};

/// A hash from mysql.user, and the fast digest once a full authentication has shown it.
struct StoredHash {
  CachingSha2Hash hash;
  std::optional<FastDigest> cached;
  bool operator==(const StoredHash&) const = default;
};

using Credential = std::variant<NoPassword, FastDigest, StoredHash, NativeDigest>;

/// Errors: `usage` for an empty password; an account without one is a `NoPassword`, chosen in so many words.
[[nodiscard]] Result<Credential> credential_from_password(const Secret& password);
/// From a hash of mysql.user: "*...", "$A$..." or "0x2441...".
[[nodiscard]] Result<Credential> credential_from_hash(std::string_view stored);

/// The authentication plugin that the client has to use for this credential.
[[nodiscard]] std::string_view plugin_for(const Credential& credential);

[[nodiscard]] bool accepts_empty(const Credential& credential);
[[nodiscard]] bool accepts_fast(const Credential& credential, ByteView scramble, const Nonce& nonce);
[[nodiscard]] bool accepts_password(const Credential& credential, ByteView password);
[[nodiscard]] bool accepts_native(const Credential& credential, ByteView scramble, const Nonce& nonce);

/// An account as the client of this folder knows it: who logs in, and how that is proven. Rights are not its business.
struct Account {
  std::string user;
  std::string host = "%";  ///< the host pattern that matched, for messages
  Credential credential;
};

}  // namespace donord
