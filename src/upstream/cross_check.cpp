#include "upstream/cross_check.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "innodb/space_id.hpp"

namespace donord {

namespace {

namespace fs = std::filesystem;

/// Paths of one tablespace, the normal form of each beside what it was given as.
using Paths = std::map<std::string, std::string>;

struct Space {
  Paths found;
  Paths server;
};

class Normalizer {
 public:
  explicit Normalizer(const ServerFacts& facts)
      : datadir_((fs::path{"/"} / facts.datadir / "").lexically_normal()),
        undo_directory_(place(facts, "innodb_undo_directory")),
        data_home_(place(facts, "innodb_data_home_dir")) {}

  [[nodiscard]] std::string operator()(const FoundFile& file) const { return normal(datadir_ / file.path); }
  [[nodiscard]] std::string operator()(const UpstreamFile& file) const { return normal(base_of(file) / file.path); }

 private:
  [[nodiscard]] fs::path place(const ServerFacts& facts, const std::string& name) const {
    const auto found = facts.locations.find(name);
    return found == facts.locations.end() ? datadir_ : datadir_ / found->second;
  }
  [[nodiscard]] const fs::path& base_of(const UpstreamFile& file) const {
    switch (innodb::kind_of(file.space)) {
      case innodb::SpaceKind::undo:
        return undo_directory_;
      case innodb::SpaceKind::system:
        return data_home_;
      default:
        return datadir_;
    }
  }
  [[nodiscard]] std::string normal(const fs::path& path) const {
    const fs::path full = path.lexically_normal();
    const fs::path below = full.lexically_relative(datadir_);
    return below.empty() || *below.begin() == ".." ? full.string() : below.string();
  }

  fs::path datadir_;
  fs::path undo_directory_;
  fs::path data_home_;
};

Paths without(const Paths& paths, const Paths& others) {
  Paths rest;
  std::ranges::copy_if(paths, std::inserter(rest, rest.end()),
                       [&others](const auto& path) { return !others.contains(path.first); });
  return rest;
}

void add_mismatches(std::vector<FileMismatch>& mismatches, SpaceId id, const Space& space) {
  const Paths found = without(space.found, space.server);
  const Paths server = without(space.server, space.found);
  auto here = found.begin();
  auto there = server.begin();
  for (; here != found.end() && there != server.end(); ++here, ++there)
    mismatches.push_back({FileMismatch::Kind::other_path, id, here->second, there->second});
  for (; here != found.end(); ++here) mismatches.push_back({FileMismatch::Kind::extra, id, here->second, ""});
  for (; there != server.end(); ++there) mismatches.push_back({FileMismatch::Kind::missing, id, "", there->second});
}

}  // namespace

std::string_view name_of(FileMismatch::Kind kind) {
  switch (kind) {
    case FileMismatch::Kind::missing:
      return "missing";
    case FileMismatch::Kind::extra:
      return "extra";
    case FileMismatch::Kind::other_path:
      break;
  }
  return "other_path";
}

std::vector<FileMismatch> cross_check(std::span<const FoundFile> found, std::span<const UpstreamFile> server,
                                      const ServerFacts& facts) {
  const Normalizer normal{facts};
  std::map<SpaceId, Space> spaces;
  for (const FoundFile& file : found) spaces[file.space].found.emplace(normal(file), file.path);
  for (const UpstreamFile& file : server) spaces[file.space].server.emplace(normal(file), file.path);
  std::vector<FileMismatch> mismatches;
  for (const auto& [id, space] : spaces) add_mismatches(mismatches, id, space);
  return mismatches;
}

std::string to_text(const FileMismatch& mismatch) {
  switch (mismatch.kind) {
    case FileMismatch::Kind::missing:
      return fmt::format("tablespace {}: the server has {}, which was not found", mismatch.space, mismatch.server);
    case FileMismatch::Kind::extra:
      return fmt::format("tablespace {}: {} is not the server's", mismatch.space, mismatch.found);
    case FileMismatch::Kind::other_path:
      break;
  }
  return fmt::format("tablespace {}: found as {}, the server has {}", mismatch.space, mismatch.found, mismatch.server);
}

}  // namespace donord
