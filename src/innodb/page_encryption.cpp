#include "innodb/page_encryption.hpp"

#include <algorithm>
#include <cstring>

#include "base/endian.hpp"
#include "innodb/page_compression.hpp"
#include "innodb/page_header.hpp"

namespace donord::innodb {

namespace {

/// Of type 15 only: there and in no other the type before encryption is kept.
constexpr std::size_t kOriginalTypeOffset = 28;
constexpr std::uint8_t kCompressionVersion = 2;

PageType type_of(ByteView page) {
  return PageType{load_u16be(page, kPageTypeOffset)};
}

void set_type(MutableBytes page, PageType type) {
  store_u16be(page, kPageTypeOffset, static_cast<std::uint16_t>(type));
}

Result<> check_sizes(ByteView page, const PageFormat& format, MutableBytes into) {
  if (page.size() == format.physical_bytes && into.size() == page.size()) return {};
  return Error{Errc::malformed, fmt::format("a page has {} bytes, have {} and place for {}", format.physical_bytes,
                                            page.size(), into.size())};
}

/// How much behind the header is encrypted: everything, but of a page-compressed page only what is in use.
Result<std::size_t> encrypted_bytes(ByteView page, bool compressed) {
  const std::size_t body = page.size() - kPageHeaderBytes;
  if (!compressed) return body;
  const Result<CompressionHeader> header = decode_compression_header(page);
  if (!header) return header.error();
  if (header->version != kCompressionVersion)
    return Error{Errc::unsupported_version,
                 fmt::format("the page is compressed in version {}, encrypted ones are read in version {} only",
                             header->version, kCompressionVersion),
                 "rebuild the table with the server: ALTER TABLE ... ENGINE=InnoDB"};
  if (header->compressed_bytes > body)
    return Error{Errc::malformed,
                 fmt::format("the page announces {} compressed bytes, {} fit", header->compressed_bytes, body)};
  return std::max<std::size_t>(header->compressed_bytes, TablespaceCipher::kMinBytes);
}

Result<PageType> original_type_of(ByteView page) {
  switch (type_of(page)) {
    case PageType::encrypted:
      break;
    case PageType::encrypted_rtree:
      return PageType::rtree;
    case PageType::compressed_and_encrypted:
      return PageType::compressed;
    default:
      return Error{Errc::malformed, fmt::format("the page is not encrypted but of type {}", name_of(type_of(page)))};
  }
  const PageType original{load_u16be(page, kOriginalTypeOffset)};
  if (is_encrypted(original)) return Error{Errc::malformed, "the page is encrypted twice"};
  return original;
}

void copy_unless_same(ByteView from, MutableBytes into) {
  if (from.data() != into.data()) std::memcpy(into.data(), from.data(), from.size());
}

Error bad_page(PageNo number, SpaceId space, const Error& error) {
  return Error{Errc::checksum, fmt::format("page {} of space {}: {}", number, space, error.what), error.hint};
}

/// What `check_page()` says of a page after decryption, with what can be wrong beside the page.
Error after_decryption(Error error) {
  if (error.hint.empty()) error.hint = "the page is damaged, or its tablespace has another key";
  return error;
}

}  // namespace

Result<> decrypt_page(ByteView page, const PageFormat& format, const TablespaceCipher& cipher, MutableBytes into) {
  if (Result<> sizes = check_sizes(page, format, into); !sizes) return sizes.error();
  const Result<PageType> original = original_type_of(page);
  if (!original) return original.error();
  const PageType type = type_of(page);
  const Result<std::size_t> length = encrypted_bytes(page, type == PageType::compressed_and_encrypted);
  if (!length) return length.error();

  copy_unless_same(page.first(kPageHeaderBytes), into);
  set_type(into, *original);
  if (type == PageType::encrypted) store_u16be(into, kOriginalTypeOffset, 0);
  cipher.decrypt(page.subspan(kPageHeaderBytes, *length), into.subspan(kPageHeaderBytes, *length));
  const std::size_t end = kPageHeaderBytes + *length;
  copy_unless_same(page.subspan(end), into.subspan(end));
  return {};
}

Result<> encrypt_page(ByteView page, const PageFormat& format, const TablespaceCipher& cipher, MutableBytes into) {
  if (Result<> sizes = check_sizes(page, format, into); !sizes) return sizes.error();
  const PageType type = type_of(page);
  if (is_encrypted(type)) return Error{Errc::malformed, "the page is encrypted already"};
  const Result<std::size_t> length = encrypted_bytes(page, type == PageType::compressed);
  if (!length) return length.error();

  copy_unless_same(page.first(kPageHeaderBytes), into);
  if (type == PageType::compressed) {
    set_type(into, PageType::compressed_and_encrypted);
  } else if (type == PageType::rtree) {
    set_type(into, PageType::encrypted_rtree);
  } else {
    set_type(into, PageType::encrypted);
    store_u16be(into, kOriginalTypeOffset, static_cast<std::uint16_t>(type));
  }
  cipher.encrypt(page.subspan(kPageHeaderBytes, *length), into.subspan(kPageHeaderBytes, *length));
  std::ranges::fill(into.subspan(kPageHeaderBytes + *length), std::uint8_t{0});
  return {};
}

Result<PageState> check_encrypted_page(ByteView page, const PageExpectation& expected, PageNo number,
                                       const TablespaceCipher& cipher, MutableBytes scratch) {
  // Sizes, page number and space id are checked here and need no key.
  const Result<PageState> outside = check_page(page, expected, number);
  if (!outside || *outside != PageState::encrypted) return outside;
  if (Result<> done = decrypt_page(page, expected.format, cipher, scratch); !done)
    return bad_page(number, expected.space, done.error());
  const Result<PageState> inside = check_page(scratch, expected, number);
  if (!inside) return after_decryption(inside.error());
  if (*inside == PageState::encrypted)
    return bad_page(number, expected.space, {Errc::checksum, "it is encrypted twice"});
  return inside;
}

Result<> check_encrypted_pages(ByteView pages, const PageExpectation& expected, PageNo first,
                               const TablespaceCipher& cipher, MutableBytes scratch) {
  const std::size_t page_bytes = expected.format.physical_bytes;
  if (scratch.size() < pages.size())
    return Error{Errc::malformed, fmt::format("{} bytes of pages, place for {}", pages.size(), scratch.size())};
  for (std::size_t at = 0; at + page_bytes <= pages.size(); at += page_bytes) {
    const ByteView page = pages.subspan(at, page_bytes);
    const MutableBytes into = scratch.subspan(at, page_bytes);
    if (!is_encrypted(type_of(page))) {
      copy_unless_same(page, into);
      continue;
    }
    const PageNo number{first.value() + static_cast<std::uint32_t>(at / page_bytes)};
    if (Result<> done = decrypt_page(page, expected.format, cipher, into); !done)
      return bad_page(number, expected.space, done.error());
  }
  const Result<> checked = check_pages(scratch.first(pages.size()), expected, first);
  if (!checked) return after_decryption(checked.error());
  return {};
}

}  // namespace donord::innodb
