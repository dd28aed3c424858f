#include "clone/parameters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace donord {
namespace {

using ::testing::ElementsAre;

CloneParameters parameters() {
  return {.version = "9.7.4",
          .maturity = "LTS",
          .reconnect_minutes = 7,
          .plugins = {{"clone", "mysql_clone.so"}, {"InnoDB", ""}},
          .collations = {"binary"},
          .configs = {{"innodb_page_size", "16384"}}};
}

const Bytes kConfigVersion = encode(ConfigResponse{"version", "9.7.4"});
const Bytes kConfigPageSize = encode(ConfigResponse{"innodb_page_size", "16384"});
const Bytes kReconnect = encode(ConfigV3Response{"clone_donor_timeout_after_network_failure", "7"});
const Bytes kJson = encode(ConfigV4Response{"json_configs", R"({"version":"9.7.4","maturity":"LTS"})"});
const Bytes kCollation = encode(CollationResponse{"binary"});

TEST(Negotiate, TakesTheLowerVersion) {
  EXPECT_EQ(*negotiate(CloneProtocol::v1), CloneProtocol::v1);
  EXPECT_EQ(*negotiate(CloneProtocol::v3), CloneProtocol::v3);
  EXPECT_EQ(*negotiate(CloneProtocol::v4), CloneProtocol::v4);
  EXPECT_EQ(*negotiate(static_cast<CloneProtocol>(0x0104)), CloneProtocol::v4);
  EXPECT_EQ(*negotiate(static_cast<CloneProtocol>(0xFFFFFFFF)), CloneProtocol::v4);
}

TEST(Negotiate, RefusesWhatIsOlderThanTheFirstVersion) {
  EXPECT_EQ(negotiate(static_cast<CloneProtocol>(0x00FF)).error().code, Errc::unsupported_version);
  EXPECT_EQ(negotiate(static_cast<CloneProtocol>(0)).error().code, Errc::unsupported_version);
}

TEST(ParameterMessages, ComeInTheOrderOfAStockDonor) {
  EXPECT_THAT(parameter_messages(CloneProtocol::v4, parameters()),
              ElementsAre(encode(PluginV2Response{"clone", "mysql_clone.so"}), encode(PluginV2Response{"InnoDB", ""}),
                          kCollation, kConfigVersion, kConfigPageSize, kReconnect, kJson));
}

TEST(ParameterMessages, AreOnlyThoseThatTheNegotiatedVersionKnows) {
  const Bytes v2_clone = encode(PluginV2Response{"clone", "mysql_clone.so"});
  const Bytes v2_innodb = encode(PluginV2Response{"InnoDB", ""});
  EXPECT_THAT(parameter_messages(CloneProtocol::v3, parameters()),
              ElementsAre(v2_clone, v2_innodb, kCollation, kConfigVersion, kConfigPageSize, kReconnect));
  EXPECT_THAT(parameter_messages(CloneProtocol::v2, parameters()),
              ElementsAre(v2_clone, v2_innodb, kCollation, kConfigVersion, kConfigPageSize));
  EXPECT_THAT(parameter_messages(CloneProtocol::v1, parameters()),
              ElementsAre(encode(PluginResponse{"clone"}), encode(PluginResponse{"InnoDB"}), kCollation, kConfigVersion,
                          kConfigPageSize));
}

TEST(ParametersFor, PresentTheSourcesVersionOrAnother) {
  const SourceIdentity source{.server_version = "9.6.0", .page_size_bytes = 8192};
  EXPECT_EQ(parameters_for({}, source).version, "9.6.0");
  EXPECT_EQ(parameters_for({}, source).maturity, "INNOVATION");
  const CloneParameters other = parameters_for({.present_version = "9.7.5"}, source);
  EXPECT_EQ(other.version, "9.7.5");
  EXPECT_EQ(other.maturity, "LTS");
  EXPECT_THAT(other.configs, ElementsAre(std::pair{std::string{"innodb_page_size"}, std::string{"8192"}}));
}

TEST(Maturity, IsLtsForTheLongTermSeries) {
  EXPECT_EQ(maturity_of("9.7.4-2"), "LTS");
  EXPECT_EQ(maturity_of("8.4.0"), "LTS");
  EXPECT_EQ(maturity_of("9.6.0"), "INNOVATION");
  EXPECT_EQ(maturity_of("9.70.0"), "INNOVATION");
}

}  // namespace
}  // namespace donord
