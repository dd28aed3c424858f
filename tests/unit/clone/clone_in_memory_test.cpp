// Whole clones between the donor machine and the recipient machine, with everything that may go wrong on the way.

#include <gtest/gtest.h>
#include <set>

#include "clone/in_memory_clone.hpp"

namespace donord {
namespace {

using testing::InMemoryClone;
using testing::MemoryView;
using testing::SeededRandom;

const MemoryView::Shape kSmall = {
    .file_sizes = {700, 0, 9000, 4096}, .pages = 6, .redo_files = 3, .redo_file_bytes = 4096, .trailer_offset = 2560};

/// Every kind of change before both states: with seed 1.
const MemoryView::Shape kChanging = {.file_sizes = {700, 0, 9000, 4096, 300, 1000, 50},
                                     .pages = 4,
                                     .redo_files = 2,
                                     .redo_file_bytes = 4096,
                                     .trailer_offset = 2560,
                                     .changes = 7};

/// With seed 1: two rounds, each with changes and pages.
const MemoryView::Shape kLate = {.file_sizes = {700, 1000, 9000, 4096, 300, 1000},
                                 .pages = 4,
                                 .redo_files = 2,
                                 .redo_file_bytes = 4096,
                                 .trailer_offset = 2560,
                                 .changes = 4,
                                 .late_rounds = 2};

MemoryView::Shape random_shape(SeededRandom& random) {
  MemoryView::Shape shape;
  shape.file_sizes.resize(1 + random.below(5));
  for (std::size_t& size : shape.file_sizes) size = random.one_in(4) ? 0 : random.below(20000);
  shape.pages = random.one_in(3) ? 0 : random.below(40);
  shape.redo_files = static_cast<std::uint32_t>(1 + random.below(4));
  shape.redo_file_bytes = 512 * (8 + random.below(16));
  shape.trailer_offset = 2048 + 512 * random.below(shape.redo_file_bytes / 512 - 4);
  shape.changes = random.one_in(3) ? 0 : random.below(8);
  shape.late_rounds = random.below(3);
  return shape;
}

/// Pages behind the END of PAGE COPY are sent again after a cut: nothing tells which of them have arrived.
enum class LatePages { once, perhaps_again };

void expect_cloned(const InMemoryClone& clone, const MemoryView& view, LatePages late = LatePages::once) {
  ASSERT_EQ(clone.problem(), "");
  EXPECT_EQ(clone.errors(), 0U) << clone.last_error();
  EXPECT_TRUE(clone.donor().complete());
  EXPECT_EQ(clone.recipient().state(), CloneState::done);
  EXPECT_TRUE(clone.sink().files() == view.cloned_files());
  ASSERT_EQ(clone.sink().redo().size(), view.cloned_redo().size());
  for (std::size_t i = 0; i < view.cloned_redo().size(); ++i) {
    Bytes received = clone.sink().redo()[i];
    received.resize(view.cloned_redo()[i].size());
    EXPECT_TRUE(received == view.cloned_redo()[i]) << "redo file " << i;
  }
  if (late == LatePages::once || view.late_page_count() == 0) {
    EXPECT_EQ(clone.recipient().data_bytes(), view.total_bytes()) << "something was sent twice, or not at all";
  }
}

/// Messages of COM_EXECUTE in an undisturbed clone.
std::size_t messages_of(MemoryView& view, std::size_t workers, std::uint64_t seed) {
  InMemoryClone clone{view, workers, seed};
  clone.run();
  expect_cloned(clone, view);
  return clone.taken();
}

void clone_with_random_schedules(std::size_t workers, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    MemoryView view{random_shape(random), random};
    InMemoryClone clone{view, workers, seed};
    clone.run();
    expect_cloned(clone, view);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(CloneInMemory, WithOneConnectionGivesTheSourcesBytes) {
  clone_with_random_schedules(0, 200);
}

TEST(CloneInMemory, WithTwoConnectionsGivesTheSourcesBytes) {
  clone_with_random_schedules(1, 200);
}

TEST(CloneInMemory, WithEightConnectionsGivesTheSourcesBytes) {
  clone_with_random_schedules(7, 200);
}

TEST(CloneInMemory, With128ConnectionsGivesTheSourcesBytes) {
  clone_with_random_schedules(127, 10);
}

TEST(CloneInMemory, WithMoreConnectionsThanADonorTakesGoesOnWithout) {
  clone_with_random_schedules(140, 3);
}

TEST(CloneInMemory, WithoutFilesIsStillAClone) {
  SeededRandom random{1};
  MemoryView view{{.file_sizes = {}}, random};
  InMemoryClone clone{view, 1, 1};
  clone.run();
  expect_cloned(clone, view);
}

TEST(CloneInMemory, CopiesMoreThanOneChunkOfPages) {
  SeededRandom random{1};
  MemoryView view{{.file_sizes = {900'000}, .pages = 4500}, random};
  InMemoryClone clone{view, 2, 1};
  clone.run();
  expect_cloned(clone, view);
}

/// Kinds of changes in the plan of a state.
std::set<FileChange::Kind> kinds_in(const std::vector<FileChange>& changes) {
  std::set<FileChange::Kind> kinds;
  for (const FileChange& change : changes) kinds.insert(change.kind);
  return kinds;
}

TEST(CloneInMemory, FollowsFilesThatComeGoAndGetOtherNames) {
  SeededRandom random{1};
  MemoryView view{kChanging, random};
  EXPECT_EQ(kinds_in(view.begin_page_copy()->changes).size(), 3U);
  EXPECT_EQ(kinds_in(view.begin_redo_copy()->changes).size(), 3U);
  for (const std::size_t workers : {0U, 1U, 5U}) {
    InMemoryClone clone{view, workers, 1};
    clone.run();
    expect_cloned(clone, view);
  }
}

TEST(CloneInMemory, SendsLatePagesBeforeTheRedo) {
  SeededRandom random{1};
  MemoryView view{kLate, random};
  EXPECT_TRUE(view.begin_page_copy()->may_have_late_pages);
  for (int round = 0; round < 2; ++round) {
    const PagePlan late = view.late_pages().value();
    EXPECT_FALSE(late.changes.empty());
    EXPECT_FALSE(late.pages.empty());
  }
  for (const std::size_t workers : {0U, 1U, 5U}) {
    InMemoryClone clone{view, workers, 1};
    clone.run();
    expect_cloned(clone, view);
  }
}

/// Breaks the clone once, after each of its messages in turn, by `interrupt`, and sees it end well.
template <class Interrupt>
void interrupt_after_every_message_of(const MemoryView::Shape& shape, std::size_t workers, Interrupt interrupt) {
  SeededRandom random{1};
  MemoryView view{shape, random};
  const std::size_t messages = messages_of(view, workers, 1);
  for (std::size_t n = 1; n < messages; ++n) {
    SCOPED_TRACE(fmt::format("{} workers, interrupted after {} of {} messages", workers, n, messages));
    InMemoryClone clone{view, workers, 1};
    clone.run(n);
    interrupt(clone);
    clone.run();
    expect_cloned(clone, view, LatePages::perhaps_again);
    if (::testing::Test::HasFailure()) return;
  }
}

/// Of a clone from a donor that stays the same.
template <class Interrupt>
void interrupt_after_every_message(std::size_t workers, Interrupt interrupt) {
  for (const MemoryView::Shape& shape : {kSmall, kChanging, kLate})
    interrupt_after_every_message_of(shape, workers, interrupt);
}

using AcksInFlight = InMemoryClone::AcksInFlight;

TEST(CloneInMemory, CutAfterAnyMessageGoesOnWithoutSendingTwice) {
  for (const std::size_t workers : {0U, 1U, 3U})
    interrupt_after_every_message(workers, [](InMemoryClone& clone) { clone.cut(AcksInFlight::lost); });
}

TEST(CloneInMemory, CutWhenTheAckHasArrivedGoesOnWithTheNextState) {
  for (const std::size_t workers : {0U, 3U})
    interrupt_after_every_message(workers, [](InMemoryClone& clone) { clone.cut(AcksInFlight::delivered); });
}

TEST(CloneInMemory, CutWithAnAckThatArrivesAfterTheReconnectGoesOn) {
  for (const std::size_t workers : {0U, 3U})
    interrupt_after_every_message(workers, [](InMemoryClone& clone) { clone.cut(AcksInFlight::late); });
}

TEST(CloneInMemory, CutTwiceInARowLosesNothing) {
  for (const std::size_t between : {0U, 1U, 2U, 5U})
    interrupt_after_every_message(2, [&](InMemoryClone& clone) {
      clone.cut(AcksInFlight::lost);
      clone.run(between);
      clone.cut(AcksInFlight::lost);
    });
}

TEST(CloneInMemory, CutAfterEveryFewMessagesStillComesToItsEnd) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    MemoryView view{random_shape(random), random};
    InMemoryClone clone{view, random.below(5), seed};
    // Late pages and the changes before them go out anew after every cut.
    const std::size_t few = view.late_page_count() == 0 ? 12 : 40 + 2 * view.late_page_count();
    while (!clone.over()) {
      clone.run(few + random.below(30));
      if (clone.over()) break;
      // What is sent late depends on the moment: no other donor could go on with it.
      if (view.late_page_count() == 0 && random.one_in(4))
        clone.cut_and_restart_donor();
      else
        clone.cut(static_cast<AcksInFlight>(random.below(3)));
    }
    expect_cloned(clone, view, LatePages::perhaps_again);
    if (HasFailure()) return;
  }
}

TEST(CloneInMemory, DonorRestartedAfterAnyMessageGoesOnFromWhatTheRecipientHas) {
  for (const std::size_t workers : {0U, 1U, 3U})
    for (const MemoryView::Shape& shape : {kSmall, kChanging})
      interrupt_after_every_message_of(shape, workers, [](InMemoryClone& clone) { clone.cut_and_restart_donor(); });
}

/// Lets a side fail after each message in turn; every connection is told once.
template <class Fail>
void fail_after_every_message(std::size_t workers, std::string_view expected_error, Fail fail) {
  SeededRandom random{1};
  MemoryView view{kSmall, random};
  const std::size_t messages = messages_of(view, workers, 1);
  for (std::size_t n = 1; n < messages; ++n) {
    SCOPED_TRACE(fmt::format("{} workers, failed after {} of {} messages", workers, n, messages));
    InMemoryClone clone{view, workers, 1};
    clone.run(n);
    const bool donor_was_complete = clone.donor().complete();
    fail(clone);
    clone.run();
    ASSERT_EQ(clone.problem(), "");
    if (donor_was_complete) {
      expect_cloned(clone, view);
      continue;
    }
    if (clone.donor().complete()) continue;  // it was before the failure had arrived
    EXPECT_GE(clone.errors(), 1U);
    EXPECT_EQ(clone.last_error(), expected_error);
    EXPECT_TRUE(clone.donor().attach_refused());
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(CloneInMemory, FailureOfTheRecipientAfterAnyMessageEndsEveryConnection) {
  for (const std::size_t workers : {0U, 3U})
    fail_after_every_message(workers, "1026 : The recipient failed with error 1026",
                             [](InMemoryClone& clone) { clone.recipient_fails(1026); });
}

TEST(CloneInMemory, FailureOfTheDonorAfterAnyMessageEndsEveryConnection) {
  for (const std::size_t workers : {0U, 3U})
    fail_after_every_message(workers, "1815 : page 3 is corrupt", [](InMemoryClone& clone) {
      clone.donor_fails({1815, "page 3 is corrupt"});
    });
}

TEST(CloneInMemory, FailedCloneDoesNotGoOnAfterAReconnect) {
  SeededRandom random{1};
  MemoryView view{kSmall, random};
  InMemoryClone clone{view, 0, 1};
  clone.run(10);
  clone.donor_fails({1815, "page 3 is corrupt"});
  clone.cut(AcksInFlight::lost);
  EXPECT_EQ(clone.problem(), "page 3 is corrupt");
}

}  // namespace
}  // namespace donord
