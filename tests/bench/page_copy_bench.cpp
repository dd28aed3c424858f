// PAGE COPY of a live directory: very many pages, a message each. From a source in memory, over loopback and the
// donor's own connection code, to a recipient that throws everything away; FILE COPY of the same bytes beside it.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "server/clone_server.hpp"
#include "support/no_sink.hpp"

namespace {

using namespace donord;

constexpr std::uint32_t kPage = 16384;

/// A file of empty pages in `files`, and as many pages in PAGE COPY.
class PagesView final : public CloneView {
 public:
  PagesView(std::uint64_t file_pages, std::uint64_t pages) : pages_(pages) {
    files_.push_back({.name = "./db/t.ibd", .size_bytes = file_pages * kPage, .page_size_bytes = kPage});
  }
  const std::vector<DataFile>& files() const override { return files_; }
  bool has_keys() const override { return false; }
  std::uint64_t redo_capacity_bytes() const override { return 65536; }
  std::string fingerprint() const override { return "pages"; }
  Result<> read_file(std::size_t, std::uint64_t, MutableBytes into) const override { return fill(into); }
  Result<PagePlan> begin_page_copy() override {
    PagePlan plan;
    plan.pages.reserve(pages_);
    for (std::uint64_t i = 0; i < pages_; ++i) plan.pages.push_back({0, i * kPage, kPage, pages_ * kPage});
    return plan;
  }
  Result<> read_page(const PageRef&, MutableBytes into) const override { return fill(into); }
  Result<RedoPlan> begin_redo_copy() override { return RedoPlan{65536, 1, 2048}; }
  Result<> read_redo(std::uint32_t, std::uint64_t, MutableBytes into) const override { return fill(into); }

 private:
  static Result<> fill(MutableBytes into) {
    std::fill(into.begin(), into.end(), std::uint8_t{0x5A});
    return {};
  }

  std::vector<DataFile> files_;
  std::uint64_t pages_;
};

class PagesSource final : public DonorSource {
 public:
  PagesSource(std::uint64_t file_pages, std::uint64_t pages) : file_pages_(file_pages), pages_(pages) {}
  SourceIdentity identity() const override {
    return {.description = "pages", .server_version = "9.7.4", .page_size_bytes = kPage};
  }
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest&) override {
    return std::make_unique<PagesView>(file_pages_, pages_);
  }

 private:
  std::uint64_t file_pages_;
  std::uint64_t pages_;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void clone(benchmark::State& state, std::uint64_t file_pages, std::uint64_t pages) {
  double cpu = 0;
  for (auto _ : state) {
    testing::CloneServer server{std::make_shared<PagesSource>(file_pages, pages)};
    testing::NoSink sink;
    RecipientMachine recipient{{}, sink};
    cpu -= cpu_seconds();
    if (const std::optional<Error> refused = server.clone(recipient, testing::clone_client("clone")))
      state.SkipWithError(refused->what.c_str());
    cpu += cpu_seconds();
  }
  const auto bytes = static_cast<double>(state.iterations() * static_cast<std::int64_t>((file_pages + pages) * kPage));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["cpu_us_per_page"] = cpu * 1e6 / (bytes / kPage);
}

void file_copy(benchmark::State& state) {
  clone(state, static_cast<std::uint64_t>(state.range(0)), 0);
}
void page_copy(benchmark::State& state) {
  clone(state, 0, static_cast<std::uint64_t>(state.range(0)));
}

}  // namespace

BENCHMARK(file_copy)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(page_copy)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
