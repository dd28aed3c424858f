#pragma once

// The files that donord found, compared with those that the server has: a tablespace in a directory that nobody named
// cannot be noticed otherwise (docs/innodb-files.md, "Files outside the datadir").

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "upstream/server_facts.hpp"
#include "upstream/upstream_files.hpp"

namespace donord {

struct FoundFile {
  SpaceId space;
  std::string path;  ///< relative to the datadir, or absolute
};

struct FileMismatch {
  enum class Kind {
    missing,     ///< the server has it, and it was not found
    extra,       ///< it was found, and the server does not know it
    other_path,  ///< the tablespace is there under another path
  };

  Kind kind = Kind::missing;
  SpaceId space;
  std::string found;   ///< empty if missing
  std::string server;  ///< empty if extra

  bool operator==(const FileMismatch&) const = default;
};

[[nodiscard]] std::string_view name_of(FileMismatch::Kind kind);

/// By space id. `facts` are the server's: paths below its datadir are the same whether they are given relative to it or
/// not.
/// Both lists are of some moment: a tablespace that was created, renamed or dropped in between is no fault.
[[nodiscard]] std::vector<FileMismatch> cross_check(std::span<const FoundFile> found,
                                                    std::span<const UpstreamFile> server, const ServerFacts& facts);

/// "tablespace 7: the server has ./d/t.ibd, which was not found".
[[nodiscard]] std::string to_text(const FileMismatch& mismatch);

}  // namespace donord
