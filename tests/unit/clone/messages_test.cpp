#include "clone/messages.hpp"

#include <gtest/gtest.h>

#include "clone/descriptors.hpp"
#include "support/damage.hpp"
#include "support/hex.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using testing::from_hex;
using testing::SeededRandom;
using testing::survives_damage;
using testing::to_hex;

/// The payload of a packet that is written with its 4-byte header.
Bytes payload_of(const Bytes& packet) {
  EXPECT_EQ(load_le<3>(packet.data()), packet.size() - 4);
  EXPECT_EQ(packet[3], 0) << "every message of the clone RPC starts at sequence 0";
  return {packet.begin() + 4, packet.end()};
}

Bytes with_text(std::string_view head, std::string_view text, std::string_view tail = {},
                std::string_view second_text = {}) {
  Bytes bytes = from_hex(head);
  append(bytes, as_bytes(text));
  append(bytes, from_hex(tail));
  append(bytes, as_bytes(second_text));
  return bytes;
}

template <class Message>
void is_written_as(const Message& value, const Bytes& bytes) {
  EXPECT_EQ(to_hex(encode(value)), to_hex(bytes)) << Message::kName;
  const Result<Message> decoded = decode<Message>(bytes);
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(*decoded, value) << Message::kName;
  survives_damage<Message>(bytes);
}

template <class Message>
void round_trips(const Message& value) {
  const Result<Message> decoded = decode<Message>(encode(value));
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(*decoded, value) << Message::kName;
}

EngineLocator random_engine_locator(SeededRandom& random) {
  return {random.number<std::uint8_t>(), random.bytes(0x10001)};
}

std::vector<EngineLocator> random_engine_locators(SeededRandom& random) {
  std::vector<EngineLocator> locators(random.below(4));
  for (EngineLocator& locator : locators) locator = random_engine_locator(random);
  return locators;
}

// The examples are those of docs/wire-and-clone-rpc.md, "Commands R->D" and "Responses D->R".

TEST(InitCommand, OfADefaultRecipient) {
  Bytes packet =
      from_hex("8e 00 00 00 | 01 | 03 01 00 00 | 2c 01 00 80 | 0c | 80 00 00 00 | 00 00 00 64 00 00 00 22 00 00 00 01");
  packet.resize(4 + 142);
  const Bytes payload = payload_of(packet);

  Locator version_locator;
  version_locator.padding.resize(94);
  is_written_as(InitCommand{CloneCommand::init,
                            CloneProtocol::v4,
                            InitCommand::kNoBackupLock | 300,
                            {EngineLocator{kEngineInnodb, encode(version_locator)}}},
                payload);
}

TEST(InitCommand, SaysHowLongToWaitForTheBackupLock) {
  EXPECT_EQ(InitCommand{.ddl = 300}.backup_lock_wait(), std::chrono::seconds{300});
  EXPECT_FALSE(InitCommand{.ddl = InitCommand::kNoBackupLock | 300}.backup_lock_wait());
  EXPECT_FALSE(InitCommand{.ddl = 0}.backup_lock_wait());
}

TEST(InitCommand, WithMoreLocatorsThanThereAreEnginesIsRefused) {
  InitCommand command{.locators = std::vector<EngineLocator>(kMaxLocators)};
  round_trips(command);
  command.locators.emplace_back();
  EXPECT_EQ(decode<InitCommand>(encode(command)).error().code, Errc::malformed);
  EXPECT_EQ(decode<LocsResponse>(encode(LocsResponse{.locators = command.locators})).error().code, Errc::malformed);
}

TEST(AckCommand, OfAStateIs94BytesLong) {
  const StateDescriptor end{.state = CloneState::file_copy, .chunks = 5, .files = 3, .flags = StateDescriptor::kAck};
  const AckCommand ack{0, EngineLocator{kEngineInnodb, encode(Locator{})}, encode(end)};
  const Bytes bytes = encode(ack);
  EXPECT_EQ(bytes.size(), 94U);
  EXPECT_EQ(to_hex(ByteView{bytes}.first(10)),
            "05"
            "00000000"
            "0c"
            "22000000");
  EXPECT_EQ(to_hex(ByteView{bytes}.subspan(44, 4)), "2e000000");
  is_written_as(ack, bytes);
}

TEST(AckCommand, OfAFailureHasNoDescriptor) {
  is_written_as(AckCommand{1026, EngineLocator{kEngineInnodb, Bytes{1, 2, 3}}, {}},
                from_hex("05 | 02 04 00 00 | 0c 03 00 00 00 01 02 03 | 00 00 00 00"));
}

TEST(ConfigResponse, HasNameAndValue) {
  is_written_as(ConfigResponse{"innodb_page_size", "16384"},
                payload_of(with_text("1e 00 00 00 05 10 00 00 00", "innodb_page_size", "05 00 00 00", "16384")));
}

TEST(PluginV2Response, HasNameAndSharedObject) {
  is_written_as(PluginV2Response{"clone", "mysql_clone.so"},
                payload_of(with_text("1c 00 00 00 07 05 00 00 00", "clone", "0e 00 00 00", "mysql_clone.so")));
  is_written_as(PluginV2Response{"InnoDB", ""}, with_text("07 06 00 00 00", "InnoDB", "00 00 00 00"));
}

