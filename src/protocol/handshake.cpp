#include "protocol/handshake.hpp"

namespace donord {

std::string_view HandshakeResponse41::attribute(std::string_view name) const {
  const auto found = std::find_if(connect_attributes.begin(), connect_attributes.end(),
                                  [&](const ConnectAttribute& attribute) { return attribute.name == name; });
  return found == connect_attributes.end() ? std::string_view{} : std::string_view{found->value};
}

Result<HandshakeResponse41> decode_handshake_response(ByteView payload, Capabilities server_capabilities) {
  HandshakeResponse41 response;
  response.server_capabilities = server_capabilities;
  if (const Result<> done = decode_into(payload, response); !done) return done.error();
  return response;
}

}  // namespace donord
