#include "server/accounts.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace donord {
namespace {

using testing::HasSubstr;

HostPattern host(std::string_view text) {
  return HostPattern::parse(text).value();
}

bool matches(std::string_view pattern, std::string_view peer) {
  return host(pattern).matches(parse_peer_address(peer).value());
}

Credential password(std::string_view text) {
  return credential_from_password(Secret{text}).value();
}

ServerAccount account(std::string user, std::initializer_list<std::string_view> hosts, std::string_view secret = "s") {
  ServerAccount made{.user = std::move(user), .hosts = {}, .credential = password(secret)};
  for (const std::string_view text : hosts) made.hosts.push_back(host(text));
  return made;
}

TEST(HostPattern, MatchesExactAddresses) {
  EXPECT_TRUE(matches("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(matches("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(matches("2001:db8::1", "2001:0db8:0::1"));
  EXPECT_FALSE(matches("2001:db8::1", "192.0.2.7"));
}

TEST(HostPattern, MatchesNetworksAtEveryPrefix) {
  EXPECT_TRUE(matches("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(matches("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(matches("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(matches("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(matches("0.0.0.0/0", "192.0.2.1"));
  EXPECT_FALSE(matches("0.0.0.0/0", "::2")) << "not the other family";
  EXPECT_TRUE(matches("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(matches("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(matches("192.0.2.7/32", "192.0.2.7"));
}

TEST(HostPattern, SeesThroughAddressesMappedIntoIpv6) {
  EXPECT_TRUE(matches("192.0.2.7", "::ffff:192.0.2.7"));
  EXPECT_TRUE(matches("::ffff:192.0.2.7", "192.0.2.7"));
}

TEST(HostPattern, TakesLoopbackAndUnixSocketsForLocalhost) {
  EXPECT_TRUE(matches("localhost", "127.0.0.1"));
  EXPECT_TRUE(matches("localhost", "::1"));
  EXPECT_TRUE(matches("localhost", "localhost"));
  EXPECT_TRUE(matches("127.0.0.1", "localhost"));
  EXPECT_FALSE(matches("localhost", "192.0.2.7"));
}

TEST(HostPattern, RefusesWhatIsNoHost) {
  for (const std::string_view text : {"", "donor.example.com", "10.0.0.%", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
                                      "10.0.0.0/8x", "::/129", "%%", "1.2.3", "10.0.0.0/8/8"}) {
    const Result<HostPattern> parsed = HostPattern::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::usage) << text;
  }
}

TEST(HostPattern, NamesTheNetworkThatWasMeant) {
  EXPECT_THAT(HostPattern::parse("10.1.2.3/8").error().what, HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(HostPattern::parse("2001:db8::1/64").error().what, HasSubstr("2001:db8::/64"));
}

TEST(AccountRegistry, KnowsNobodyAtFirst) {
  const AccountRegistry registry;
  EXPECT_FALSE(registry.find("clone", "127.0.0.1"));
}

TEST(AccountRegistry, FindsByUserAndAddress) {
  AccountRegistry registry;
  ASSERT_TRUE(registry.replace({account("clone", {"10.0.0.0/8", "192.0.2.7"})}));
  EXPECT_EQ(registry.find("clone", "10.1.2.3")->host, "10.0.0.0/8");
  EXPECT_EQ(registry.find("clone", "192.0.2.7")->host, "192.0.2.7");
  EXPECT_FALSE(registry.find("clone", "192.0.2.8"));
  EXPECT_FALSE(registry.find("Clone", "192.0.2.7")) << "user names are case-sensitive";
  EXPECT_FALSE(registry.find("", "192.0.2.7"));
  EXPECT_FALSE(registry.find("clone", "no address"));
}

TEST(AccountRegistry, LetsTheMostSpecificHostWin) {
  AccountRegistry registry;
  ServerAccount monitor = account("u", {"10.1.0.0/16"}, "b");
  monitor.privilege = ClonePrivilege::none;
  ASSERT_TRUE(registry.replace({account("u", {"%"}, "a"), monitor, account("u", {"10.0.0.0/8"}, "c"),
                                account("u", {"10.1.2.3"}, "d"), account("u", {"localhost"}, "e")}));
  EXPECT_EQ(registry.find("u", "192.0.2.7")->credential, password("a"));
  EXPECT_EQ(registry.find("u", "10.1.9.9")->credential, password("b"));
  EXPECT_EQ(registry.find("u", "10.1.9.9")->privilege, ClonePrivilege::none);
  EXPECT_EQ(registry.find("u", "10.2.0.0")->credential, password("c"));
  EXPECT_EQ(registry.find("u", "10.1.2.3")->credential, password("d"));
  EXPECT_EQ(registry.find("u", "127.0.0.1")->credential, password("e"));
  EXPECT_EQ(registry.find("u", "::1")->credential, password("e"));
}

TEST(AccountRegistry, RefusesAccountsThatContradictEachOther) {
  AccountRegistry registry;
  ASSERT_TRUE(registry.replace({account("old", {"%"})}));
  EXPECT_THAT(registry.replace({account("u", {"%"}), account("u", {"%"})}).error().what,
              HasSubstr("'u'@'%' is defined twice"));
  EXPECT_FALSE(registry.replace({account("u", {"10.0.0.1", "10.0.0.1/32"})})) << "the same host, written differently";
  EXPECT_FALSE(registry.replace({account("", {"%"})}));
  EXPECT_FALSE(registry.replace({account("u", {})}));
  EXPECT_TRUE(registry.find("old", "192.0.2.7")) << "a refused replacement changes nothing";
}

TEST(AccountRegistry, TakesAnEmptyPasswordOnlyWhenAllowed) {
  AccountRegistry registry;
  ServerAccount open{.user = "u", .hosts = {host("%")}, .credential = NoPassword{}};
  EXPECT_THAT(registry.replace({open}).error().hint, HasSubstr("--allow-empty-password"));
  open.allow_empty_password = true;
  EXPECT_TRUE(registry.replace({open}));
}

TEST(AccountRegistry, ReplacesAllAccountsAtOnce) {
  AccountRegistry registry;
  ASSERT_TRUE(registry.replace({account("a", {"%"}), account("b", {"%"})}));
  ASSERT_TRUE(registry.replace({account("b", {"10.0.0.0/8"})}));
  EXPECT_FALSE(registry.find("a", "10.0.0.1"));
  EXPECT_FALSE(registry.find("b", "192.0.2.7"));
  EXPECT_TRUE(registry.find("b", "10.0.0.1"));
}

TEST(AccountRegistry, ServesTheAuthenticationMachine) {
  AccountRegistry registry;
  ASSERT_TRUE(registry.replace({account("clone", {"%"})}));
  const AccountLookup lookup = registry.lookup();
  const std::optional<Account> found = lookup("clone", "192.0.2.7");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "clone");
  EXPECT_EQ(found->host, "%");
  EXPECT_FALSE(lookup("other", "192.0.2.7"));
}

TEST(AccountRegistry, RemembersTheDigestThatAFullAuthenticationShowed) {
  AccountRegistry registry;
  const CachingSha2Hash hash = CachingSha2Hash::of(as_bytes("secret"));
  const ServerAccount stored{.user = "u", .hosts = {host("%")}, .credential = StoredHash{hash, {}}};
  ASSERT_TRUE(registry.replace({stored}));
  const Account before = registry.lookup()("u", "192.0.2.7").value();
  const FastDigest digest = fast_digest(as_bytes("secret"));
  registry.learned(before, digest);
  EXPECT_EQ(std::get<StoredHash>(registry.find("u", "192.0.2.7")->credential).cached, digest);

  const CachingSha2Hash other = CachingSha2Hash::of(as_bytes("changed"));
  ASSERT_TRUE(
      registry.replace({ServerAccount{.user = "u", .hosts = {host("%")}, .credential = StoredHash{other, {}}}}));
  registry.learned(before, digest);
  EXPECT_FALSE(std::get<StoredHash>(registry.find("u", "192.0.2.7")->credential).cached)
      << "a digest of the old password must not open the account";
}

TEST(AccountRegistry, IsReplacedWhileOthersLookUp) {
  AccountRegistry registry;
  ASSERT_TRUE(registry.replace({account("u", {"%"})}));
  std::atomic<bool> stop = false;
  std::jthread reader{[&] {
    while (!stop) EXPECT_TRUE(registry.find("u", "192.0.2.7"));
  }};
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(registry.replace({account("u", {"%"}), account("v", {"%"})}));
  stop = true;
}

}  // namespace
}  // namespace donord
