// Any text as a statement of an ordinary client. Rows have as many values as there are columns, and errors a number,
// an SQLSTATE and a text.

#include <cstdlib>

#include "server/host_pattern.hpp"
#include "server/sql_front.hpp"
#include "server/sql_variables.hpp"

namespace donord {
namespace {

SqlContext make_context() {
  SqlContext context;
  context.connection = ConnectionId{2};
  context.user = context.account.user = "clone";
  context.account.host = "%";
  context.variables = donor_variables({});
  context.processes = {{ConnectionId{1}, "clone", "192.0.2.7:1", "", "Sleep", {}}};
  SessionRecord session;
  session.stages = {StageRecord{SessionStage::init, 0, 1000, 0, {}},
                    StageRecord{SessionStage::file_copy, 1000, {}, 9, {}}};
  context.last_session = session;
  return context;
}

void check(const SqlReply& reply) {
  if (const auto* result = std::get_if<TextResultSet>(&reply)) {
    if (result->columns.empty()) std::abort();
    for (const TextRow& row : result->rows)
      if (row.size() != result->columns.size()) std::abort();
  }
  if (const auto* error = std::get_if<MysqlError>(&reply))
    if (error->number < 1000 || error->sql_state.size() != 5 || error->message.empty()) std::abort();
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  static const SqlContext context = make_context();
  const std::string_view text = as_text({data, size});
  check(answer_sql(text, context));

  const Result<HostPattern> host = HostPattern::parse(text);
  const auto peer = parse_peer_address("192.0.2.7");
  if (host) (void)host->matches(*peer);
  return 0;
}