TEST(PluginResponse, HasANameAlone) {
  is_written_as(PluginResponse{"InnoDB"}, with_text("04 06 00 00 00", "InnoDB"));
}

TEST(CollationResponse, HasAName) {
  is_written_as(CollationResponse{"utf8mb4_0900_ai_ci"},
                payload_of(with_text("17 00 00 00 06 12 00 00 00", "utf8mb4_0900_ai_ci")));
}

TEST(ConfigV3Response, TellsTheReconnectWindow) {
  is_written_as(ConfigV3Response{"clone_donor_timeout_after_network_failure", "5"},
                payload_of(with_text("33 00 00 00 08 29 00 00 00", "clone_donor_timeout_after_network_failure",
                                     "01 00 00 00", "5")));
}

TEST(ConfigV4Response, TellsTheVersionInJson) {
  is_written_as(ConfigV4Response{"json_configs", R"({"version":"9.7.4","maturity":"LTS"})"},
                payload_of(with_text("39 00 00 00 09 0c 00 00 00", "json_configs", "24 00 00 00",
                                     R"({"version":"9.7.4","maturity":"LTS"})")));
}

TEST(LocsResponse, CarriesTheDonorsLocator) {
  const Locator locator{.clone_id = CloneId{1}, .snapshot_id = SnapshotId{2}, .state = CloneState::init};
  is_written_as(LocsResponse{CloneProtocol::v4, {EngineLocator{kEngineInnodb, encode(locator)}}},
                payload_of(from_hex("2c 00 00 00 01 03 01 00 00 0c 22 00 00 00  00000064 00000022 00000001"
                                    "0000000000000001 0000000000000002 00000000 01 00")));
}

TEST(DataDescResponse, PutsEngineAndIndexBeforeTheDescriptor) {
  const Bytes bytes = data_desc_response(TaskDescriptor{});
  EXPECT_EQ(to_hex(ByteView{bytes}.first(3)), "020c00");
  is_written_as(DataDescResponse{kEngineInnodb, 0, encode(TaskDescriptor{})}, bytes);
}

TEST(CompleteResponse, IsItsCodeAlone) {
  EXPECT_EQ(complete_response(), payload_of(from_hex("01 00 00 00 63")));
}

TEST(ErrorResponse, HasAMessageWithoutNul) {
  is_written_as(ErrorResponse{3634, "Too many concurrent clone operations. Maximum allowed - 1."},
                with_text("64 32 0e 00 00", "Too many concurrent clone operations. Maximum allowed - 1."));
}

TEST(Messages, AreRefusedUnderAnotherCode) {
  EXPECT_EQ(decode<ConfigResponse>(encode(ConfigV3Response{"a", "b"})).error().what,
            "PairResponse.response at 1: expected 0x05, found 0x08");
  EXPECT_FALSE(decode<ErrorResponse>(complete_response()));
  EXPECT_FALSE(decode<AckCommand>(encode(InitCommand{})));
}

TEST(Messages, WithALengthThatLiesAreRefusedBeforeAnythingIsAllocated) {
  EXPECT_EQ(decode<CollationResponse>(from_hex("06 ff ff ff ff 61")).error().code, Errc::truncated);
  EXPECT_EQ(decode<InitCommand>(from_hex("01 03 01 00 00 00 00 00 00 0c ff ff ff ff 00")).error().code,
            Errc::truncated);
}

TEST(Messages, RoundTripWithAnyContent) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const auto u32 = [&] { return random.number<std::uint32_t>(); };
    const auto text = [&] { return std::string{as_text(random.bytes(0x10001))}; };

    round_trips(InitCommand{static_cast<CloneCommand>(random.number<std::uint8_t>()), static_cast<CloneProtocol>(u32()),
                            u32(), random_engine_locators(random)});
    round_trips(AckCommand{u32(), random_engine_locator(random), random.bytes(300)});
    round_trips(LocsResponse{static_cast<CloneProtocol>(u32()), random_engine_locators(random)});
    round_trips(DataDescResponse{random.number<std::uint8_t>(), random.number<std::uint8_t>(), random.bytes(0x10001)});
    round_trips(PluginResponse{text()});
    round_trips(CollationResponse{text()});
    round_trips(PluginV2Response{text(), text()});
    round_trips(ConfigResponse{text(), text()});
    round_trips(ConfigV3Response{text(), text()});
    round_trips(ConfigV4Response{text(), text()});
    round_trips(ErrorResponse{u32(), text()});
  }
}

TEST(InnodbLocator, IsTheOnlyOneThatACommandMayCarry) {
  const EngineLocator innodb{kEngineInnodb, encode(Locator{.clone_id = CloneId{7}})};
  EXPECT_EQ(innodb_locator({innodb})->clone_id, CloneId{7});
  EXPECT_EQ(innodb_locator({}).error().code, Errc::malformed);
  EXPECT_EQ(innodb_locator({innodb, innodb}).error().code, Errc::malformed);
  EXPECT_EQ(innodb_locator({EngineLocator{9, innodb.locator}}).error().code, Errc::malformed);
  EXPECT_EQ(innodb_locator({EngineLocator{kEngineInnodb, Bytes(12)}}).error().code, Errc::malformed);
}

}  // namespace
}  // namespace donord
