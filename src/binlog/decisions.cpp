#include "binlog/decisions.hpp"

#include <algorithm>
#include <optional>

#include "base/endian.hpp"
#include "binlog/commit_time.hpp"
#include "binlog/query_event.hpp"
#include "binlog/transaction_payload.hpp"

namespace donord::binlog {

namespace {

constexpr std::size_t kXidBytes = 8;
constexpr std::string_view kXaCommit = "XA COMMIT";
constexpr std::string_view kXaRollback = "XA ROLLBACK";

/// Follows the transactions of a log from event to event.
class Reader {
 public:
  explicit Reader(const Wanted& wanted) : wanted_(wanted) {}

  Result<> read(LogWalk& log) {
    for (;;) {
      const Result<std::optional<Event>> event = log.next();
      if (!event) return event.error();
      if (!*event) break;
      if (Result<> taken = take(log, **event); !taken)
        return taken.error().within(fmt::format("event at position {}", (*event)->offset));
    }
    decisions_.end_position = log.position();
    return {};
  }

  Decisions decisions() && { return std::move(decisions_); }

 private:
  Result<> take(const LogWalk& log, const Event& event) {
    if (event.header.type == EventType::transaction_payload)
      return visit_payload(log, event, kQueryEventBytes,
                           [this](const EventHeader& header, ByteView body) { return take(header, body); });
    if (!matters(event.header.type)) return {};
    const Result<Bytes> body = log.body(event, kQueryEventBytes);
    if (!body) return body.error();
    return take(event.header, *body);
  }

  static bool matters(EventType type) {
    return type == EventType::query || type == EventType::xid || type == EventType::gtid ||
           type == EventType::gtid_tagged || type == EventType::anonymous_gtid || type == EventType::xa_prepare;
  }

  Result<> take(const EventHeader& header, ByteView body) {
    if (const std::optional<std::int64_t> time = commit_time_of(header.type, body)) committed_us_ = *time;
    switch (header.type) {
      case EventType::gtid:
        return take_gtid(decode_gtid_event(body));
      case EventType::gtid_tagged:
        return take_gtid(decode_tagged_gtid_event(body));
      case EventType::anonymous_gtid:
        gtid_.reset();
        return {};
      case EventType::query:
        return take_query(body);
      case EventType::xid:
        return take_xid(body);
      case EventType::xa_prepare:
        return take_xa_prepare(body);
      default:
        return {};
    }
  }

  Result<> take_gtid(const Result<Gtid>& gtid) {
    if (!gtid) return gtid.error();
    gtid_ = *gtid;
    return {};
  }

  Result<> take_query(ByteView body) {
    const Result<QueryEvent> query = decode_query_event(body);
    if (!query) return query.error();
    const std::string_view text = query->statement;
    if (text == "BEGIN" || text.starts_with("XA START")) return begin(text);
    if (query->ddl_xid) {
      if (inside_) return out_of_order("a DDL statement");
      return decide_internal(*query->ddl_xid);
    }
    if (text == "COMMIT" || text == "ROLLBACK") {
      if (Result<> ended = end(text); !ended) return ended;
      record_gtid(KnownToInnodb::no);
      return {};
    }
    if (text.starts_with(kXaCommit)) return take_xa_end(text, kXaCommit, Outcome::committed);
    if (text.starts_with(kXaRollback)) return take_xa_end(text, kXaRollback, Outcome::rolled_back);
    if (!inside_) record_gtid(KnownToInnodb::no);
    return {};
  }

  Result<> take_xid(ByteView body) {
    if (body.size() < kXidBytes) return Error{Errc::truncated, "XID event: too short"};
    if (Result<> ended = end("XID"); !ended) return ended;
    return decide_internal(load_le<kXidBytes>(body.data()));
  }

  Result<> take_xa_prepare(ByteView body) {
    const Result<XaPrepare> prepare = decode_xa_prepare(body);
    if (!prepare) return prepare.error();
    if (Result<> ended = end("XA PREPARE"); !ended) return ended;
    decisions_.times.newest_us = std::max(decisions_.times.newest_us, committed_us_);
    decide_external(prepare->xid, prepare->one_phase ? Outcome::committed : Outcome::prepared);
    return {};
  }

  Result<> take_xa_end(std::string_view text, std::string_view statement, Outcome outcome) {
    if (inside_) return out_of_order(statement);
    text.remove_prefix(statement.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const Result<Xid> xid = parse_xid(text);
    if (!xid) return xid.error().within(statement);
    decide_external(*xid, outcome);
    return {};
  }

  Result<> begin(std::string_view what) {
    if (inside_) return out_of_order(what);
    inside_ = true;
    return {};
  }

  Result<> end(std::string_view what) {
    if (!inside_) return Error{Errc::malformed, fmt::format("{} outside of a transaction", what)};
    inside_ = false;
    return {};
  }

  static Error out_of_order(std::string_view what) {
    return Error{Errc::malformed, fmt::format("{} inside of a transaction", what.substr(0, 50))};
  }

  Result<> decide_internal(std::uint64_t xid) {
    const bool wanted = wanted_.internal.contains(xid);
    record_time(wanted);
    record_gtid(wanted ? KnownToInnodb::no : KnownToInnodb::yes);
    if (!wanted) return {};
    const bool added = decisions_.internal.try_emplace(xid, Decision{Outcome::committed, ++decided_}).second;
    if (!added) return Error{Errc::malformed, fmt::format("XID {} for the second time", xid)};
    return {};
  }

  void decide_external(const Xid& xid, Outcome outcome) {
    const bool wanted = wanted_.external.contains(xid);
    record_gtid(wanted ? KnownToInnodb::no : KnownToInnodb::yes);
    if (wanted) decisions_.external.insert_or_assign(xid, Decision{outcome, ++decided_});
  }

  /// Of a transaction with an internal XID.
  void record_time(bool wanted) {
    CommitTimes& times = decisions_.times;
    times.newest_us = std::max(times.newest_us, committed_us_);
    if (wanted && times.first_wanted_us == 0) times.first_wanted_us = committed_us_;
    if (!wanted && times.first_wanted_us != 0) times.last_unwanted_us = committed_us_;
  }

  enum class KnownToInnodb : std::uint8_t { no, yes };

  /// At the end of a transaction.
  void record_gtid(KnownToInnodb known) {
    if (!gtid_) return;
    if (known == KnownToInnodb::no || committed_us_ <= wanted_.executed_until_us) decisions_.gtids.add(*gtid_);
    if (known == KnownToInnodb::no) decisions_.unrecorded_gtids.add(*gtid_);
    gtid_.reset();
  }

  const Wanted& wanted_;
  Decisions decisions_;
  std::optional<Gtid> gtid_;       // of the current transaction
  std::int64_t committed_us_ = 0;  // the same
  bool inside_ = false;            // between BEGIN and its end
  std::uint64_t decided_ = 0;
};

}  // namespace

Result<Decisions> read_decisions(ByteSource source, const Wanted& wanted) {
  Result<LogWalk> log = LogWalk::open(std::move(source));
  if (!log) return log.error();
  Reader reader{wanted};
  if (Result<> read = reader.read(*log); !read) return read.error();
  return std::move(reader).decisions();
}

}  // namespace donord::binlog
