#include "source/decided_transactions.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "innodb/page_check.hpp"
#include "innodb/page_header.hpp"
#include "innodb/rollback_segment.hpp"

namespace donord {

namespace {

using binlog::Decision;
using innodb::MiniTransaction;
using innodb::UndoState;

constexpr PageId kSystemPage{innodb::kSystemSpace, innodb::kTransactionSystemPage};

/// Ends transactions as a server does: state of the undo segments, history list, numbers, GTIDs.
class Ender {
 public:
  explicit Ender(UndoPages& undo) : undo_(undo) {
    // Where the server would go on if it started now.
    const std::uint64_t written = load_u64be(undo.pages.at(kSystemPage), innodb::kTransactionIdOffset);
    const std::uint64_t margin = innodb::kTransactionIdMargin;
    next_number_ = (written + margin - 1) / margin * margin + 2 * margin;
  }

  Result<> commit(const PreparedTransaction& transaction) {
    MiniTransaction change{undo_.pages};
    if (transaction.insert) finish_segment(change, *transaction.insert);
    if (transaction.update) {
      const UndoState state = finish_segment(change, *transaction.update);
      if (Result<> added = add_to_history(change, transaction.rollback_segment, *transaction.update, state); !added)
        return added;
    }
    return end(std::move(change));
  }

  /// The segments of a transaction get another state.
  Result<> mark(const PreparedTransaction& transaction, UndoState state) {
    MiniTransaction change{undo_.pages};
    for (const auto* open : {&transaction.insert, &transaction.update})
      if (*open) change.write2((*open)->page, innodb::kUndoStateOffset, static_cast<std::uint16_t>(state));
    return end(std::move(change));
  }

  /// Puts GTIDs into an undo log without records, as servers commit transactions that have none for updates.
  Result<> record(const binlog::PersistedGtid& gtids) {
    const std::optional<Spare> spare = find_spare();
    if (!spare) return Error{Errc::exhausted, "no rollback segment has a place for the GTIDs of the binary log"};
    MiniTransaction change{undo_.pages};
    const Result<OpenUndoLog> log = create_log(change, *spare);
    if (!log) return log.error();
    const UndoState state = finish_segment(change, *log);
    if (Result<> added = add_to_history(change, spare->rollback_segment, *log, state); !added) return added;
    change.write1(spare->page, log->log.at(innodb::kUndoGtidVersionOffset), gtids.version);
    change.write_string(spare->page, log->log.at(innodb::kUndoGtidOffset), gtids.bytes);
    change.write1(spare->page, log->log.at(innodb::kUndoFlagsOffset), innodb::kUndoFlagGtid);
    return end(std::move(change));
  }

  /// Numbers that were used are never used again.
  Result<std::vector<Bytes>> finish() && {
    if (groups_.empty()) return std::move(groups_);
    MiniTransaction change{undo_.pages};
    change.write8(kSystemPage, innodb::kTransactionIdOffset, next_number_);
    if (Result<> ended = end(std::move(change)); !ended) return ended.error();
    return std::move(groups_);
  }

 private:
  [[nodiscard]] ByteView page(PageId id) const { return undo_.pages.at(id); }

  Result<> end(MiniTransaction&& change) {
    Result<Bytes> group = std::move(change).finish();
    if (!group) return group.error();
    groups_.push_back(std::move(*group));
    return {};
  }

  /// A small segment is kept for the next transaction.
  UndoState finish_segment(MiniTransaction& change, const OpenUndoLog& open) const {
    const ByteView bytes = page(open.page);
    const std::size_t reuse_limit = bytes.size() / 4 * 3;
    UndoState state = open.segment.type == innodb::UndoType::insert ? UndoState::to_free : UndoState::to_purge;
    if (open.segment.pages == 1 && load_u16be(bytes, innodb::kUndoFreeOffset) < reuse_limit) state = UndoState::cached;
    change.write2(open.page, innodb::kUndoStateOffset, static_cast<std::uint16_t>(state));
    return state;
  }

  /// Puts the log at the begin of the history list, with a number that is larger than any in use.
  Result<> add_to_history(MiniTransaction& change, PageId segment, const OpenUndoLog& open, UndoState state) {
    const ByteView header = page(segment);
    const std::uint32_t length = load_u32be(header, innodb::kHistoryLengthOffset);
    const innodb::FileAddress first =
        length == 0 ? innodb::FileAddress{} : innodb::load_address(header, innodb::kHistoryFirstOffset);
    if (length != 0 && !is_node(first, header.size()))
      return Error{Errc::malformed, fmt::format("history list of the rollback segment in page {} of tablespace {} "
                                                "begins at offset {} of page {}",
                                                segment.page, segment.space, first.offset, first.page)};
    if (state != UndoState::cached) {
      change.write4(segment, innodb::undo_slot_offset(open.slot), innodb::kNoPage);
      change.write4(segment, innodb::kHistoryPagesOffset,
                    load_u32be(header, innodb::kHistoryPagesOffset) + open.segment.pages);
    }
    const std::uint16_t node = open.log.at(innodb::kUndoHistoryNodeOffset);
    const innodb::FileAddress address{open.page.page, node};
    change.write_address(open.page, at(node, innodb::kListPreviousOffset), {});
    change.write_address(open.page, at(node, innodb::kListNextOffset), first);
    if (length == 0)
      change.write_address(segment, innodb::kHistoryLastOffset, address);
    else
      change.write_address({segment.space, first.page}, at(first.offset, innodb::kListPreviousOffset), address);
    change.write_address(segment, innodb::kHistoryFirstOffset, address);
    change.write4(segment, innodb::kHistoryLengthOffset, length + 1);

    const std::uint64_t number = next_number_++;
    change.write8(segment, innodb::largest_number_offset(header.size()), number);
    change.write8(open.page, open.log.at(innodb::kUndoNumberOffset), number);
    return {};
  }

