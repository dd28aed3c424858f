// How fast redo is parsed: the log of a real server (fixtures/redo, 220 kB), one thread, data in the cache. With the
// verification of its blocks, and without. Bytes are those of blocks.
//
//   cmake --preset release && cmake --build build/release --target redo_parse_bench &&
//   build/release/tests/bench/redo_parse_bench

#include <benchmark/benchmark.h>

#include "innodb/redo_block.hpp"
#include "innodb/redo_parser.hpp"
#include "support/redo_stream.hpp"

namespace donord {
namespace {

/// Looks at what everybody looks at.
class Pages : public innodb::RedoSink {
 public:
  Result<> group(const innodb::RedoGroup& group) override {
    for (const innodb::RedoRecord& record : group.records)
      pages += innodb::names_a_page(record.type) ? record.page.value() ^ record.space.value() : 0;
    records += group.records.size();
    return {};
  }

  std::uint64_t pages = 0;
  std::uint64_t records = 0;
};

void parse(benchmark::State& state, const std::string& fixture, bool verify) {
  const testing::RedoStream stream = testing::redo_fixture(fixture);
  Pages sink;
  for (auto _ : state) {
    innodb::RedoParser parser{stream.first_block};
    for (std::size_t i = 0; i < stream.blocks(); ++i) {
      const ByteView block = stream.block(i);
      const bool right =
          !verify || innodb::look_at_redo_block(block, stream.lsn_of(i)).state == innodb::RedoBlockState::current;
      if (!right || !parser.feed(stream.lsn_of(i), block, sink)) state.SkipWithError("the fixture cannot be parsed");
    }
  }
  benchmark::DoNotOptimize(sink.pages);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * stream.bytes.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(sink.records));
}

}  // namespace
}  // namespace donord

int main(int argc, char** argv) {
  for (const std::string& name : donord::testing::redo_fixtures()) {
    benchmark::RegisterBenchmark(("parse/" + name).c_str(), donord::parse, name, false);
    benchmark::RegisterBenchmark(("verify_and_parse/" + name).c_str(), donord::parse, name, true);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
