// The login at a hostile server. The first byte chooses TLS mode and transport; the rest is cut into packets by a
// length byte in front of each. Whatever the server says, the password is sent as it is on a secure channel only.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "upstream/upstream_login.hpp"

namespace donord {
namespace {

constexpr std::string_view kPassword = "a password that no input holds";

UpstreamOptions options_of(std::uint8_t choice) {
  UpstreamOptions options = parse_upstream((choice & 8) != 0 ? "clone@/run/s" : "clone@db1").value();
  options.tls_mode = static_cast<TlsMode>((choice & 7) % 5);
  options.password = Secret{kPassword};
  return options;
}

void expect_no_password(ByteView sent) {
  if (as_text(sent).find(kPassword) != std::string_view::npos) std::abort();
}

void log_in(const UpstreamOptions& options, ByteView input) {
  UpstreamLogin login{options};
  bool secure = options.over_socket();
  while (!input.empty()) {
    const std::size_t count = std::min<std::size_t>(input.front() * 2U, input.size() - 1);
    const Result<UpstreamLogin::Step> step = login.on_packet(input.subspan(1, count));
    input = input.subspan(1 + count);
    if (!step) return;
    if (const auto* const start = std::get_if<UpstreamLogin::StartTls>(&*step)) {
      if (options.tls_mode == TlsMode::disabled || !is_ssl_request(start->payload)) std::abort();
      secure = true;
      (void)login.on_tls_started();
    } else if (const auto* const send = std::get_if<UpstreamLogin::Send>(&*step)) {
      if (!secure && options.tls_mode >= TlsMode::required) std::abort();
      if (!secure) expect_no_password(send->payload);
    }
  }
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  donord::log_in(donord::options_of(data[0]), {data + 1, size - 1});
  return 0;
}
