#pragma once

// One clone of a running server's directory (docs/decisions/0012-live-sources.md).

#include <memory>
#include <optional>

#include "clone/donor_source.hpp"
#include "live/ddl_block.hpp"
#include "live/live_survey.hpp"
#include "live/live_waits.hpp"
#include "live/redo_watch.hpp"
#include "source/file_cache.hpp"

namespace donord {

struct LiveViewOptions {
  /// Send changed pages again, so that the recipient need not recover all that happened since FILE COPY began.
  bool page_copy = true;
  LiveWaits waits = {};
};

/// What the server does for a clone, if it can be asked.
struct ServerHelp {
  std::unique_ptr<const DdlBlock> ddl_block;  ///< null: DDL goes on
  /// When the clone began. All that the server had committed by then is known from the log already.
  std::optional<SourcePosition> position = {};
};

/// Finds out what is to be copied. `hold` is older than the survey.
[[nodiscard]] Result<std::unique_ptr<CloneView>> begin_live_view(std::shared_ptr<RedoWatch> watch, RedoWatch::Hold hold,
                                                                 LiveSurvey survey, std::shared_ptr<FileCache> cache,
                                                                 LiveViewOptions options, ServerHelp help);

}  // namespace donord
