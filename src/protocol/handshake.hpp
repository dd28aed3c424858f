#pragma once

// The messages between connect and the OK that ends authentication (docs/wire-and-clone-rpc.md, "Connect sequence"):
//
//   server  HandshakeV10                                    seq 0
//   client  SslRequest, then TLS on the same socket         seq 1    only if TLS is wanted and offered
//   client  HandshakeResponse41                             seq 1/2
//   server  AuthSwitchRequest or AuthMoreData, client raw   as often as the plugin needs, seq + 1 each
//   server  OkPacket or ErrPacket                           (generic_response.hpp)
//
// Strings that end with a NUL on the wire must not hold one when they are encoded.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "protocol/capabilities.hpp"
#include "protocol/nonce.hpp"

namespace donord {

inline constexpr std::string_view kCachingSha2Password = "caching_sha2_password";
inline constexpr std::string_view kMysqlNativePassword = "mysql_native_password";

/// utf8mb4_0900_ai_ci, the collation of a stock server and client since 8.0. The handshake has one byte for it.
inline constexpr std::uint8_t kDefaultCollation = 255;

/// Server -> client, first packet of a connection. Integers are little-endian.
///
///   0    u8            10, protocol version
///   1    string NUL    server version
///   +0   u32           connection id, the one that KILL CONNECTION names
///   +4   8 bytes       nonce, first part
///   +12  u8            0
///   +13  u16           capabilities, low half
///   +15  u8            collation id
///   +16  u16           status flags
///   +18  u16           capabilities, high half
///   +20  u8            21, nonce length with its NUL; 0 without plugin_auth
///   +21  10 bytes      0
///   +31  12 bytes + 0  nonce, second part
///   +44  string NUL    authentication plugin; only with plugin_auth
///
/// Source: MySQL manual, "Protocol::HandshakeV10"; docs/wire-and-clone-rpc.md, "HandshakeV10 the donor sends".
struct HandshakeV10 {
  static constexpr std::string_view kName = "HandshakeV10";
  static constexpr std::uint8_t kProtocolVersion = 10;
  static constexpr std::uint8_t kAuthDataLength = Nonce::kSize + 1;

  std::string server_version;
  ConnectionId connection_id;
  Nonce nonce;
  Capabilities capabilities;
  std::uint8_t collation = kDefaultCollation;
  StatusFlags status{ServerStatus::autocommit};
  std::string auth_plugin{kCachingSha2Password};

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("protocol_version", kProtocolVersion);
    io.cstring("server_version", m.server_version);
    io.u32le("connection_id", m.connection_id);

    std::array<std::uint8_t, 8> nonce_1{};
    std::array<std::uint8_t, 12> nonce_2{};
    auto capabilities_low = static_cast<std::uint16_t>(m.capabilities.value());
    auto capabilities_high = static_cast<std::uint16_t>(m.capabilities.value() >> 16);
    std::copy_n(m.nonce.bytes.begin(), nonce_1.size(), nonce_1.begin());
    std::copy_n(m.nonce.bytes.begin() + nonce_1.size(), nonce_2.size(), nonce_2.begin());

    io.fixed("nonce_1", nonce_1);
    io.constant("nonce_1_end", 0);
    io.u16le("capabilities_low", capabilities_low);
    io.u8("collation", m.collation);
    io.u16le("status", m.status);
    io.u16le("capabilities_high", capabilities_high);
    if constexpr (Io::kDecoding) m.capabilities = Capabilities{capabilities_high * 0x10000U + capabilities_low};
    const bool plugin_auth = m.capabilities.has(Capability::plugin_auth);
    io.constant("auth_data_length", plugin_auth ? kAuthDataLength : 0);
    io.filler("reserved", 10);
    io.fixed("nonce_2", nonce_2);
    io.constant("nonce_2_end", 0);
    if constexpr (Io::kDecoding) {
      std::copy(nonce_1.begin(), nonce_1.end(), m.nonce.bytes.begin());
      std::copy(nonce_2.begin(), nonce_2.end(), m.nonce.bytes.begin() + nonce_1.size());
      m.auth_plugin.clear();
    }
    if (plugin_auth) io.cstring("auth_plugin", m.auth_plugin);
  }
  bool operator==(const HandshakeV10&) const = default;
};

/// The fields that SslRequest consists of and HandshakeResponse41 starts with. 32 bytes: u32 LE capabilities; u32 LE
/// largest packet the client accepts, in bytes; u8 collation id; 23 bytes 0.
struct ClientHello {
  static constexpr std::size_t kSize = 32;

  Capabilities capabilities;
  std::uint32_t max_packet_bytes = 0;
  std::uint8_t collation = kDefaultCollation;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u32le("capabilities", m.capabilities);
    io.u32le("max_packet_bytes", m.max_packet_bytes);
    io.u8("collation", m.collation);
    io.filler("filler", 23);
    if (!m.capabilities.has(Capability::protocol_41)) io.fail("capabilities", "a client older than protocol 4.1");
  }
  bool operator==(const ClientHello&) const = default;
};

/// Client -> server: TLS starts with the next byte. The client may send it and its first TLS record in one segment.
/// Source: MySQL manual, "Protocol::SSLRequest"; docs/wire-and-clone-rpc.md, "TLS".
struct SslRequest {
  static constexpr std::string_view kName = "SslRequest";

  ClientHello hello;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.nested("hello", m.hello);
    if (!m.hello.capabilities.has(Capability::ssl)) io.fail("capabilities", "no TLS in a request for TLS");
  }
  bool operator==(const SslRequest&) const = default;
};

