#pragma once

// The files of a server's tablespaces, as the server knows them.

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "upstream/upstream_connection.hpp"

namespace donord {

struct UpstreamFile {
  SpaceId space;
  /// "./db/t.ibd". Relative to the datadir; of an undo tablespace to innodb_undo_directory, of the system tablespace to
  /// innodb_data_home_dir (observed). Or absolute.
  std::string path;
  std::string tablespace;  ///< "db/t", "innodb_system", "innodb_undo_001"

  bool operator==(const UpstreamFile&) const = default;
};

/// Every file of a tablespace that is not temporary, space 0 and the dictionary included, from information_schema, by
/// space id and path. Tablespaces that are discarded, or of which the server has lost the file, have none. Waits for no
/// DDL. Needs PROCESS.
[[nodiscard]] Result<std::vector<UpstreamFile>> list_files(UpstreamConnection& connection);

}  // namespace donord
