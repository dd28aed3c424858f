#include "clone/descriptors.hpp"

#include <gtest/gtest.h>

#include "support/damage.hpp"
#include "support/hex.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

using testing::from_hex;
using testing::SeededRandom;
using testing::survives_damage;
using testing::to_hex;

template <class Descriptor>
void is_written_as(const Descriptor& value, const Bytes& bytes) {
  EXPECT_EQ(to_hex(encode(value)), to_hex(bytes)) << Descriptor::kName;
  const Result<Descriptor> decoded = decode<Descriptor>(bytes);
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(*decoded, value) << Descriptor::kName;
  survives_damage<Descriptor>(bytes);
}

template <class Descriptor>
void round_trips(const Descriptor& value) {
  const Result<Descriptor> decoded = decode<Descriptor>(encode(value));
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(*decoded, value) << Descriptor::kName;
}

FileDescriptor big_table() {
  return {.state = CloneState::file_copy,
          .size_bytes = 157401088,
          .allocated_bytes = 157401088,
          .fsp_flags = 0x4021,
          .fs_block_size_bytes = 4096,
          .space = SpaceId{2},
          .index = 2,
          .first_chunk = 3,
          .last_chunk = 5,
          .name = "./test/big.ibd"};
}

CloneState random_state(SeededRandom& random) {
  return static_cast<CloneState>(random.number<std::uint32_t>());
}

// The examples are those of docs/clone-stream.md, "Annotated hex examples".

TEST(TaskDescriptor, OfTheMaster) {
  is_written_as(TaskDescriptor{}, from_hex("00 00 00 64 00 00 00 18 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00"));
}

TEST(StateDescriptor, EndOfInitIsTheFirstStateMessage) {
  is_written_as(StateDescriptor{.state = CloneState::init}, from_hex("00 00 00 64 00 00 00 2e 00 00 00 03"
                                                                     "00 00 00 01"
                                                                     "00 00 00 00 00 00 00 00 00 00 00 00"
                                                                     "00 00 00 00 00 00 00 00"
                                                                     "00 00 00 00 00 00 00 00"
                                                                     "00 00"));
}

TEST(StateDescriptor, StartOfFileCopyAnnouncesChunksFilesAndEstimates) {
  is_written_as(StateDescriptor{.state = CloneState::file_copy,
                                .chunks = 5,
                                .files = 3,
                                .estimate_bytes = 169989000,
                                .estimate_disk_bytes = 274849792,
                                .flags = StateDescriptor::kStart},
                from_hex("00 00 00 64 00 00 00 2e 00 00 00 03"
                         "00 00 00 02"
                         "00 00 00 00"
                         "00 00 00 05"
                         "00 00 00 03"
                         "00 00 00 00 0a 21 d3 88"
                         "00 00 00 00 10 61 e0 00"
                         "00 01"));
}

TEST(StateDescriptor, AckEchoesTheEnd) {
  is_written_as(
      StateDescriptor{.state = CloneState::file_copy, .chunks = 5, .files = 3, .flags = StateDescriptor::kAck},
      from_hex("00 00 00 64 00 00 00 2e 00 00 00 03 00 00 00 02 00 00 00 00 00 00 00 05 00 00 00 03"
               "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02"));
}

TEST(StateDescriptor, EmptyStatesHaveAStartToo) {
  is_written_as(StateDescriptor{.state = CloneState::page_copy, .flags = StateDescriptor::kStart},
                from_hex("00 00 00 64 00 00 00 2e 00 00 00 03 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 00"
                         "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"));
  is_written_as(StateDescriptor{.state = CloneState::done, .flags = StateDescriptor::kStart},
                from_hex("00 00 00 64 00 00 00 2e 00 00 00 03 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 00"
                         "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"));
}

