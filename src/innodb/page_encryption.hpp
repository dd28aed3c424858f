#pragma once

// Encrypted pages. The header stays in the clear but for the type: a page of type 15, 16 or 17 was of another type, or
// page-compressed (16), or of an R-tree (17). Everything behind the header is encrypted, the trailer included, so that
// a page must be decrypted to be verified. Page 0 is never encrypted.
//
// Source: docs/innodb-files.md, "Encryption".

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "innodb/page_check.hpp"
#include "innodb/tablespace_cipher.hpp"

namespace donord::innodb {

/// Decrypts an encrypted page into `into`: the page as it was before encryption, its type restored; a page-compressed
/// one is still compressed. Both have the physical page size; `into` may be the page itself. `Errc::malformed` when the
/// page is not encrypted or says what cannot be.
[[nodiscard]] Result<> decrypt_page(ByteView page, const PageFormat& format, const TablespaceCipher& cipher,
                                    MutableBytes into);

/// The reverse, as a server does it. `Errc::malformed` for a page that is encrypted already.
[[nodiscard]] Result<> encrypt_page(ByteView page, const PageFormat& format, const TablespaceCipher& cipher,
                                    MutableBytes into);

/// `check_page()` for a page of an encrypted tablespace: one that is encrypted is decrypted into `scratch`, which is as
/// long, and checked there. Never PageState::encrypted. A wrong key shows as a wrong checksum.
[[nodiscard]] Result<PageState> check_encrypted_page(ByteView page, const PageExpectation& expected, PageNo number,
                                                     const TablespaceCipher& cipher, MutableBytes scratch);

/// `check_pages()` likewise, where any of the pages may be encrypted: all of them go to `scratch`, decrypted. It is at
/// least as long as `pages` and may be the same bytes.
[[nodiscard]] Result<> check_encrypted_pages(ByteView pages, const PageExpectation& expected, PageNo first,
                                             const TablespaceCipher& cipher, MutableBytes scratch);

}  // namespace donord::innodb
