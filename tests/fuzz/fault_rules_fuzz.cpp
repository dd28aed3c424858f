// Any text as fault rules: accepted rules keep what they promise, and read again they are the same.

#include <cstdlib>

#include "base/bytes.hpp"
#include "fault/fault_rules.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  const Result<FaultRules> parsed = FaultRules::parse(as_text({data, size}));
  if (!parsed) {
    if (parsed.error().code != Errc::usage) std::abort();
    return 0;
  }
  for (const FaultRule& rule : parsed->rules) {
    if (rule.point.empty() || !(rule.probability > 0.0 && rule.probability <= 1.0)) std::abort();
    const Result<FaultRules> again = FaultRules::parse(rule.text);
    if (!again || again->rules.size() != 1 || again->rules[0].point != rule.point) std::abort();
  }
  return 0;
}
