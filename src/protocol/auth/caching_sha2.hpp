#pragma once

// The single bytes that caching_sha2_password exchanges, for both sides.
// Source: docs/wire-and-clone-rpc.md, "Authentication"; MySQL manual, "caching_sha2_password information".

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace donord {

/// Server, in AuthMoreData: the scramble was right; an OK packet follows.
inline constexpr std::uint8_t kFastAuthSuccess = 0x03;
/// Server, in AuthMoreData: send the password itself.
inline constexpr std::uint8_t kPerformFullAuth = 0x04;
/// Client, on a connection without TLS: send the RSA public key first. The server's answer is its PEM in AuthMoreData.
inline constexpr std::uint8_t kRequestPublicKey = 0x02;

/// The longest password packet of the full exchange, with its NUL.
inline constexpr std::size_t kMaxPasswordPacketBytes = 512;

/// Whether the bytes of a connection can be read on the way. A Unix socket counts as secure.
enum class Channel { plain, secure };

/// Whether a response stands for the empty password: nothing, or a lone NUL.
[[nodiscard]] inline bool is_empty_password(ByteView response) {
  return response.empty() || (response.size() == 1 && response.front() == 0);
}

}  // namespace donord
