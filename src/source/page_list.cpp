#include "source/page_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/endian.hpp"
#include "innodb/page_compression.hpp"

namespace donord {

namespace {

using innodb::PageType;

constexpr std::uint64_t kReadBytes = 1 << 20;

/// Compressed and encrypted pages keep it in the same place.
std::optional<PageType> original_type_of(ByteView page, PageType type) {
  if (type == PageType::encrypted_rtree) return PageType::rtree;
  if (type == PageType::compressed || innodb::is_encrypted(type))
    return PageType{load_u16be(page, innodb::CompressionHeader::kOffset + 2)};
  return std::nullopt;
}

/// Joins what was never written.
class Runs {
 public:
  explicit Runs(const std::function<void(const PageRun&)>& visit) : visit_(visit) {}

  void add(PageRun&& page) {
    if (page.condition != PageCondition::never_written) {
      end();
      visit_(page);
    } else if (blank_.count == 0) {
      blank_ = std::move(page);
    } else {
      ++blank_.count;
    }
  }

  void end() {
    if (blank_.count > 0) visit_(blank_);
    blank_.count = 0;
  }

 private:
  const std::function<void(const PageRun&)>& visit_;
  PageRun blank_{.count = 0};
};

PageRun examine(const PageExaminer& examiner, const TablespaceFile& file, PageNo number, MutableBytes page) {
  const PageType type{load_u16be(page, innodb::kPageTypeOffset)};
  PageRun run{.first = number,
              .type = type,
              .original_type = original_type_of(page, type),
              .lsn = Lsn{load_u64be(page, innodb::kPageLsnOffset)}};
  const Result<PageCondition> condition = examiner.examine(file, number, page);
  run.condition = condition ? *condition : PageCondition::damaged;
  if (!condition) run.problem = condition.error().what;
  return run;
}

}  // namespace

Result<> list_pages(const TablespaceFile& file, const std::function<void(const PageRun&)>& visit) {
  const Result<UniqueFd> fd = open_for_reading(file.path);
  if (!fd) return fd.error();
  const PageExaminer examiner{std::nullopt};
  const std::size_t page_bytes = file.format.physical_bytes;
  Runs runs{visit};
  Bytes buffer;
  for (std::uint64_t offset = 0; offset < file.usable_bytes(); offset += buffer.size()) {
    buffer.resize(std::min(kReadBytes, file.usable_bytes() - offset));
    const Result<> all_read = read_exactly(*fd, file.path, offset, buffer);
    for (std::size_t at = 0; at < buffer.size(); at += page_bytes) {
      const PageNo number = file.page_at(offset + at);
      const MutableBytes page = MutableBytes{buffer}.subspan(at, page_bytes);
      const Result<> read = all_read ? all_read : read_exactly(*fd, file.path, offset + at, page);
      runs.add(read ? examine(examiner, file, number, page)
                    : PageRun{.first = number, .condition = PageCondition::damaged, .problem = read.error().what});
    }
  }
  runs.end();
  return {};
}

std::string page_text(const PageRun& run) {
  if (run.condition == PageCondition::never_written)
    return fmt::format("{:>10}{} {}", run.first,
                       run.count > 1 ? fmt::format(" to {}", run.first.value() + run.count - 1) : "",
                       name_of(run.condition));
  std::string type = name_of(run.type);
  if (run.original_type) type += fmt::format(" ({})", name_of(*run.original_type));
  return fmt::format("{:>10} {:<32} LSN {:<20} {}{}{}", run.first, type, run.lsn, name_of(run.condition),
                     run.problem.empty() ? "" : ": ", run.problem);
}

std::string page_json(const PageRun& run) {
  using Json = nlohmann::ordered_json;
  Json json{{"page", run.first.value()}, {"count", run.count}, {"state", name_of(run.condition)}};
  if (run.condition != PageCondition::never_written) {
    json["type"] = name_of(run.type);
    if (run.original_type) json["original_type"] = name_of(*run.original_type);
    json["lsn"] = run.lsn.value();
  }
  if (!run.problem.empty()) json["what"] = run.problem;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace donord
