#include "upstream/upstream_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using testing::HasSubstr;

std::string name_after_parsing(std::string_view text) {
  const Result<UpstreamOptions> options = parse_upstream(text);
  return options ? options->name() : "error: " + options.error().what;
}

TEST(UpstreamOptions, TakeAHostWithAndWithoutAPort) {
  EXPECT_EQ(name_after_parsing("clone@db1"), "clone@db1:3306");
  EXPECT_EQ(name_after_parsing("clone@10.0.0.7:3307"), "clone@10.0.0.7:3307");
  EXPECT_EQ(name_after_parsing("a@b@db1:1"), "a@b@db1:1");
}

TEST(UpstreamOptions, TakeAnIpv6AddressInBrackets) {
  EXPECT_EQ(name_after_parsing("clone@[::1]"), "clone@[::1]:3306");
  EXPECT_EQ(name_after_parsing("clone@[fe80::1]:3307"), "clone@[fe80::1]:3307");
  EXPECT_EQ(parse_upstream("clone@[::1]:3307")->host, "::1");
}

TEST(UpstreamOptions, TakeASocket) {
  const Result<UpstreamOptions> options = parse_upstream("clone@/run/my@sql/mysqld.sock");
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->over_socket());
  EXPECT_EQ(options->user, "clone");
  EXPECT_EQ(options->socket, "/run/my@sql/mysqld.sock");
  EXPECT_EQ(options->name(), "clone@/run/my@sql/mysqld.sock");
}

TEST(UpstreamOptions, SayWhatIsWrong) {
  EXPECT_THAT(name_after_parsing("db1:3306"), HasSubstr("no user"));
  EXPECT_THAT(name_after_parsing("@db1"), HasSubstr("no user"));
  EXPECT_THAT(name_after_parsing("clone@"), HasSubstr("no host"));
  EXPECT_THAT(name_after_parsing("clone@:3306"), HasSubstr("no host"));
  EXPECT_THAT(name_after_parsing("clone@[]"), HasSubstr("no host"));
  EXPECT_THAT(name_after_parsing("clone@db1:0"), HasSubstr("not a port"));
  EXPECT_THAT(name_after_parsing("clone@db1:65536"), HasSubstr("not a port"));
  EXPECT_THAT(name_after_parsing("clone@db1:33x"), HasSubstr("not a port"));
  EXPECT_THAT(name_after_parsing("clone@db1:"), HasSubstr("not a port"));
  EXPECT_THAT(name_after_parsing("clone@[::1]3306"), HasSubstr("not a port"));
  EXPECT_THAT(name_after_parsing("clone@::1"), HasSubstr("brackets"));
  EXPECT_THAT(name_after_parsing("clone@[::1"), HasSubstr("without ']'"));
  EXPECT_EQ(parse_upstream("clone@").error().code, Errc::usage);
}

TlsMode mode_after(std::string_view mode, const char* ca) {
  UpstreamOptions options = parse_upstream("clone@db1").value();
  set_tls(options, mode, ca).value();
  return options.tls_mode;
}

std::string complaint_about(std::string_view upstream, std::string_view mode, const char* ca) {
  UpstreamOptions options = parse_upstream(upstream).value();
  const Result<> done = set_tls(options, mode, ca);
  return done ? "none" : done.error().what;
}

TEST(UpstreamOptions, VerifyTheCertificateWhenThereIsACa) {
  EXPECT_EQ(mode_after("", ""), TlsMode::preferred);
  EXPECT_EQ(mode_after("", "ca.pem"), TlsMode::verify_ca);
  EXPECT_EQ(mode_after("verify_identity", "ca.pem"), TlsMode::verify_identity);
  EXPECT_EQ(mode_after("Required", ""), TlsMode::required);
  EXPECT_EQ(mode_after("DISABLED", ""), TlsMode::disabled);
}

TEST(UpstreamOptions, RefuseProtectionThatWouldBeNone) {
  EXPECT_THAT(complaint_about("clone@db1", "REQUIRED", "ca.pem"), HasSubstr("no certificate is verified"));
  EXPECT_THAT(complaint_about("clone@db1", "VERIFY_CA", ""), HasSubstr("needs --upstream-ssl-ca"));
  EXPECT_THAT(complaint_about("clone@db1", "ON", ""), HasSubstr("does not know 'ON'"));
  EXPECT_THAT(complaint_about("clone@/s", "VERIFY_IDENTITY", "ca.pem"), HasSubstr("no host name"));
  EXPECT_EQ(complaint_about("clone@/s", "VERIFY_CA", "ca.pem"), "none");
}

}  // namespace
}  // namespace donord