TEST(FileDescriptor, OfATableHasANameThatEndsInNul) {
  is_written_as(big_table(), from_hex("00 00 00 64 00 00 00 4d 00 00 00 04"
                                      "00 00 00 02"
                                      "00 00 00 00 09 61 c0 00"
                                      "00 00 00 00 09 61 c0 00"
                                      "00 00 40 21"
                                      "00 00 10 00"
                                      "00 00"
                                      "00 00 00 02"
                                      "00 00 00 02"
                                      "00 00 00 03"
                                      "00 00 00 05"
                                      "00 00 00 0f"
                                      "2e 2f 74 65 73 74 2f 62 69 67 2e 69 62 64 00"));
}

TEST(FileDescriptor, OfTheBufferPoolDumpHasNoSpace) {
  is_written_as(FileDescriptor{.state = CloneState::file_copy,
                               .size_bytes = 5000,
                               .allocated_bytes = 5000,
                               .fsp_flags = 0xFFFFFFFF,
                               .space = SpaceId{0xFFFFFFFF},
                               .first_chunk = 1,
                               .last_chunk = 1,
                               .name = "ib_buffer_pool"},
                from_hex("00 00 00 64 00 00 00 4d 00 00 00 04 00 00 00 02"
                         "00 00 00 00 00 00 13 88 00 00 00 00 00 00 13 88"
                         "ff ff ff ff 00 00 00 00 00 00 ff ff ff ff 00 00"
                         "00 00 00 00 00 01 00 00 00 01 00 00 00 0f 69 62"
                         "5f 62 75 66 66 65 72 5f 70 6f 6f 6c 00"));
}

TEST(FileDescriptor, OfARedoFileHasNoName) {
  is_written_as(FileDescriptor{.state = CloneState::redo_copy,
                               .size_bytes = 3276800,
                               .fsp_flags = 0xFFFFFFFF,
                               .space = SpaceId{0xFFFFFFF0},
                               .index = 1,
                               .first_chunk = 2,
                               .last_chunk = 2},
                from_hex("00 00 00 64 00 00 00 3e 00 00 00 04 00 00 00 04"
                         "00 00 00 00 00 32 00 00 00 00 00 00 00 00 00 00"
                         "ff ff ff ff 00 00 00 00 00 00 ff ff ff f0 00 00"
                         "00 01 00 00 00 02 00 00 00 02 00 00 00 00"));
}

TEST(FileDescriptor, WithAKeyIs64BytesLonger) {
  FileDescriptor file = big_table();
  file.flags = FileDescriptor::kAes | FileDescriptor::kHasKey;
  file.key.emplace().key.fill(0x11);
  file.key->iv.fill(0x22);
  const Bytes bytes = encode(file);
  EXPECT_EQ(bytes.size(), 77U + 64U);
  EXPECT_EQ(load_u32be(bytes, 4), bytes.size());
  EXPECT_EQ(bytes[77], 0x11);
  EXPECT_EQ(bytes[77 + 32], 0x22);
  round_trips(file);
  survives_damage<FileDescriptor>(bytes);
}

TEST(FileDescriptor, IsRefusedWithANameThatIsNotWhatItsLengthSays) {
  const Bytes whole = encode(big_table());
  Bytes no_nul = whole;
  no_nul.back() = 'x';
  EXPECT_FALSE(decode<FileDescriptor>(no_nul));

  Bytes nul_inside = whole;
  nul_inside[70] = 0;
  EXPECT_FALSE(decode<FileDescriptor>(nul_inside));

  Bytes too_long = whole;
  too_long[58] = 0xFF;
  EXPECT_FALSE(decode<FileDescriptor>(too_long));

  FileDescriptor unnamed = big_table();
  unnamed.name.clear();
  Bytes only_nul = encode(unnamed);
  only_nul[7] += 1;
  only_nul[61] = 1;
  only_nul.push_back(0);
  EXPECT_FALSE(decode<FileDescriptor>(only_nul));
}

