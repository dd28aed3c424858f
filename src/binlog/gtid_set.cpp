#include "binlog/gtid_set.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace donord::binlog {

namespace {

using Ranges = GtidSet::Ranges;
using Range = Ranges::value_type;

std::string text_of(const Range& range) {
  return range.first == range.second ? fmt::format(":{}", range.first)
                                     : fmt::format(":{}-{}", range.first, range.second);
}

std::string text_of(const GtidSet::Source& source) {
  return fmt::format("{}{}{}", to_text(source.uuid), source.tag.empty() ? "" : ":", source.tag);
}

/// The one that has the number, or the next one.
Ranges::const_iterator at_or_behind(const Ranges& ranges, std::int64_t number) {
  const auto behind = ranges.upper_bound(number);
  if (behind == ranges.begin()) return behind;
  const auto before = std::prev(behind);
  return before->second >= number ? before : behind;
}

/// Those of `executed` that have something of `needed`.
Ranges covering(const Ranges& needed, const Ranges& executed) {
  Ranges result;
  for (const auto& [first, last] : needed)
    for (auto range = at_or_behind(executed, first); range != executed.end() && range->first <= last; ++range)
      result.insert(*range);
  return result;
}

/// Entries of one source.
class Packer {
 public:
  explicit Packer(const GtidSet::Source& source) : source_(source), prefix_(text_of(source)) {}

  /// False for a range that no text has room for.
  bool add(const Range& range) {
    const std::string text = text_of(range);
    if (prefix_.size() + text.size() > kLongestText) return false;
    if (text_.size() + text.size() > kLongestText) finish_text();
    if (text_.empty()) text_ = prefix_;
    text_ += text;
    return true;
  }

  void add_each(std::int64_t first, std::int64_t last) {
    for (std::int64_t number = first; number <= last; ++number)
      entries_.push_back(persisted(Gtid{.uuid = source_.uuid, .tag = source_.tag, .number = number}));
  }

  std::vector<PersistedGtid> entries() && {
    finish_text();
    return std::move(entries_);
  }

 private:
  static constexpr std::size_t kLongestText = kPersistedGtidBytes - 1;  // a zero ends it

  void finish_text() {
    if (!text_.empty()) entries_.push_back(persisted_text(text_));
    text_.clear();
  }

  const GtidSet::Source& source_;
  std::string prefix_;
  std::string text_;
  std::vector<PersistedGtid> entries_;
};

std::vector<PersistedGtid> persisted_of(const GtidSet::Source& source, const Ranges& needed, const Ranges& executed) {
  Packer packer{source};
  for (const Range& range : covering(needed, executed)) {
    if (packer.add(range)) continue;
    for (auto part = at_or_behind(needed, range.first); part != needed.end() && part->first <= range.second; ++part)
      packer.add_each(part->first, part->second);
  }
  return std::move(packer).entries();
}

}  // namespace

void GtidSet::add(const Gtid& gtid) {
  Ranges& ranges = sources_[{gtid.uuid, gtid.tag}];
  const auto behind = ranges.upper_bound(gtid.number);
  auto range = ranges.end();
  if (behind != ranges.begin() && std::prev(behind)->second >= gtid.number - 1) {
    range = std::prev(behind);
    range->second = std::max(range->second, gtid.number);
  } else {
    range = ranges.emplace_hint(behind, gtid.number, gtid.number);
  }
  if (behind != ranges.end() && behind->first == gtid.number + 1) {
    range->second = behind->second;
    ranges.erase(behind);
  }
}

std::string to_text(const GtidSet& set) {
  std::string text;
  for (const auto& [source, ranges] : set.sources()) {
    if (!text.empty()) text += ",";
    text += text_of(source);
    for (const Range& range : ranges) text += text_of(range);
  }
  return text;
}

std::vector<PersistedGtid> persisted(const GtidSet& needed, const GtidSet& executed) {
  std::vector<PersistedGtid> entries;
  for (const auto& [source, ranges] : needed.sources()) {
    const auto all = executed.sources().find(source);
    if (all == executed.sources().end()) continue;
    std::ranges::move(persisted_of(source, ranges, all->second), std::back_inserter(entries));
  }
  return entries;
}

}  // namespace donord::binlog
