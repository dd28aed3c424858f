#pragma once

// What a donor tells a recipient before the locators. A recipient checks only what it is sent, with one exception: it
// needs the donor's version in the form of the negotiated protocol (docs/wire-and-clone-rpc.md, "What R validates").

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "clone/donor_source.hpp"
#include "clone/messages.hpp"

namespace donord {

struct CloneParameters {
  std::string version;   ///< "9.7.4"; compared by the recipient with its own
  std::string maturity;  ///< "LTS" or "INNOVATION"
  /// Minutes that a recipient keeps trying to reconnect (`clone_donor_timeout_after_network_failure`).
  std::uint32_t reconnect_minutes = 5;
  std::vector<std::pair<std::string, std::string>> plugins;  ///< name, shared object ("" for a built-in one)
  std::vector<std::string> collations;
  /// Compared one by one with the recipient's global variables of these names.
  std::vector<std::pair<std::string, std::string>> configs;
};

/// What the operator lets recipients be told, beside what the protocol needs.
struct ParameterChoice {
  std::string present_version;  ///< instead of the source's; empty for that one
  bool page_size = true;
  std::uint32_t reconnect_minutes = 5;
  std::vector<std::pair<std::string, std::string>> plugins;
  std::vector<std::string> collations;
  std::vector<std::pair<std::string, std::string>> configs;
};

/// The version that this donor says it has, here and in its greeting.
[[nodiscard]] std::string presented_version(const ParameterChoice& choice, const SourceIdentity& identity);

/// The choice, filled in with what the source is.
[[nodiscard]] CloneParameters parameters_for(const ParameterChoice& choice, const SourceIdentity& identity);

/// The version both speak: the lower one. `Errc::unsupported_version` below 0x0100.
[[nodiscard]] Result<CloneProtocol> negotiate(CloneProtocol offered);

/// The messages of COM_INIT's answer that come before COM_RES_LOCS.
[[nodiscard]] std::vector<Bytes> parameter_messages(CloneProtocol negotiated, const CloneParameters& parameters);

/// "LTS" for the series that are, "INNOVATION" for the others.
[[nodiscard]] std::string maturity_of(std::string_view server_version);

}  // namespace donord
