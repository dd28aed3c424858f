#include "innodb/first_page.hpp"

#include <algorithm>

#include "base/codec.hpp"

namespace donord::innodb {

std::string version_text(std::uint32_t server_version) {
  return fmt::format("{}.{}.{}", server_version / 10000, server_version / 100 % 100, server_version % 100);
}

Result<FirstPage> decode_first_page(ByteView file_start) {
  if (file_start.size() < kPageHeaderBytes + FspHeader::kBytes)
    return Error{Errc::truncated,
                 fmt::format("page 0 needs at least {} bytes, have {}", kMinZipPageBytes, file_start.size())};
  const Result<PageHeader> header = decode_page_header(file_start);
  if (!header) return header.error();
  const Result<FspHeader> fsp = decode<FspHeader>(file_start.subspan(kFspHeaderOffset, FspHeader::kBytes));
  if (!fsp) return fsp.error();

  const auto refuse = [](std::string what) { return Error{Errc::malformed, std::move(what)}; };
  if (*header == PageHeader{}) return refuse("page 0 was never written");
  if (header->page != PageNo{0})
    return refuse(fmt::format("the first page says it is page {}, expected 0", header->page));
  const bool initial = header->type == PageType::allocated && header->lsn == Lsn{} && fsp->size_pages == 0;
  if (header->type != PageType::fsp_header && !initial)
    return refuse(fmt::format("the first page has type {}, expected FSP_HDR", name_of(header->type)));
  if (header->space != fsp->space)
    return refuse(fmt::format("page 0 names two spaces, {} and {}", header->space, fsp->space));
  if (fsp->size_pages == 0 && !initial) return refuse("page 0 says the tablespace has no pages");

  const Result<PageFormat> format = fsp->flags.page_format();
  if (!format) return format.error();
  if (file_start.size() < format->physical_bytes)
    return Error{Errc::truncated,
                 fmt::format("page 0 has {} bytes, have {}", format->physical_bytes, file_start.size())};

  FirstPage page{.header = *header, .fsp = *fsp, .format = *format, .initial = initial};
  const auto progress = EncryptionProgress{file_start[format->encryption_progress_offset()]};
  if (progress == EncryptionProgress::encrypting || progress == EncryptionProgress::decrypting)
    page.encryption_progress = progress;
  return page;
}

}  // namespace donord::innodb
