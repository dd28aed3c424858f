// Which folder of src/ may include which. The compiler cannot tell, because all headers share one include root.

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace donord {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

/// docs/architecture.md, "Folders". Every folder may also include itself.
const std::map<std::string, std::set<std::string>> kMayUse = {
    {"base", {}},
    {"fault", {"base"}},
    {"binlog", {"base"}},
    {"innodb", {"base"}},
    {"protocol", {"base"}},
    {"upstream", {"protocol", "innodb", "base"}},
    {"catalog", {"fault", "base"}},
    {"clone", {"protocol", "base"}},
    {"snapshot", {"catalog", "innodb", "fault", "base"}},
    {"source", {"clone", "snapshot", "binlog", "innodb", "fault", "base"}},
    {"live", {"source", "upstream", "clone", "snapshot", "innodb", "fault", "base"}},
    {"server", {"source", "snapshot", "clone", "catalog", "protocol", "innodb", "fault", "base"}},
    {"conformance", {"source", "clone", "protocol", "base"}},
    {"cli",
     {"conformance", "server", "live", "source", "snapshot", "clone", "catalog", "upstream", "protocol", "innodb",
      "fault", "base"}},
};

/// Libraries that only some folders or files know.
const std::map<std::string, std::set<std::string>> kOnlyIn = {
    {"sqlite3.h", {"catalog/db.cpp"}},
    {"boost/asio/", {"server/", "conformance/", "cli/"}},
    {"openssl/ssl.h", {"server/tls.", "upstream/tls_client.cpp"}},
    {"sys/socket.h", {"upstream/tls_client.cpp", "upstream/upstream_stream.cpp"}},
};

struct Include {
  std::string file;  ///< "server/server.cpp"
  std::string target;
  char opening = '"';  ///< or '<'
};

std::vector<Include> all_includes() {
  const fs::path root = fs::path{DONORD_SOURCE_DIR} / "src";
  std::vector<Include> includes;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp" && entry.path().extension() != ".cpp") continue;
    std::ifstream in{entry.path()};
    constexpr std::string_view kDirective = "#include ";
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with(kDirective) || line.size() <= kDirective.size() + 1) continue;
      const char opening = line[kDirective.size()];
      const std::size_t begin = kDirective.size() + 1;
      const std::size_t end = line.find(opening == '<' ? '>' : '"', begin);
      includes.push_back({fs::relative(entry.path(), root).generic_string(), line.substr(begin, end - begin), opening});
    }
  }
  return includes;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

TEST(IncludeDirection, FollowsTheTableOfFolders) {
  const std::vector<Include> includes = all_includes();
  ASSERT_FALSE(includes.empty());
  std::vector<std::string> wrong;
  for (const Include& include : includes) {
    if (include.opening != '"') continue;
    const std::string from = folder_of(include.file);
    const std::string to = folder_of(include.target);
    const auto allowed = kMayUse.find(from);
    if (allowed == kMayUse.end() || (from != to && !allowed->second.contains(to)))
      wrong.push_back(fmt::format("{} includes {}", include.file, include.target));
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(IncludeDirection, NamesHeadersFromTheRoot) {
  std::vector<std::string> wrong;
  for (const Include& include : all_includes())
    if (include.opening == '"' && !fs::exists(fs::path{DONORD_SOURCE_DIR} / "src" / include.target))
      wrong.push_back(fmt::format("{} includes {}", include.file, include.target));
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(IncludeDirection, KeepsLibrariesWhereTheyBelong) {
  std::vector<std::string> wrong;
  for (const Include& include : all_includes())
    for (const auto& [library, places] : kOnlyIn) {
      if (include.opening != '<' || !include.target.starts_with(library)) continue;
      if (std::none_of(places.begin(), places.end(),
                       [&](const std::string& place) { return include.file.starts_with(place); }))
        wrong.push_back(fmt::format("{} includes {}", include.file, include.target));
    }
  EXPECT_THAT(wrong, IsEmpty());
}

}  // namespace
}  // namespace donord
