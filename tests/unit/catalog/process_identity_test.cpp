#include "catalog/process_identity.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace donord {
namespace {

TEST(ProcessIdentity, KnowsThatThisProcessLives) {
  const ProcessIdentity self = ProcessIdentity::self().value();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_TRUE(self.alive());
  EXPECT_EQ(ProcessIdentity::self().value(), self);
}

TEST(ProcessIdentity, IsNotFooledByAReusedPid) {
  ProcessIdentity other = ProcessIdentity::self().value();
  ++other.start_ticks;
  EXPECT_FALSE(other.alive());
}

TEST(ProcessIdentity, DoesNotOutliveTheBoot) {
  ProcessIdentity other = ProcessIdentity::self().value();
  other.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(other.alive());
}

TEST(ProcessIdentity, CountsAKilledProcessAsEndedEvenBeforeItIsReaped) {
  int to_parent[2];
  ASSERT_EQ(::pipe(to_parent), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const ProcessIdentity self = ProcessIdentity::self().value();
    (void)!::write(to_parent[1], &self.start_ticks, sizeof self.start_ticks);
    for (;;) ::pause();
  }
  ProcessIdentity identity = ProcessIdentity::self().value();
  identity.pid = child;
  ASSERT_EQ(::read(to_parent[0], &identity.start_ticks, sizeof identity.start_ticks),
            static_cast<ssize_t>(sizeof identity.start_ticks));
  EXPECT_TRUE(identity.alive());

  ::kill(child, SIGKILL);
  siginfo_t ended = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(identity.alive()) << "a zombie";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(identity.alive());
  ::close(to_parent[0]);
  ::close(to_parent[1]);
}

}  // namespace
}  // namespace donord
