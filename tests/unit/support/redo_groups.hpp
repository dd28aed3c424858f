#pragma once

// Groups of redo records as a parser hands them out, for those who take them.

#include <vector>

#include "innodb/redo_parser.hpp"
#include "support/redo_builder.hpp"

namespace donord::testing {

/// A group with all that it refers to.
class StoredGroup {
 public:
  /// The group takes as many bytes of the log as its records would.
  StoredGroup(Lsn start, const std::vector<RedoRecordSpec>& records) : start_(start) {
    std::uint64_t bytes = 1;
    for (const RedoRecordSpec& spec : records) {
      bodies_.push_back(spec.body);
      const Lsn at = innodb::advance_redo(start, bytes - 1);
      bytes += make_redo_record(spec).size();
      records_.push_back({.type = spec.type,
                          .space = spec.space,
                          .page = spec.page,
                          .start = at,
                          .end = innodb::advance_redo(start, bytes - 1)});
    }
    end_ = innodb::advance_redo(start, bytes);
  }

  [[nodiscard]] Lsn start() const { return start_; }
  [[nodiscard]] Lsn end() const { return end_; }

  /// Hands it to a sink.
  [[nodiscard]] Result<> give(innodb::RedoSink& sink) const {
    std::vector<innodb::RedoRecord> records = records_;
    for (std::size_t i = 0; i < records.size(); ++i) records[i].body = bodies_[i];
    return sink.group({.start = start_, .end = end_, .records = records});
  }

  [[nodiscard]] const std::vector<innodb::RedoRecord>& records() const { return records_; }

 private:
  Lsn start_;
  Lsn end_;
  std::vector<innodb::RedoRecord> records_;
  std::vector<Bytes> bodies_;
};

}  // namespace donord::testing
