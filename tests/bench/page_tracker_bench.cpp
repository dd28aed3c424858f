// What it costs to track the pages that a log changes: the same log parsed only, parsed with everything tracked, and
// tracked with the verification of its blocks, as a live log is followed. One thread, data in memory. Bytes are those
// of blocks.
//
//   cmake --preset release && cmake --build build/release --target page_tracker_bench &&
//   build/release/tests/bench/page_tracker_bench [--redo=DIRECTORY/#innodb_redo]
//
// Without --redo the logs are those of fixtures/redo, 220 kB together. With it, it is the log of a server that is not
// running, from its newest checkpoint to its end.

#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>

#include "innodb/redo_block.hpp"
#include "innodb/redo_parser.hpp"
#include "live/page_tracker.hpp"
#include "source/redo_directory.hpp"
#include "support/redo_stream.hpp"

namespace donord {
namespace {

constexpr std::size_t kBatchBlocks = 2048;  // 1 MiB is read at a time

enum class Work { parse, track, verify_and_track };

class Nothing : public innodb::RedoSink {
 public:
  Result<> group(const innodb::RedoGroup& group) override {
    records += group.records.size();
    return {};
  }

  std::uint64_t records = 0;
};

bool is_current(ByteView block, Lsn lsn) {
  return innodb::look_at_redo_block(block, lsn).state == innodb::RedoBlockState::current;
}

Result<> run(const testing::RedoStream& log, Work work, innodb::RedoSink& sink, PageTracker* tracker) {
  innodb::RedoParser parser{log.first_block};
  for (std::size_t i = 0; i < log.blocks(); ++i) {
    if (work == Work::verify_and_track && !is_current(log.block(i), log.lsn_of(i)))
      return Error{Errc::checksum, "a block of the log is not what it should be"};
    if (Result<> fed = parser.feed(log.lsn_of(i), log.block(i), sink); !fed) return fed;
    if (tracker != nullptr && i % kBatchBlocks == 0) tracker->publish();
  }
  if (tracker != nullptr) tracker->publish();
  return {};
}

void follow(benchmark::State& state, const testing::RedoStream& log, Work work) {
  std::size_t memory_bytes = 0;
  for (auto _ : state) {
    Nothing nothing;
    PageTracker tracker{FrameHistory{log.first_block}};
    const bool tracks = work != Work::parse;
    innodb::RedoSink& sink = tracks ? static_cast<innodb::RedoSink&>(tracker) : nothing;
    if (const Result<> done = run(log, work, sink, tracks ? &tracker : nullptr); !done)
      state.SkipWithError(done.error().what.c_str());
    benchmark::DoNotOptimize(nothing.records);
    memory_bytes = tracker.history().memory_bytes();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * log.bytes.size()));
  state.counters["history_bytes"] = static_cast<double>(memory_bytes);
}

void add(const std::string& name, const testing::RedoStream& log) {
  benchmark::RegisterBenchmark(("parse/" + name).c_str(), follow, log, Work::parse);
  benchmark::RegisterBenchmark(("parse_and_track/" + name).c_str(), follow, log, Work::track);
  benchmark::RegisterBenchmark(("verify_parse_and_track/" + name).c_str(), follow, log, Work::verify_and_track);
}

/// The log from the newest checkpoint on.
Result<testing::RedoStream> read_log(const std::string& directory) {
  const RedoSurvey survey = survey_redo(directory, nullptr);
  if (!survey.problems.empty()) return survey.problems.front();
  const Result<innodb::RedoRead> read = open_surveyed_redo(survey);
  if (!read) return read.error();
  testing::RedoStream log{.first_block = survey.checkpoint->block_start(), .bytes = {}};
  log.bytes.resize(survey.end->block_start() - log.first_block);
  if (const Result<> done = (*read)(log.first_block, log.bytes); !done) return done.error();
  return log;
}

}  // namespace
}  // namespace donord

int main(int argc, char** argv) {
  using namespace donord;
  constexpr std::string_view kRedoOption = "--redo=";
  if (argc > 1 && std::string_view{argv[1]}.starts_with(kRedoOption)) {
    const Result<testing::RedoStream> log = read_log(std::string{argv[1]}.substr(kRedoOption.size()));
    if (!log) {
      std::fprintf(stderr, "%s\n", log.error().what.c_str());
      return EXIT_FAILURE;
    }
    std::printf("%zu MiB of redo\n", log->bytes.size() >> 20);
    add("log", *log);
    argv[1] = argv[0];
    ++argv;
    --argc;
  } else {
    for (const std::string& name : testing::redo_fixtures()) add(name, testing::redo_fixture(name));
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
