#include "source/prepared_transactions.hpp"

#include <algorithm>
#include <map>

#include "innodb/rollback_segment.hpp"

namespace donord {

namespace {

binlog::Xid to_xid(const innodb::UndoXid& xid) {
  return {.format_id = xid.format_id, .gtrid = xid.gtrid, .bqual = xid.bqual};
}

bool is_empty(const OpenUndoLog& open) {
  return open.segment.pages == 1 && open.log.records == open.segment.free;
}

/// The log of an undo segment that may belong to a prepared transaction; nothing when it cannot.
Result<std::optional<OpenUndoLog>> open_log_of(const UndoPages& undo, PageId page, std::uint32_t slot) {
  const Bytes& bytes = undo.pages.at(page);
  const Result<innodb::UndoSegment> segment = innodb::decode_undo_segment(bytes);
  if (!segment) return segment.error();
  const bool may_be_added = segment->state == innodb::UndoState::active && segment->type == innodb::UndoType::update;
  if (!innodb::is_prepared(segment->state) && !may_be_added) return std::optional<OpenUndoLog>{};
  Result<innodb::UndoLog> log = innodb::decode_undo_log(bytes, segment->last_log);
  if (!log) return log.error();
  OpenUndoLog open{.slot = slot, .page = page, .segment = *segment, .log = std::move(*log)};
  if (may_be_added && !is_empty(open)) return std::optional<OpenUndoLog>{};
  return std::optional{std::move(open)};
}

/// A transaction has its logs in one rollback segment.
Result<> add_transactions(const UndoPages& undo, PageId rollback_segment, std::vector<PreparedTransaction>& found) {
  std::map<std::uint64_t, PreparedTransaction> by_id;
  for (const innodb::UndoSlot& slot : innodb::undo_slots_of(undo.pages.at(rollback_segment))) {
    Result<std::optional<OpenUndoLog>> open = open_log_of(undo, {rollback_segment.space, slot.page}, slot.slot);
    if (!open) return open.error();
    if (!*open) continue;
    PreparedTransaction& transaction = by_id[(*open)->log.transaction];
    if ((*open)->log.xid && innodb::is_prepared((*open)->segment.state)) transaction.xid = to_xid(*(*open)->log.xid);
    auto& place = (*open)->segment.type == innodb::UndoType::insert ? transaction.insert : transaction.update;
    place = std::move(**open);
  }
  for (auto& [id, transaction] : by_id) {
    const auto prepared = [](const std::optional<OpenUndoLog>& open) {
      return open && innodb::is_prepared(open->segment.state);
    };
    if (!prepared(transaction.insert) && !prepared(transaction.update)) continue;
    transaction.id = id;
    transaction.rollback_segment = rollback_segment;
    found.push_back(std::move(transaction));
  }
  return {};
}

}  // namespace

Result<std::vector<PreparedTransaction>> find_prepared_transactions(const UndoPages& undo) {
  std::vector<PreparedTransaction> found;
  for (const PageId segment : undo.segments)
    if (Result<> added = add_transactions(undo, segment, found); !added) return added.error();
  std::ranges::sort(found, {}, &PreparedTransaction::id);
  return found;
}

}  // namespace donord
