#pragma once

// The InnoDB descriptors that travel in COM_RES_DATA_DESC (donor to recipient) and, for states, back in COM_ACK. All
// integers are big-endian, unlike the clone RPC around them. Every descriptor begins with 12 bytes: u32 version, u32
// total length, u32 type (docs/clone-stream.md, "Descriptors").

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "clone/clone_state.hpp"
#include "clone/locator.hpp"

namespace donord {

enum class DescriptorType : std::uint32_t { locator = 1, task = 2, state = 3, file = 4, data = 5 };

/// The type in a descriptor's header; 0 when it is shorter than a header.
[[nodiscard]] DescriptorType descriptor_type(ByteView descriptor);

namespace descriptor_detail {

/// The first 12 bytes; the length that they announce.
template <class Io, class Version>
std::uint32_t header(Io& io, Version& version, DescriptorType expected, std::size_t length) {
  auto announced_length = static_cast<std::uint32_t>(length);
  DescriptorType type = expected;
  io.u32be("version", version);
  io.u32be("length", announced_length);
  io.u32be("type", type);
  if (type != expected) io.fail("type", "another descriptor");
  return announced_length;
}

template <class Io>
void check_length(Io& io, std::uint32_t announced, std::size_t length) {
  if (announced != length) io.fail("length", "does not match the descriptor");
}

template <class Io, class Version>
void header_of_fixed(Io& io, Version& version, DescriptorType expected, std::size_t length) {
  check_length(io, header(io, version, expected, length), length);
}

}  // namespace descriptor_detail

/// Type 2, 24 bytes, the first message of every COM_EXECUTE: 12 u32 task index (0 = master), 16 u32 current chunk,
/// 20 u32 current block, the last two 0.
struct TaskDescriptor {
  static constexpr std::string_view kName = "TaskDescriptor";
  static constexpr std::size_t kLength = 24;

  std::uint32_t version = kDescriptorVersion;
  CloneTaskId task;
  std::uint32_t chunk = 0;
  std::uint32_t block = 0;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    descriptor_detail::header_of_fixed(io, m.version, DescriptorType::task, kLength);
    io.u32be("task", m.task);
    io.u32be("chunk", m.chunk);
    io.u32be("block", m.block);
  }
  bool operator==(const TaskDescriptor&) const = default;
};

/// Type 3, 46 bytes: 12 u32 state, 16 u32 task, 20 u32 chunks of the state, 24 u32 files (FILE_COPY, REDO_COPY) or
/// pages (PAGE_COPY), 28 u64 estimated bytes to transfer, 36 u64 estimated bytes on the recipient's disk (both only in
/// the master's START), 44 u16 flags: bit 0 START, bit 1 ACK. Flags 0 is the END of the state; START and ACK together
/// are a keep-alive that a recipient ignores.
struct StateDescriptor {
  static constexpr std::string_view kName = "StateDescriptor";
  static constexpr std::size_t kLength = 46;
  static constexpr std::uint16_t kStart = 1;
  static constexpr std::uint16_t kAck = 2;
  static constexpr std::uint16_t kEnd = 0;
  static constexpr std::uint16_t kKeepAlive = kStart | kAck;

  std::uint32_t version = kDescriptorVersion;
  CloneState state = CloneState::none;
  CloneTaskId task;
  std::uint32_t chunks = 0;
  std::uint32_t files = 0;
  std::uint64_t estimate_bytes = 0;
  std::uint64_t estimate_disk_bytes = 0;
  std::uint16_t flags = kEnd;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    descriptor_detail::header_of_fixed(io, m.version, DescriptorType::state, kLength);
    io.u32be("state", m.state);
    io.u32be("task", m.task);
    io.u32be("chunks", m.chunks);
    io.u32be("files", m.files);
    io.u64be("estimate_bytes", m.estimate_bytes);
    io.u64be("estimate_disk_bytes", m.estimate_disk_bytes);
    io.u16be("flags", m.flags);
  }
  bool operator==(const StateDescriptor&) const = default;
};

/// The key of an encrypted tablespace, in the clear.
struct TablespaceKey {
  static constexpr std::size_t kLength = 64;

  std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, 32> iv{};

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    io.fixed("key", m.key);
    io.fixed("iv", m.iv);
  }
  bool operator==(const TablespaceKey&) const = default;
};