  static bool is_node(const innodb::FileAddress& address, std::size_t page_bytes) {
    return !address.empty() && address.offset >= innodb::kUndoSegmentHeaderEnd &&
           address.offset + innodb::kListNodeBytes + innodb::kPageTrailerBytes <= page_bytes;
  }

  static std::uint16_t at(std::uint16_t node, std::size_t field) { return static_cast<std::uint16_t>(node + field); }

  struct Spare {
    PageId rollback_segment;
    std::uint32_t slot = 0;
    PageId page;
  };

  /// An undo segment for updates that no transaction has.
  [[nodiscard]] std::optional<Spare> find_spare() const {
    for (const PageId segment : undo_.segments)
      for (const innodb::UndoSlot& slot : innodb::undo_slots_of(page(segment))) {
        const PageId id{segment.space, slot.page};
        const Result<innodb::UndoSegment> undo = innodb::decode_undo_segment(page(id));
        if (undo && undo->type == innodb::UndoType::update && undo->state == UndoState::cached &&
            innodb::has_room_for_undo_header(page(id), undo->free))
          return Spare{segment, slot.slot, id};
      }
    return std::nullopt;
  }

  /// Without records, and with room for a GTID.
  Result<OpenUndoLog> create_log(MiniTransaction& change, const Spare& spare) {
    change.create_undo_header(spare.page, next_number_++);
    const std::uint16_t offset = load_u16be(page(spare.page), innodb::kUndoLastLogOffset);
    const auto records = static_cast<std::uint16_t>(offset + innodb::kUndoGtidHeaderBytes);
    change.write2(spare.page, innodb::kUndoStartOffset, records);
    change.write2(spare.page, innodb::kUndoFreeOffset, records);
    change.write2(spare.page, at(offset, innodb::kUndoRecordsOffset), records);
    change.write2(spare.page, at(offset, innodb::kUndoToPurgeOffset), 0);
    const Result<innodb::UndoSegment> segment = innodb::decode_undo_segment(page(spare.page));
    if (!segment) return segment.error();
    Result<innodb::UndoLog> log = innodb::decode_undo_log(page(spare.page), offset);
    if (!log) return log.error();
    return OpenUndoLog{.slot = spare.slot, .page = spare.page, .segment = *segment, .log = std::move(*log)};
  }

  UndoPages& undo_;
  std::uint64_t next_number_ = 0;
  std::vector<Bytes> groups_;
};

const Decision* find(const binlog::Decisions& decisions, const binlog::Xid& xid) {
  if (const std::optional<std::uint64_t> number = xid.internal_number()) {
    const auto found = decisions.internal.find(*number);
    return found == decisions.internal.end() ? nullptr : &found->second;
  }
  const auto found = decisions.external.find(xid);
  return found == decisions.external.end() ? nullptr : &found->second;
}

/// Ends the transactions that the log knows, in its order.
Result<> end_transactions(Ender& ender,
                          const std::vector<std::pair<const Decision*, const PreparedTransaction*>>& in_order,
                          DecidedTransactions& decided) {
  for (const auto& [decision, transaction] : in_order) {
    Result<> done;
    switch (decision->outcome) {
      case binlog::Outcome::committed:
        ++decided.committed;
        done = ender.commit(*transaction);
        break;
      case binlog::Outcome::rolled_back:
        ++decided.rolled_back;
        done = ender.mark(*transaction, UndoState::active);
        break;
      case binlog::Outcome::prepared:
        ++decided.prepared;
        if (!transaction->in_coordinator()) done = ender.mark(*transaction, UndoState::prepared_in_coordinator);
        break;
    }
    if (!done) return done;
  }
  return {};
}

}  // namespace

binlog::Wanted wanted_decisions(const std::vector<PreparedTransaction>& prepared) {
  binlog::Wanted wanted;
  for (const PreparedTransaction& transaction : prepared) {
    if (const std::optional<std::uint64_t> number = transaction.xid.internal_number())
      wanted.internal.insert(*number);
    else
      wanted.external.insert(transaction.xid);
  }
  return wanted;
}

Result<DecidedTransactions> carry_out(const binlog::Decisions& decisions,
                                      const std::vector<PreparedTransaction>& prepared, UndoPages& undo) {
  DecidedTransactions decided;
  std::vector<std::pair<const Decision*, const PreparedTransaction*>> in_order;
  for (const PreparedTransaction& transaction : prepared) {
    if (const Decision* const decision = find(decisions, transaction.xid))
      in_order.emplace_back(decision, &transaction);
    else
      ++decided.undecided;
  }
  std::ranges::sort(in_order, {}, [](const auto& one) { return one.first->order; });

  Ender ender{undo};
  if (Result<> ended = end_transactions(ender, in_order, decided); !ended) return ended.error();
  for (const binlog::PersistedGtid& gtids : binlog::persisted(decisions.unrecorded_gtids, decisions.gtids)) {
    if (Result<> recorded = ender.record(gtids); !recorded) return recorded.error();
    ++decided.gtid_logs;
  }
  Result<std::vector<Bytes>> groups = std::move(ender).finish();
  if (!groups) return groups.error();
  decided.groups = std::move(*groups);
  return decided;
}

}  // namespace donord
