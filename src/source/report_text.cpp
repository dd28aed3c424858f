#include "source/report_text.hpp"

#include <algorithm>

namespace donord {

std::string_view name_of(Shutdown shutdown) {
  switch (shutdown) {
    case Shutdown::clean:
      return "clean";
    case Shutdown::unclean:
      return "unclean";
    case Shutdown::unknown:
      break;
  }
  return "unknown";
}

std::string line_of(std::string_view label, std::string_view value) {
  return fmt::format("  {:<16} {}\n", label, value);
}

std::string list_of(const std::vector<Error>& reasons) {
  std::string out;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    out += fmt::format("  - {}\n", reasons[i].what);
    const bool again = i + 1 < reasons.size() && reasons[i + 1].hint == reasons[i].hint;
    if (!reasons[i].hint.empty() && !again) out += fmt::format("    {}\n", reasons[i].hint);
  }
  return out;
}

std::vector<Error> reasons_of(const TablespaceFile& file, const FileCheck& check, const std::vector<Error>& known) {
  std::vector<Error> reasons;
  for (const Damage& damage : check.damage)
    if (std::ranges::find(known, damage.error.what, &Error::what) == known.end()) reasons.push_back(damage.error);
  if (const std::uint64_t more = check.damaged_pages_not_listed(); more > 0)
    reasons.push_back({Errc::checksum, fmt::format("{}: {} more damaged pages", file.path.string(), more),
                       reasons.empty() ? std::string{} : reasons.back().hint});
  return reasons;
}

}  // namespace donord