/// Type 4, 62 bytes + name + key: 12 u32 state, 16 u64 file size, 24 u64 allocated size, 32 u32 FSP flags, 36 u32 block
/// size of the donor's file system, 40 u16 file flags, 42 u32 space id, 46 u32 file index, 50 u32 first chunk, 54 u32
/// last chunk, 58 u32 name length with its NUL (0: no name), 62 name; with kHasKey 32 bytes key and 32 bytes IV.
struct FileDescriptor {
  static constexpr std::string_view kName = "FileDescriptor";
  static constexpr std::size_t kFixedLength = 62;
  static constexpr std::uint16_t kZlib = 1;
  static constexpr std::uint16_t kLz4 = 2;
  static constexpr std::uint16_t kAes = 4;
  static constexpr std::uint16_t kRenamed = 8;
  static constexpr std::uint16_t kDeleted = 16;
  static constexpr std::uint16_t kHasKey = 32;

  std::uint32_t version = kDescriptorVersion;
  CloneState state = CloneState::none;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;
  std::uint32_t fsp_flags = 0;
  std::uint32_t fs_block_size_bytes = 0;
  std::uint16_t flags = 0;
  SpaceId space;
  std::uint32_t index = 0;
  std::uint32_t first_chunk = 0;
  std::uint32_t last_chunk = 0;
  std::string name;
  std::optional<TablespaceKey> key;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    auto name_length = static_cast<std::uint32_t>(m.name.empty() ? 0 : m.name.size() + 1);
    const std::uint32_t length =
        descriptor_detail::header(io, m.version, DescriptorType::file, length_of(name_length, m.key.has_value()));
    io.u32be("state", m.state);
    io.u64be("size_bytes", m.size_bytes);
    io.u64be("allocated_bytes", m.allocated_bytes);
    io.u32be("fsp_flags", m.fsp_flags);
    io.u32be("fs_block_size_bytes", m.fs_block_size_bytes);
    io.u16be("flags", m.flags);
    io.u32be("space", m.space);
    io.u32be("index", m.index);
    io.u32be("first_chunk", m.first_chunk);
    io.u32be("last_chunk", m.last_chunk);
    io.u32be("name_length", name_length);
    if (name_length > 0) io.cstring("name", m.name);
    if (name_length > 0 && (m.name.empty() || name_length != m.name.size() + 1))
      io.fail("name_length", "does not match the name");
    if constexpr (Io::kDecoding) {
      if ((m.flags & kHasKey) != 0) m.key.emplace();
    }
    if (m.key) io.nested("key", *m.key);
    descriptor_detail::check_length(io, length, length_of(name_length, m.key.has_value()));
  }
  bool operator==(const FileDescriptor&) const = default;

 private:
  static std::size_t length_of(std::size_t name_length, bool has_key) {
    return kFixedLength + name_length + (has_key ? TablespaceKey::kLength : 0);
  }
};

/// Type 5, 52 bytes, followed on the same connection by one COM_RES_DATA: 12 u32 state, 16 u32 task, 20 u32 chunk
/// (1-based), 24 u32 block (1 for a chunk's first), 28 u32 file index, 32 u32 payload length, 36 u64 offset in the
/// file, 44 u64 file size.
struct DataDescriptor {
  static constexpr std::string_view kName = "DataDescriptor";
  static constexpr std::size_t kLength = 52;

  std::uint32_t version = kDescriptorVersion;
  CloneState state = CloneState::none;
  CloneTaskId task;
  std::uint32_t chunk = 0;
  std::uint32_t block = 0;
  std::uint32_t file_index = 0;
  std::uint32_t length_bytes = 0;
  std::uint64_t offset_bytes = 0;
  std::uint64_t file_size_bytes = 0;

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    descriptor_detail::header_of_fixed(io, m.version, DescriptorType::data, kLength);
    io.u32be("state", m.state);
    io.u32be("task", m.task);
    io.u32be("chunk", m.chunk);
    io.u32be("block", m.block);
    io.u32be("file_index", m.file_index);
    io.u32be("length_bytes", m.length_bytes);
    io.u64be("offset_bytes", m.offset_bytes);
    io.u64be("file_size_bytes", m.file_size_bytes);
  }
  bool operator==(const DataDescriptor&) const = default;
};

}  // namespace donord
