// Any bytes as encryption information, encrypted pages and redo blocks. The first byte chooses the format of the pages,
// the second one what they say they are.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/codec.hpp"
#include "base/endian.hpp"
#include "innodb/encryption_info.hpp"
#include "innodb/page_encryption.hpp"
#include "innodb/page_header.hpp"
#include "innodb/redo_encryption.hpp"

namespace {

using namespace donord;

const innodb::TablespaceCipher& cipher() {
  static const innodb::TablespaceCipher cipher{innodb::TablespaceKey{LockedBytes{innodb::TablespaceKey::kBytes}}};
  return cipher;
}

void try_info(ByteView bytes) {
  const Result<innodb::EncryptionInfo> info = innodb::decode_encryption_info(bytes);
  if (!info) return;
  const Bytes again = encode(*info);
  if (!std::equal(again.begin(), again.end(), bytes.begin())) std::abort();
  (void)innodb::unwrap(*info, innodb::bootstrap_master_key());
}

/// What decrypts is the same again after encryption, where the page kept to the rules before.
void try_page(MutableBytes page, const innodb::PageFormat& format) {
  store_u32be(page, innodb::kPageNumberOffset, 3);
  store_u32be(page, innodb::kPageSpaceOffset, 7);
  Bytes plain(page.size());
  (void)innodb::check_encrypted_page(page, {format, SpaceId{7}}, PageNo{3}, cipher(), plain);
  if (innodb::decrypt_page(page, format, cipher(), plain)) {
    if (innodb::is_encrypted(innodb::PageType{load_u16be(plain, innodb::kPageTypeOffset)})) std::abort();
    (void)innodb::encrypt_page(plain, format, cipher(), plain);
    return;
  }
  const Bytes before(page.begin(), page.end());
  if (!innodb::encrypt_page(before, format, cipher(), page)) return;
  if (!innodb::decrypt_page(page, format, cipher(), plain)) std::abort();
  (void)innodb::check_encrypted_page(page, {format, SpaceId{7}}, PageNo{3}, cipher(), plain);
}

void try_redo(Bytes bytes) {
  for (std::size_t at = 0; at + innodb::kRedoBlockBytes <= bytes.size(); at += innodb::kRedoBlockBytes) {
    const std::span<std::uint8_t, innodb::kRedoBlockBytes> block{bytes.data() + at, innodb::kRedoBlockBytes};
    const Bytes before(block.begin(), block.end());
    const bool encrypted = innodb::is_encrypted_redo_block(block);
    innodb::decrypt_redo_block(block, cipher());
    if (encrypted) innodb::encrypt_redo_block(block, cipher());
    if (!std::equal(block.begin(), block.end(), before.begin())) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<innodb::PageFormat, 6> kFormats = {{{16384, 16384, false},
                                                           {4096, 4096, false},
                                                           {65536, 65536, false},
                                                           {16384, 8192, true},
                                                           {16384, 1024, true},
                                                           {4096, 2048, true}}};
  constexpr std::array<innodb::PageType, 4> kTypes = {innodb::PageType::encrypted, innodb::PageType::encrypted_rtree,
                                                      innodb::PageType::compressed_and_encrypted,
                                                      innodb::PageType::compressed};
  if (size < 2) return 0;
  const innodb::PageFormat& format = kFormats[data[0] % kFormats.size()];
  const std::size_t type = data[1] % (kTypes.size() + 1);  // the last one: as they are
  const ByteView bytes{data + 2, size - 2};
  try_info(bytes);
  try_redo(Bytes(bytes.begin(), bytes.end()));
  (void)innodb::encryption_info_of(bytes, format);

  Bytes pages(bytes.begin(), bytes.end());
  pages.resize((bytes.size() + format.physical_bytes - 1) / format.physical_bytes * format.physical_bytes);
  for (std::size_t at = 0; at < pages.size() && type < kTypes.size(); at += format.physical_bytes)
    store_u16be(pages, at + innodb::kPageTypeOffset, static_cast<std::uint16_t>(kTypes[type]));
  Bytes scratch(pages.size());
  (void)innodb::check_encrypted_pages(pages, {format, SpaceId{7}}, PageNo{3}, cipher(), scratch);
  for (std::size_t at = 0; at < pages.size(); at += format.physical_bytes)
    try_page(MutableBytes{pages}.subspan(at, format.physical_bytes), format);
  return 0;
}
