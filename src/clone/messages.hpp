#pragma once

// The clone RPC: commands from the recipient, responses from the donor. One message is one logical MySQL packet whose
// first byte is its code; integers are little-endian. Commands start at packet sequence 0, and so does *every* response
// (docs/wire-and-clone-rpc.md, "Clone RPC layer").

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/result.hpp"
#include "clone/locator.hpp"

namespace donord {

enum class CloneCommand : std::uint8_t { init = 1, attach = 2, reinit = 3, execute = 4, ack = 5, exit = 6 };

enum class CloneResponse : std::uint8_t {
  locs = 1,
  data_desc = 2,
  data = 3,
  plugin = 4,  ///< protocol 0x0100 only
  config = 5,
  collation = 6,
  plugin_v2 = 7,  ///< since 0x0101
  config_v3 = 8,  ///< since 0x0102
  config_v4 = 9,  ///< since 0x0103
  complete = 99,
  error = 100,
};

/// Protocol versions. A recipient of series 9.7 aborts when anything below v4 is chosen (observed).
enum class CloneProtocol : std::uint32_t { v1 = 0x0100, v2 = 0x0101, v3 = 0x0102, v4 = 0x0103 };

/// `legacy_db_type` of the only storage engine that clones.
inline constexpr std::uint8_t kEngineInnodb = 12;

/// More locators in a command are refused: a server has one per storage engine that clones, which so far is one in all.
inline constexpr std::size_t kMaxLocators = 16;

/// u8 engine, u32 length, that many bytes: a `Locator`, opaque to the RPC layer.
struct EngineLocator {
  std::uint8_t engine = kEngineInnodb;
  Bytes locator;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u8("engine", m.engine);
    auto length = static_cast<std::uint32_t>(m.locator.size());
    io.u32le("locator_length", length);
    io.bytes("locator", length, m.locator);
  }
  bool operator==(const EngineLocator&) const = default;
};

/// COM_INIT, COM_ATTACH, COM_REINIT: u8 code, u32 version (the highest the recipient speaks; the negotiated one in
/// ATTACH and REINIT), u32 DDL field: bits 0-30 seconds to wait for the backup lock, bit 31 set: take no backup lock;
/// then one locator per engine to the end.
struct InitCommand {
  static constexpr std::string_view kName = "InitCommand";
  static constexpr std::uint32_t kNoBackupLock = 0x80000000;

  CloneCommand command = CloneCommand::init;
  CloneProtocol version = CloneProtocol::v4;
  std::uint32_t ddl = kNoBackupLock | 300;
  std::vector<EngineLocator> locators;

  /// How long the donor shall wait for the backup lock; absent when it shall take none. A recipient that does not wait
  /// (clone_ddl_timeout = 0) does without.
  [[nodiscard]] std::optional<std::chrono::seconds> backup_lock_wait() const {
    if ((ddl & kNoBackupLock) != 0 || ddl == 0) return std::nullopt;
    return std::chrono::seconds{ddl};
  }

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.u8("command", m.command);
    io.u32le("version", m.version);
    io.u32le("ddl", m.ddl);
    io.until_end("locators", m.locators, kMaxLocators);
  }
  bool operator==(const InitCommand&) const = default;
};

/// COM_ACK, on the recipient's second connection: u8 code, u32 error (0: the state in the descriptor is finished; else
/// the recipient has failed with it), one locator, u32 length, that many bytes of a `StateDescriptor`.
struct AckCommand {
  static constexpr std::string_view kName = "AckCommand";

  std::uint32_t error = 0;
  EngineLocator locator;
  Bytes descriptor;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("command", static_cast<std::uint8_t>(CloneCommand::ack));
    io.u32le("error", m.error);
    io.nested("locator", m.locator);
    auto length = static_cast<std::uint32_t>(m.descriptor.size());
    io.u32le("descriptor_length", length);
    io.bytes("descriptor", length, m.descriptor);
  }
  bool operator==(const AckCommand&) const = default;
};

/// COM_RES_LOCS, the last message but one of INIT, ATTACH and REINIT: u32 negotiated version, the locators.
struct LocsResponse {
  static constexpr std::string_view kName = "LocsResponse";

  CloneProtocol version = CloneProtocol::v4;
  std::vector<EngineLocator> locators;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("response", static_cast<std::uint8_t>(CloneResponse::locs));
    io.u32le("version", m.version);
    io.until_end("locators", m.locators, kMaxLocators);
  }
  bool operator==(const LocsResponse&) const = default;
};

/// COM_RES_DATA_DESC: u8 engine, u8 locator index, the descriptor to the end of the packet.
struct DataDescResponse {
  static constexpr std::string_view kName = "DataDescResponse";

  std::uint8_t engine = kEngineInnodb;
  std::uint8_t locator_index = 0;
  Bytes descriptor;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("response", static_cast<std::uint8_t>(CloneResponse::data_desc));
    io.u8("engine", m.engine);
    io.u8("locator_index", m.locator_index);
    io.rest("descriptor", m.descriptor);
  }
  bool operator==(const DataDescResponse&) const = default;
};

/// COM_RES_PLUGIN and COM_RES_COLLATION: one string of u32 length and bytes.
template <CloneResponse Code>
struct NameResponse {
  static constexpr std::string_view kName = "NameResponse";

  std::string name;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("response", static_cast<std::uint8_t>(Code));
    io.text32le("name", m.name);
  }
  bool operator==(const NameResponse&) const = default;
};
using PluginResponse = NameResponse<CloneResponse::plugin>;
using CollationResponse = NameResponse<CloneResponse::collation>;

/// COM_RES_PLUGIN_V2 (name, shared object), COM_RES_CONFIG, _V3 (name, value), _V4 ("json_configs", JSON object).
template <CloneResponse Code>
struct PairResponse {
  static constexpr std::string_view kName = "PairResponse";

  std::string key;
  std::string value;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("response", static_cast<std::uint8_t>(Code));
    io.text32le("key", m.key);
    io.text32le("value", m.value);
  }
  bool operator==(const PairResponse&) const = default;
};
using PluginV2Response = PairResponse<CloneResponse::plugin_v2>;
using ConfigResponse = PairResponse<CloneResponse::config>;
using ConfigV3Response = PairResponse<CloneResponse::config_v3>;
using ConfigV4Response = PairResponse<CloneResponse::config_v4>;

/// COM_RES_ERROR: u32 MySQL error number (at least 1000), message to the end of the packet without NUL. A recipient
/// shows about 500 bytes of it as "Clone Donor Error: <number> : <message>." and does not retry.
struct ErrorResponse {
  static constexpr std::string_view kName = "ErrorResponse";

  std::uint32_t number = 0;
  std::string message;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.constant("response", static_cast<std::uint8_t>(CloneResponse::error));
    io.u32le("number", m.number);
    io.rest("message", m.message);
  }
  bool operator==(const ErrorResponse&) const = default;
};

/// COM_RES_COMPLETE: the code alone.
[[nodiscard]] inline Bytes complete_response() {
  return {static_cast<std::uint8_t>(CloneResponse::complete)};
}

/// COM_RES_DATA_DESC of a descriptor.
template <class Descriptor>
[[nodiscard]] Bytes data_desc_response(const Descriptor& descriptor) {
  return encode(DataDescResponse{kEngineInnodb, 0, encode(descriptor)});
}

/// The InnoDB locator of a command; `Errc::malformed` unless there is exactly one and it is InnoDB's.
[[nodiscard]] Result<Locator> innodb_locator(const std::vector<EngineLocator>& locators);

}  // namespace donord
