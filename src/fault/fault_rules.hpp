#pragma once

// What shall go wrong, and when. A rule names a fault point, the hits of it that count, and what happens:
//
//   net.send stage=file_copy after=3 action=disconnect; net.send stage=redo_copy task=1 action=delay ms=200
//
// Rules are separated by ';' or a line end, words by blanks; '#' at the start of a line makes it a comment.
//
//   stage= message= task= connection= direction= file= user=   the hit must carry this attribute with this value
//   after=N          the first N matching hits pass (default 0)
//   times=N          fires N times, then never again (default 1, 0: without end)
//   probability=P    a hit that would fire does so with probability P, 0 < P <= 1 (default 1)
//   seed=N           of the random numbers behind probability (default 0): equal seeds, equal faults
//   action=error     [number=N] the operation fails, with this MySQL error number where one is sent
//   action=disconnect
//   action=delay ms=N
//   action=pause until=PATH    goes on when this file exists
//   action=abort     the process kills itself with SIGKILL, as a power loss would

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace donord {

enum class FaultKind { error, disconnect, delay, pause, abort };

/// What the code that owns the fault point has to do.
struct FaultAction {
  FaultKind kind = FaultKind::error;
  std::uint16_t error_number = 0;     ///< of kind error; 0: the point's own choice
  std::chrono::milliseconds delay{};  ///< of kind delay
  std::filesystem::path until = {};   ///< of kind pause
};

struct FaultMatch {
  std::string key;
  std::string value;
};

struct FaultRule {
  std::string point;
  std::vector<FaultMatch> matches = {};
  std::uint64_t after = 0;
  std::uint64_t times = 1;
  double probability = 1.0;
  std::uint64_t seed = 0;
  FaultAction action = {};
  std::string text = {};  ///< as written, for logs and errors
};

struct FaultRules {
  std::vector<FaultRule> rules;

  /// `Errc::usage` names the rule, the word and what was expected. An empty text is no rules.
  [[nodiscard]] static Result<FaultRules> parse(std::string_view text);
};

}  // namespace donord
