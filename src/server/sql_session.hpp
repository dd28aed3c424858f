#pragma once

// Answers a statement of an ordinary client: gathers what the SQL front needs to know, and writes its reply as packets.

#include <string>
#include <vector>

#include "server/client_info.hpp"
#include "server/server_context.hpp"

namespace donord {

/// The payloads of the answer, in order. May block.
[[nodiscard]] std::vector<Bytes> answer_query(ServerContext& context, const ClientInfo& client, std::string& schema,
                                              const std::string& statement);

}  // namespace donord