/// Whether a client's first packet asks for TLS: what tells it from a HandshakeResponse41 is its length.
[[nodiscard]] inline bool is_ssl_request(ByteView payload) {
  return payload.size() == ClientHello::kSize;
}

/// One name and value that a client tells about itself, each a length-encoded string.
struct ConnectAttribute {
  std::string name;
  std::string value;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.lenenc_text("name", m.name);
    io.lenenc_text("value", m.value);
  }
  bool operator==(const ConnectAttribute&) const = default;
};

/// The sum of all attributes on the wire, as in mysqld.
inline constexpr std::size_t kMaxConnectAttributeBytes = 65536;
/// Clients send about ten. Without a limit, attributes of two bytes each would take 32 times their size in memory, from
/// clients that have not logged in.
inline constexpr std::size_t kMaxConnectAttributes = 128;

/// Client -> server. `ClientHello`, then
///
///   string NUL      user
///   lenenc string   authentication response; without plugin_auth_lenenc_data u8 length + bytes, and without
///                   secure_connection as well string NUL
///   string NUL      database; only with connect_with_db
///   string NUL      plugin that made the response; only with plugin_auth
///   lenenc length,  pairs of lenenc strings; only with connect_attributes
///
/// where "with" means that both sides announced the capability.
/// Source: MySQL manual, "Protocol::HandshakeResponse41"; docs/wire-and-clone-rpc.md, "SSLRequest /
/// HandshakeResponse41 R sends".
struct HandshakeResponse41 {
  static constexpr std::string_view kName = "HandshakeResponse41";

  Capabilities server_capabilities;  ///< not on the wire: what the greeting offered

  ClientHello hello;
  std::string user;
  Bytes auth_response;
  std::string database;
  std::string auth_plugin;
  std::vector<ConnectAttribute> connect_attributes;

  /// What is in force on this connection.
  [[nodiscard]] Capabilities effective() const { return hello.capabilities & server_capabilities; }
  /// The value of a connection attribute, empty when the client did not send it.
  [[nodiscard]] std::string_view attribute(std::string_view name) const;

  template <class Io, class Self>
  static void layout(Io& io, Self& m);

  bool operator==(const HandshakeResponse41&) const = default;
};

/// Decodes a response to a greeting that offered `server_capabilities`.
[[nodiscard]] Result<HandshakeResponse41> decode_handshake_response(ByteView payload, Capabilities server_capabilities);

/// Server -> client: use another plugin, with this nonce. u8 0xFE; string NUL plugin; 20 bytes nonce; u8 0. At most one
/// in a handshake. Source: MySQL manual, "Protocol::AuthSwitchRequest"; docs/wire-and-clone-rpc.md, "Authentication".
struct AuthSwitchRequest {
  static constexpr std::string_view kName = "AuthSwitchRequest";
  static constexpr std::uint8_t kMarker = 0xFE;

  std::string plugin;
  Nonce nonce;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("marker", kMarker);
    io.cstring("plugin", m.plugin);
    io.fixed("nonce", m.nonce.bytes);
    io.constant("nonce_end", 0);
  }
  bool operator==(const AuthSwitchRequest&) const = default;
};

/// Server -> client: data for the client's plugin. u8 0x01, then the data to the end. What a client sends inside the
/// exchange has no marker. Source: MySQL manual, "Protocol::AuthMoreData".
struct AuthMoreData {
  static constexpr std::string_view kName = "AuthMoreData";
  static constexpr std::uint8_t kMarker = 0x01;

  Bytes data;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("marker", kMarker);
    io.rest("data", m.data);
  }
  bool operator==(const AuthMoreData&) const = default;
};

template <class Io, class Self>
void HandshakeResponse41::layout(Io& io, Self& m) {
  io.nested("hello", m.hello);
  const Capabilities effective = m.effective();
  io.cstring("user", m.user);
  if (effective.has(Capability::plugin_auth_lenenc_data)) {
    io.lenenc_bytes("auth_response", m.auth_response);
  } else if (effective.has(Capability::secure_connection)) {
    auto length = static_cast<std::uint8_t>(m.auth_response.size());
    io.u8("auth_response_length", length);
    io.bytes("auth_response", length, m.auth_response);
  } else {
    std::string response{as_text(m.auth_response)};
    io.cstring("auth_response", response);
    if constexpr (Io::kDecoding) m.auth_response = to_bytes(response);
  }
  if (effective.has(Capability::connect_with_db)) io.cstring("database", m.database);
  if (effective.has(Capability::plugin_auth)) io.cstring("auth_plugin", m.auth_plugin);
  if (effective.has(Capability::connect_attributes)) {
    Bytes attributes;
    if constexpr (Io::kDecoding) {
      io.lenenc_bytes("connect_attributes", attributes);
      if (attributes.size() > kMaxConnectAttributeBytes) return io.fail("connect_attributes", "more than 64 KiB");
      Decoder inner{attributes};
      inner.until_end("connect_attributes", m.connect_attributes, kMaxConnectAttributes);
      if (const Result<> done = inner.finish(); !done) io.fail("connect_attributes", done.error().what);
    } else {
      Encoder inner;
      inner.until_end("connect_attributes", m.connect_attributes, kMaxConnectAttributes);
      attributes = inner.take();
      io.lenenc_bytes("connect_attributes", attributes);
    }
  }
}

}  // namespace donord