TEST(DataDescriptor, OfTheLastBlockOfATable) {
  is_written_as(DataDescriptor{.state = CloneState::file_copy,
                               .chunk = 5,
                               .block = 23,
                               .file_index = 2,
                               .length_bytes = 114688,
                               .offset_bytes = 157286400,
                               .file_size_bytes = 157401088},
                from_hex("00 00 00 64 00 00 00 34 00 00 00 05"
                         "00 00 00 02"
                         "00 00 00 00"
                         "00 00 00 05"
                         "00 00 00 17"
                         "00 00 00 02"
                         "00 01 c0 00"
                         "00 00 00 00 09 60 00 00"
                         "00 00 00 00 09 61 c0 00"));
}

TEST(DataDescriptor, OfTheRedoTrailer) {
  is_written_as(DataDescriptor{.state = CloneState::redo_copy,
                               .chunk = 4,
                               .block = 1,
                               .file_index = 1,
                               .length_bytes = 512,
                               .offset_bytes = 727040,
                               .file_size_bytes = 727040},
                from_hex("00 00 00 64 00 00 00 34 00 00 00 05 00 00 00 04"
                         "00 00 00 00 00 00 00 04 00 00 00 01 00 00 00 01"
                         "00 00 02 00 00 00 00 00 00 0b 18 00 00 00 00 00"
                         "00 0b 18 00"));
}

TEST(Descriptors, AreToldApartByTheTypeInTheirHeader) {
  EXPECT_EQ(descriptor_type(encode(TaskDescriptor{})), DescriptorType::task);
  EXPECT_EQ(descriptor_type(encode(StateDescriptor{})), DescriptorType::state);
  EXPECT_EQ(descriptor_type(encode(FileDescriptor{})), DescriptorType::file);
  EXPECT_EQ(descriptor_type(encode(DataDescriptor{})), DescriptorType::data);
  EXPECT_EQ(descriptor_type(encode(Locator{})), DescriptorType::locator);
  EXPECT_EQ(descriptor_type(Bytes(11)), DescriptorType{0});
}

TEST(Descriptors, AreRefusedAsAnotherType) {
  EXPECT_FALSE(decode<StateDescriptor>(encode(TaskDescriptor{})));
  Bytes state = encode(StateDescriptor{});
  state[11] = 5;
  EXPECT_EQ(decode<StateDescriptor>(state).error().what, "StateDescriptor.type at 12: another descriptor");
}

TEST(Descriptors, AreRefusedWithAnotherLength) {
  Bytes longer = encode(StateDescriptor{});
  longer.push_back(0);
  EXPECT_FALSE(decode<StateDescriptor>(longer));

  Bytes lying = encode(StateDescriptor{});
  lying[7] = 47;
  EXPECT_EQ(decode<StateDescriptor>(lying).error().what, "StateDescriptor.length at 12: does not match the descriptor");
}

TEST(Descriptors, RoundTripWithAnyContent) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    const auto u32 = [&] { return random.number<std::uint32_t>(); };
    const auto u64 = [&] { return random.number<std::uint64_t>(); };

    round_trips(TaskDescriptor{u32(), CloneTaskId{u32()}, u32(), u32()});
    round_trips(StateDescriptor{u32(), random_state(random), CloneTaskId{u32()}, u32(), u32(), u64(), u64(),
                                random.number<std::uint16_t>()});
    round_trips(
        DataDescriptor{u32(), random_state(random), CloneTaskId{u32()}, u32(), u32(), u32(), u32(), u64(), u64()});

    FileDescriptor file{.version = u32(),
                        .state = random_state(random),
                        .size_bytes = u64(),
                        .allocated_bytes = u64(),
                        .fsp_flags = u32(),
                        .fs_block_size_bytes = u32(),
                        .flags = random.number<std::uint16_t>(),
                        .space = SpaceId{u32()},
                        .index = u32(),
                        .first_chunk = u32(),
                        .last_chunk = u32(),
                        .name = random.text(600)};
    if ((file.flags & FileDescriptor::kHasKey) != 0) file.key.emplace().iv.fill(random.number<std::uint8_t>());
    round_trips(file);
  }
}

}  // namespace
}  // namespace donord
