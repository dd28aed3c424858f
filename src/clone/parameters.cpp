#include "clone/parameters.hpp"

#include <algorithm>

namespace donord {

std::string presented_version(const ParameterChoice& choice, const SourceIdentity& identity) {
  return choice.present_version.empty() ? identity.server_version : choice.present_version;
}

CloneParameters parameters_for(const ParameterChoice& choice, const SourceIdentity& identity) {
  const std::string version = presented_version(choice, identity);
  CloneParameters parameters{.version = version,
                             .maturity = maturity_of(version),
                             .reconnect_minutes = choice.reconnect_minutes,
                             .plugins = choice.plugins,
                             .collations = choice.collations,
                             .configs = choice.configs};
  if (choice.page_size)
    parameters.configs.emplace_back("innodb_page_size", fmt::format("{}", identity.page_size_bytes));
  return parameters;
}

Result<CloneProtocol> negotiate(CloneProtocol offered) {
  if (offered < CloneProtocol::v1)
    return Error{Errc::unsupported_version,
                 fmt::format("clone protocol version 0x{:04x} is not supported", static_cast<std::uint32_t>(offered))};
  return std::min(offered, CloneProtocol::v4);
}

std::vector<Bytes> parameter_messages(CloneProtocol negotiated, const CloneParameters& parameters) {
  std::vector<Bytes> messages;
  for (const auto& [name, shared_object] : parameters.plugins) {
    if (negotiated == CloneProtocol::v1)
      messages.push_back(encode(PluginResponse{name}));
    else
      messages.push_back(encode(PluginV2Response{name, shared_object}));
  }
  for (const std::string& collation : parameters.collations) messages.push_back(encode(CollationResponse{collation}));

  messages.push_back(encode(ConfigResponse{"version", parameters.version}));
  for (const auto& [name, value] : parameters.configs) messages.push_back(encode(ConfigResponse{name, value}));
  if (negotiated >= CloneProtocol::v3)
    messages.push_back(encode(ConfigV3Response{"clone_donor_timeout_after_network_failure",
                                               fmt::format("{}", parameters.reconnect_minutes)}));
  if (negotiated >= CloneProtocol::v4)
    messages.push_back(encode(ConfigV4Response{"json_configs", fmt::format(R"({{"version":"{}","maturity":"{}"}})",
                                                                           parameters.version, parameters.maturity)}));
  return messages;
}

std::string maturity_of(std::string_view server_version) {
  const bool lts = server_version.starts_with("8.4.") || server_version.starts_with("9.7.");
  return lts ? "LTS" : "INNOVATION";
}

}  // namespace donord
