#pragma once

// The InnoDB locator: the name of one clone, carried in COM_INIT, COM_ATTACH, COM_REINIT, COM_ACK and COM_RES_LOCS.
// Clones are matched by clone id and snapshot id alone; a recipient rewrites every other field
// (docs/clone-stream.md, "Locator").

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "clone/clone_state.hpp"

namespace donord {

/// Version of the locator and of every descriptor; the same in all releases since 8.0.17.
inline constexpr std::uint32_t kDescriptorVersion = 100;

/// What a recipient has, appended to the locator of COM_REINIT. Chunk and block numbers are 1-based. A chunk whose bit
/// is set and that is not listed as incomplete is on the recipient's disk; of an incomplete one, blocks 1..`block` are.
/// A recipient lists the chunk it was writing as incomplete even when its last block had arrived (observed).
struct RestartInfo {
  static constexpr std::uint32_t kMaxIncomplete = 256;

  struct IncompleteChunk {
    std::uint32_t chunk = 0;
    std::uint32_t block = 0;

    template <class Io, class Self>
    static void layout(Io& io, Self& m) {
      io.u32be("chunk", m.chunk);
      io.u32be("block", m.block);
    }
    bool operator==(const IncompleteChunk&) const = default;
  };

  struct BitmapWord {
    std::uint32_t bits = 0;

    template <class Io, class Self>
    static void layout(Io& io, Self& m) {
      io.u32be("bits", m.bits);
    }
    bool operator==(const BitmapWord&) const = default;
  };

  std::vector<IncompleteChunk> incomplete;
  std::vector<BitmapWord> started;  ///< chunk c: word (c-1)/32, bit (c-1)%32; may be longer than the chunk count

  [[nodiscard]] bool is_started(std::uint32_t chunk) const {
    const std::size_t word = (chunk - 1) / 32;
    return word < started.size() && (started[word].bits >> ((chunk - 1) % 32) & 1U) != 0;
  }
  void set_started(std::uint32_t chunk) {
    const std::size_t word = (chunk - 1) / 32;
    if (word >= started.size()) started.resize(word + 1);
    started[word].bits |= 1U << ((chunk - 1) % 32);
  }

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    auto incomplete_count = static_cast<std::uint32_t>(m.incomplete.size());
    io.u32be("incomplete_count", incomplete_count);
    if (incomplete_count > kMaxIncomplete) io.fail("incomplete_count", "more than 256");
    io.repeat("incomplete", incomplete_count, 8, m.incomplete);
    auto word_count = static_cast<std::uint32_t>(m.started.size());
    io.u32be("bitmap_words", word_count);
    io.repeat("bitmap", word_count, 4, m.started);
  }
  bool operator==(const RestartInfo&) const = default;
};

/// Layout, all big-endian: 0 u32 version, 4 u32 length (34, or more with the restart extension), 8 u32 type (1),
/// 12 u64 clone id, 20 u64 snapshot id, 28 u32 sender's slot, 32 u8 state, 33 u8 sub-state, 34 restart extension.
/// COM_INIT carries 128 bytes of which the header's length covers 34; the rest is zero padding.
struct Locator {
  static constexpr std::string_view kName = "Locator";
  static constexpr std::uint32_t kBaseLength = 34;
  static constexpr std::uint32_t kType = 1;

  std::uint32_t version = kDescriptorVersion;
  CloneId clone_id;
  SnapshotId snapshot_id;
  std::uint32_t slot = 0;
  CloneState state = CloneState::none;
  std::uint8_t sub_state = 0;  ///< in COM_REINIT: 1 when the recipient has all FILE_COPY metadata
  std::optional<RestartInfo> restart;
  Bytes padding;

  [[nodiscard]] bool names(CloneId clone, SnapshotId snapshot) const {
    return clone_id == clone && snapshot_id == snapshot;
  }

  template <class Io, class Self>
  static void layout(Io& io, Self& m) {
    std::uint32_t length = header_length(m);
    std::uint32_t type = kType;
    io.u32be("version", m.version);
    io.u32be("length", length);
    io.u32be("type", type);
    if (type != kType) io.fail("type", "not a locator");
    if (length < kBaseLength) io.fail("length", "less than 34");
    io.u64be("clone_id", m.clone_id);
    io.u64be("snapshot_id", m.snapshot_id);
    io.u32be("slot", m.slot);
    io.u8("state", m.state);
    io.u8("sub_state", m.sub_state);
    if constexpr (Io::kDecoding) {
      if (length > kBaseLength && io.ok()) m.restart.emplace();
    }
    if (m.restart) io.nested("restart", *m.restart);
    if constexpr (Io::kDecoding) {
      if (io.ok() && header_length(m) != length) io.fail("length", "does not match the restart extension");
    }
    io.rest("padding", m.padding);
  }
  bool operator==(const Locator&) const = default;

 private:
  static std::uint32_t header_length(const Locator& m) {
    if (!m.restart) return kBaseLength;
    return static_cast<std::uint32_t>(kBaseLength + 8 + 8 * m.restart->incomplete.size() +
                                      4 * m.restart->started.size());
  }
};

}  // namespace donord
