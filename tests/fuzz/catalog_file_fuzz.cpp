// A damaged catalog file: the input is a list of patches (u16 LE offset, u8 value) to a good one. Opening it, listing
// its sessions and showing them gives an error or a report, never a crash.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/bytes.hpp"
#include "base/endian.hpp"
#include "catalog/catalog.hpp"
#include "catalog/session_report.hpp"
#include "support/scratch_directory.hpp"

namespace donord {
namespace {

constexpr std::size_t kPatchBytes = 3;

std::filesystem::path catalog_file() {
  static const testing::ScratchDirectory directory;
  return directory.path() / "catalog.db";
}

void fill(Catalog& catalog) {
  const SessionKey key = catalog.begin_session({.user = "clone", .host = "192.0.2.7:1"}).value();
  catalog.session_negotiated(key, {CloneId{1}, SnapshotId{2}, "fingerprint", 0x0103, 64}).value();
  for (const SessionStage stage : {SessionStage::init, SessionStage::file_copy}) {
    catalog.begin_stage(key, stage, 1000).value();
    catalog.end_stage(key, stage, {1000, 900, 10, 2}).value();
  }
  catalog.end_session(key, {SessionResult::failed, 1317, "Query execution was interrupted"}).value();
}

const std::string& good_file() {
  static const std::string content = [] {
    fill(*Catalog::open(catalog_file(), sqlite::Access::read_write).value());
    std::ifstream in{catalog_file(), std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  }();
  return content;
}

}  // namespace
}  // namespace donord

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  std::string content = good_file();
  constexpr std::size_t kMostPatches = 256;
  for (std::size_t at = 0; at + kPatchBytes <= std::min(size, kMostPatches * kPatchBytes); at += kPatchBytes)
    content[load_le<2>(data + at) % content.size()] = static_cast<char>(data[at + 2]);
  std::ofstream{catalog_file(), std::ios::binary} << content;

  auto catalog = Catalog::open(catalog_file(), sqlite::Access::read_only);
  if (!catalog) return 0;
  const Result<std::vector<SessionRecord>> sessions = (*catalog)->list_sessions();
  if (!sessions) return 0;
  (void)sessions_as_text(*sessions, 0);
  (void)sessions_as_json(*sessions, 0);
  for (const SessionRecord& session : *sessions) (void)session_as_text(session, 0);
  return 0;
}
