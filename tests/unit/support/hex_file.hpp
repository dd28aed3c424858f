#pragma once

// Fixtures: bytes of real servers (fixtures/README.md). A `.hex` file has `# key: value` lines and then hex digits; a
// `.bin` file is the bytes themselves. A file that is missing or not readable as such is an exception, which fails the
// test that wanted it.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/hex.hpp"

namespace donord::testing {

struct Fixture {
  std::map<std::string, std::string> head;
  Bytes bytes;
};

inline std::filesystem::path fixture_path(std::string_view name) {
  return std::filesystem::path{DONORD_SOURCE_DIR} / "fixtures" / name;
}

/// `name` is relative to fixtures/: "captures/com_init.hex".
inline Fixture load_fixture(std::string_view name) {
  const std::filesystem::path path = fixture_path(name);
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error("no fixture " + path.string());

  Fixture fixture;
  if (path.extension() != ".hex") {
    std::ostringstream content;
    content << in.rdbuf();
    fixture.bytes = to_bytes(content.str());
    return fixture;
  }
  std::string digits;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with('#')) {
      digits += line;
      continue;
    }
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || !line.starts_with("# "))
      throw std::runtime_error(path.string() + ": not '# key: value': " + line);
    fixture.head[line.substr(2, colon - 2)] = line.substr(colon + 2);
  }
  fixture.bytes = from_hex(digits);
  return fixture;
}

}  // namespace donord::testing
