// Runs one fuzz target without libFuzzer: on every fixture, on the target's own seeds, and on random mutations of them.
//
//   <name>_replay [first [count]]
//
// Mutation n is the same in every run, so `<name>_replay 1234 1` repeats the one that a failure names.

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "support/hex_file.hpp"
#include "support/seeded_random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

namespace fs = std::filesystem;
using donord::Bytes;
using donord::testing::SeededRandom;

constexpr std::uint64_t kDefaultMutations = 5000;
constexpr std::size_t kMaxInputBytes = 64 * 1024;

/// What runs now, ready to be written by a signal handler.
std::array<char, 256> current = {};

void say(const std::string& what) {
  current.fill('\0');
  what.copy(current.data(), current.size() - 1);
}

void report() {
  (void)!::write(STDERR_FILENO, current.data(), ::strnlen(current.data(), current.size()));
}

void on_abort(int signal) {
  report();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Every file below fixtures/ and seeds/<name>/, in the order of the names.
std::vector<fs::path> seed_files() {
  std::vector<fs::path> files;
  for (const fs::path& root : {fs::path{DONORD_SOURCE_DIR} / "fixtures",
                               fs::path{DONORD_SOURCE_DIR} / "tests/fuzz/seeds" / DONORD_FUZZER_NAME}) {
    if (!fs::is_directory(root)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void run(const Bytes& input) {
  // A copy of exactly this size lets AddressSanitizer see a read beyond the end.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void mutate_once(Bytes& input, const Bytes& other, SeededRandom& random) {
  const auto at = [&] { return static_cast<std::ptrdiff_t>(random.below(input.size())); };
  if (input.empty()) input.push_back(0);
  switch (random.below(6)) {
    case 0:
      input[static_cast<std::size_t>(at())] ^= static_cast<std::uint8_t>(1U << random.below(8));
      break;
    case 1:
      input[static_cast<std::size_t>(at())] = random.number<std::uint8_t>();
      break;
    case 2:
      input.resize(static_cast<std::size_t>(at()));
      break;
    case 3:
      input.insert(input.begin() + at(), random.number<std::uint8_t>());
      break;
    case 4: {
      const Bytes inserted = random.bytes(32);
      input.insert(input.begin() + at(), inserted.begin(), inserted.end());
      break;
    }
    default: {
      const std::size_t from = other.empty() ? 0 : random.below(other.size());
      const std::size_t length = other.empty() ? 0 : random.below(std::min<std::size_t>(other.size() - from, 64) + 1);
      input.insert(input.begin() + at(), other.begin() + static_cast<std::ptrdiff_t>(from),
                   other.begin() + static_cast<std::ptrdiff_t>(from + length));
    }
  }
  if (input.size() > kMaxInputBytes) input.resize(kMaxInputBytes);
}

Bytes mutation(const std::vector<Bytes>& seeds, std::uint64_t number) {
  SeededRandom random{number};
  if (seeds.empty() || random.one_in(20)) return random.bytes(512);
  Bytes input = seeds[random.below(seeds.size())];
  for (std::uint64_t left = 1 + random.below(8); left > 0; --left)
    mutate_once(input, seeds[random.below(seeds.size())], random);
  return input;
}

std::uint64_t argument(int argc, char** argv, int index, std::uint64_t otherwise) {
  if (index >= argc) return otherwise;
  const std::string_view text = argv[index];
  std::uint64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(report);

  std::vector<Bytes> seeds;
  for (const fs::path& file : seed_files()) {
    seeds.push_back(donord::testing::load_fixture(file.string()).bytes);
    if (seeds.back().size() > kMaxInputBytes) seeds.back().resize(kMaxInputBytes);
    if (argc > 1) continue;
    say(fmt::format("while replaying {}\n", file.string()));
    run(seeds.back());
  }
  if (argc <= 1) run({});

  const std::uint64_t first = argument(argc, argv, 1, 0);
  const std::uint64_t count = argument(argc, argv, 2, kDefaultMutations);
  for (std::uint64_t number = first; number < first + count; ++number) {
    say(fmt::format("in mutation {}: {}_replay {} 1\n", number, DONORD_FUZZER_NAME, number));
    run(mutation(seeds, number));
  }
  fmt::print("{} seeds, {} mutations from {}\n", seeds.size(), count, first);
  return 0;
}
