#include "catalog/catalog.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "catalog/schema.hpp"
#include "fault/fault_injector.hpp"
#include "support/scratch_directory.hpp"

namespace donord {
namespace {

using sqlite::Access;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

NewSession new_session() {
  return NewSession{.user = "clone",
                    .host = "192.0.2.7:51234",
                    .source = "datadir /var/lib/mysql (at rest)",
                    .server_version = "9.7.4",
                    .recipient_version = "9.7.4",
                    .recipient_os = "Linux",
                    .recipient_platform = "x86_64",
                    .capabilities = 0x19B8AA85,
                    .tls_version = "TLSv1.3",
                    .tls_cipher = "TLS_AES_256_GCM_SHA384",
                    .compression = "zlib"};
}

NegotiatedClone negotiated(std::uint64_t clone_id) {
  return NegotiatedClone{CloneId{clone_id}, SnapshotId{UINT64_MAX - clone_id}, "sha256:00ff", 0x0103, 64};
}

class CatalogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Catalog> open(Access access = Access::read_write) {
    return Catalog::open(path(), access, [this] { return now_; }).value();
  }
  std::filesystem::path path() const { return directory_.path() / "catalog.db"; }

  /// Runs `body` with the catalog in another process, which then dies by SIGKILL.
  template <class Body>
  void in_killed_process(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
      body(*open());
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }

  std::int64_t now_ = 1'000'000;

 private:
  testing::ScratchDirectory directory_;
};

TEST_F(CatalogTest, KeepsEverythingAboutASession) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(7)));
  now_ += 10;
  ASSERT_TRUE(catalog->begin_stage(key, SessionStage::init, 0));
  ASSERT_TRUE(catalog->end_stage(key, SessionStage::init, {}));
  now_ += 10;
  ASSERT_TRUE(catalog->begin_stage(key, SessionStage::file_copy, 5000));
  ASSERT_TRUE(catalog->progress(key, SessionStage::file_copy, {1000, 700, 10, 4}));
  now_ += 10;
  ASSERT_TRUE(catalog->end_stage(key, SessionStage::file_copy, {5000, 3000, 50, 2}));
  now_ += 10;
  ASSERT_TRUE(catalog->end_session(key, {SessionResult::failed, 3862, "it broke"}));

  const SessionRecord session = catalog->get_session(key).value();
  EXPECT_EQ(session.key, key);
  EXPECT_EQ(session.opened.user, "clone");
  EXPECT_EQ(session.opened.host, "192.0.2.7:51234");
  EXPECT_EQ(session.opened.source, "datadir /var/lib/mysql (at rest)");
  EXPECT_EQ(session.opened.server_version, "9.7.4");
  EXPECT_EQ(session.opened.recipient_version, "9.7.4");
  EXPECT_EQ(session.opened.recipient_os, "Linux");
  EXPECT_EQ(session.opened.recipient_platform, "x86_64");
  EXPECT_EQ(session.opened.capabilities, 0x19B8AA85u);
  EXPECT_EQ(session.opened.tls_version, "TLSv1.3");
  EXPECT_EQ(session.opened.tls_cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(session.opened.compression, "zlib");
  ASSERT_TRUE(session.negotiated);
  EXPECT_EQ(session.negotiated->clone_id, CloneId{7});
  EXPECT_EQ(session.negotiated->snapshot_id, SnapshotId{UINT64_MAX - 7});
  EXPECT_EQ(session.negotiated->fingerprint, "sha256:00ff");
  EXPECT_EQ(session.negotiated->protocol_version, 0x0103u);
  EXPECT_EQ(session.negotiated->block_pages, 64u);
  EXPECT_EQ(session.begin_ms, 1'000'000);
  EXPECT_EQ(session.end_ms, 1'000'040);
  EXPECT_EQ(session.end.result, SessionResult::failed);
  EXPECT_EQ(session.end.error_number, 3862u);
  EXPECT_EQ(session.end.error_text, "it broke");
  EXPECT_EQ(session.owner_pid, ::getpid());
  ASSERT_THAT(session.stages, SizeIs(2));
  const StageRecord& files = session.stages[1];
  EXPECT_EQ(files.stage, SessionStage::file_copy);
  EXPECT_EQ(files.begin_ms, 1'000'020);
  EXPECT_EQ(files.end_ms, 1'000'030);
  EXPECT_EQ(files.estimate_bytes, 5000u);
  EXPECT_EQ(files.counters.data_bytes, 5000u);
  EXPECT_EQ(files.counters.network_bytes, 3000u);
  EXPECT_EQ(files.counters.blocks, 50u);
  EXPECT_EQ(files.counters.threads, 4u) << "the largest number of threads is kept";
  EXPECT_EQ(session.data_bytes(), 5000u);
  EXPECT_EQ(session.network_bytes(), 3000u);
}

TEST_F(CatalogTest, KeepsThePositionOfTheSourceWhole) {
  const SourcePosition position{"binlog.000003", 1U << 31, std::string(100'000, 'a')};
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  EXPECT_EQ(catalog->get_session(key)->position, std::nullopt);
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(7), position));
  EXPECT_EQ(catalog->get_session(key)->position, position);
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(7), SourcePosition{}));
  EXPECT_EQ(catalog->get_session(key)->position, SourcePosition{}) << "it was asked, and logs nothing";
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(7)));
  EXPECT_EQ(catalog->get_session(key)->position, std::nullopt);
}

TEST_F(CatalogTest, OpensTheFileOfAnOlderProgramAndKeepsItsSessions) {
  {
    const sqlite::Schema& now = catalog_schema();
    sqlite::Db db = sqlite::Db::open(path(), Access::read_write).value();
    ASSERT_TRUE(sqlite::migrate(db, sqlite::Schema{now.name, now.application_id, now.steps.first(1)}));
    ASSERT_TRUE(
        db.run_script("INSERT INTO owner VALUES (1, 'another boot', 2, 3, 4);"
                      "INSERT INTO session VALUES (5, 1, 'completed', 'clone', '192.0.2.7:51234', 'a source',"
                      " '9.7.4', '9.7.4', 'Linux', 'x86_64', 6, '', '', '', 'live-00ff', 7, 8, 259, 64,"
                      " 1000, 2000, 2000, 0, '', 1);"
                      "INSERT INTO stage VALUES (5, 1, 1000, 2000, 10, 10, 9, 8, 7, 0, 0, 0)"));
  }
  EXPECT_EQ(Catalog::open(path(), Access::read_only).error().code, Errc::unsupported_version);
  const std::unique_ptr<Catalog> catalog = open();
  const SessionRecord session = catalog->get_session(SessionKey{5}).value();
  EXPECT_EQ(session.end.result, SessionResult::completed);
  EXPECT_EQ(session.opened.source, "a source");
  EXPECT_EQ(session.negotiated->fingerprint, "live-00ff");
  EXPECT_EQ(session.data_bytes(), 10U);
  EXPECT_EQ(session.position, std::nullopt);
  const SessionKey next = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->session_negotiated(next, negotiated(7), SourcePosition{"binlog.000001", 4, "uuid:1"}));
  EXPECT_THAT(catalog->list_sessions().value(), SizeIs(2));
}

TEST_F(CatalogTest, ShowsASessionThatWasRefusedBeforeNegotiation) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->end_session(key, {SessionResult::failed, 3634, "Too many"}));
  const SessionRecord session = catalog->get_session(key).value();
  EXPECT_FALSE(session.negotiated);
  EXPECT_THAT(session.stages, IsEmpty());
  EXPECT_EQ(session.current_stage(), nullptr);
}

TEST_F(CatalogTest, RefusesProgressOfWhatIsNotUnderWay) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  EXPECT_EQ(catalog->progress(key, SessionStage::file_copy, {}).error().code, Errc::conflict);
  ASSERT_TRUE(catalog->begin_stage(key, SessionStage::file_copy, 1));
  ASSERT_TRUE(catalog->end_session(key, {}));
  EXPECT_EQ(catalog->progress(key, SessionStage::file_copy, {9, 9, 9, 9}).error().code, Errc::conflict);
  EXPECT_EQ(catalog->begin_stage(key, SessionStage::page_copy, 1).error().code, Errc::conflict);
  EXPECT_EQ(catalog->session_negotiated(key, negotiated(1)).error().code, Errc::conflict);
  EXPECT_EQ(catalog->end_session(key, {SessionResult::failed, 1, ""}).error().code, Errc::conflict);
  const SessionRecord session = catalog->get_session(key).value();
  EXPECT_EQ(session.end.result, SessionResult::completed);
  EXPECT_THAT(session.stages, SizeIs(1));
  EXPECT_EQ(session.data_bytes(), 0u) << "the refused progress is rolled back";
}

TEST_F(CatalogTest, RefusesAStageOfAnUnknownSession) {
  const std::unique_ptr<Catalog> catalog = open();
  EXPECT_EQ(catalog->begin_stage(SessionKey{99}, SessionStage::init, 0).error().code, Errc::conflict);
  EXPECT_EQ(catalog->get_session(SessionKey{99}).error().code, Errc::not_found);
}

TEST_F(CatalogTest, MarksTheSessionsOfAKilledProcessAsInterrupted) {
  in_killed_process([&](Catalog& catalog) {
    const SessionKey key = catalog.begin_session(new_session()).value();
    (void)catalog.session_negotiated(key, negotiated(7)).value();
    (void)catalog.begin_stage(key, SessionStage::file_copy, 100).value();
    now_ += 500;
    (void)catalog.progress(key, SessionStage::file_copy, {40, 30, 2, 1}).value();
    const SessionKey ended = catalog.begin_session(new_session()).value();
    (void)catalog.end_session(ended, {}).value();
  });

  const std::unique_ptr<Catalog> catalog = open();
  EXPECT_EQ(catalog->mark_interrupted().value(), 1u);
  EXPECT_EQ(catalog->mark_interrupted().value(), 0u);
  const SessionRecord session = catalog->get_session(SessionKey{1}).value();
  EXPECT_EQ(session.end.result, SessionResult::interrupted);
  EXPECT_EQ(session.end_ms, 1'000'500) << "its last sign of life";
  EXPECT_EQ(session.data_bytes(), 40u);
  EXPECT_EQ(catalog->get_session(SessionKey{2}).value().end.result, SessionResult::completed);
}

TEST_F(CatalogTest, LeavesTheSessionsOfALivingProcessAlone) {
  int to_parent[2];
  ASSERT_EQ(::pipe(to_parent), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::unique_ptr<Catalog> theirs = open();
    const SessionKey key = theirs->begin_session(new_session()).value();
    (void)theirs->session_negotiated(key, negotiated(7)).value();
    (void)!::write(to_parent[1], "x", 1);
    for (;;) ::pause();
  }
  char ready = 0;
  ASSERT_EQ(::read(to_parent[0], &ready, 1), 1);
  const std::unique_ptr<Catalog> catalog = open();
  EXPECT_EQ(catalog->mark_interrupted().value(), 0u);
  EXPECT_FALSE(catalog->find_resumable(CloneId{7}, SnapshotId{UINT64_MAX - 7}).value());
  EXPECT_EQ(catalog->resumed(SessionKey{1}).error().code, Errc::conflict);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(catalog->mark_interrupted().value(), 1u);
  EXPECT_TRUE(catalog->find_resumable(CloneId{7}, SnapshotId{UINT64_MAX - 7}).value());
  ::close(to_parent[0]);
  ::close(to_parent[1]);
}

TEST_F(CatalogTest, LetsARestartedDonorContinueAClone) {
  in_killed_process([&](Catalog& catalog) {
    const SessionKey key = catalog.begin_session(new_session()).value();
    (void)catalog.session_negotiated(key, negotiated(7)).value();
    (void)catalog.begin_stage(key, SessionStage::file_copy, 100).value();
    now_ += 500;
    (void)catalog.progress(key, SessionStage::file_copy, {40, 30, 2, 3}).value();
  });
  now_ += 10'000;
  const std::unique_ptr<Catalog> catalog = open();
  ASSERT_TRUE(catalog->mark_interrupted());
  EXPECT_FALSE(catalog->find_resumable(CloneId{7}, SnapshotId{1}).value());
  EXPECT_FALSE(catalog->find_resumable(CloneId{1}, SnapshotId{UINT64_MAX - 7}).value());
  const std::optional<ResumableClone> found = catalog->find_resumable(CloneId{7}, SnapshotId{UINT64_MAX - 7}).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->negotiated.clone_id, CloneId{7});
  EXPECT_EQ(found->negotiated.snapshot_id, SnapshotId{UINT64_MAX - 7});
  EXPECT_EQ(found->negotiated.fingerprint, "sha256:00ff");
  EXPECT_EQ(found->negotiated.protocol_version, 0x0103u);
  EXPECT_EQ(found->negotiated.block_pages, 64u);
  EXPECT_EQ(found->user, "clone");
  EXPECT_EQ(found->host, "192.0.2.7:51234");
  EXPECT_EQ(found->begin_ms, 1'000'000);
  EXPECT_EQ(found->last_seen_ms, 1'000'500);

  ASSERT_TRUE(catalog->resumed(found->key));
  ASSERT_TRUE(catalog->begin_stage(found->key, SessionStage::file_copy, 100));
  ASSERT_TRUE(catalog->progress(found->key, SessionStage::file_copy, {10, 8, 1, 2}));
  ASSERT_TRUE(catalog->end_stage(found->key, SessionStage::file_copy, {60, 50, 3, 2}));
  const SessionRecord session = catalog->get_session(found->key).value();
  EXPECT_EQ(session.end.result, SessionResult::in_progress);
  EXPECT_FALSE(session.end_ms);
  EXPECT_EQ(session.reconnects, 1u);
  EXPECT_EQ(session.owner_pid, ::getpid());
  ASSERT_THAT(session.stages, SizeIs(1));
  EXPECT_EQ(session.stages[0].begin_ms, 1'000'000) << "of the first attempt";
  EXPECT_EQ(session.stages[0].counters.data_bytes, 100u) << "of both attempts";
  EXPECT_EQ(session.stages[0].counters.network_bytes, 80u);
  EXPECT_EQ(session.stages[0].counters.blocks, 5u);
  EXPECT_EQ(session.stages[0].counters.threads, 3u);
}

TEST_F(CatalogTest, ContinuesAnOwnSessionWhoseConnectionWasLost) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(3)));
  EXPECT_FALSE(catalog->find_resumable(CloneId{3}, SnapshotId{UINT64_MAX - 3}).value()) << "it is known by its session";
  ASSERT_TRUE(catalog->resumed(key));
  ASSERT_TRUE(catalog->resumed(key));
  EXPECT_EQ(catalog->get_session(key).value().reconnects, 2u);
}

TEST_F(CatalogTest, ContinuesASessionThatAShutdownInterrupted) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->session_negotiated(key, negotiated(3)));
  ASSERT_TRUE(catalog->end_session(key, {SessionResult::interrupted, 1053, "Server shutdown in progress"}));
  ASSERT_TRUE(catalog->resumed(key));
  const SessionRecord session = catalog->get_session(key).value();
  EXPECT_EQ(session.end.result, SessionResult::in_progress);
  EXPECT_EQ(session.end.error_number, 0u);
  EXPECT_EQ(session.end.error_text, "");
}

TEST_F(CatalogTest, DoesNotContinueWhatCompletedOrFailed) {
  const std::unique_ptr<Catalog> catalog = open();
  for (const SessionResult result : {SessionResult::completed, SessionResult::failed}) {
    const SessionKey key = catalog->begin_session(new_session()).value();
    ASSERT_TRUE(catalog->session_negotiated(key, negotiated(3)));
    ASSERT_TRUE(catalog->end_session(key, {result, 0, ""}));
    EXPECT_EQ(catalog->resumed(key).error().code, Errc::conflict);
  }
  EXPECT_FALSE(catalog->find_resumable(CloneId{3}, SnapshotId{UINT64_MAX - 3}).value());
}

TEST_F(CatalogTest, ListsTheNewestFirstAndFilters) {
  const std::unique_ptr<Catalog> catalog = open();
  for (int i = 0; i < 5; ++i) {
    NewSession session = new_session();
    session.user = i % 2 == 0 ? "even" : "odd";
    const SessionKey key = catalog->begin_session(session).value();
    if (i < 2) {
      ASSERT_TRUE(catalog->end_session(key, {}));
    }
    now_ += 1000;
  }
  const auto keys = [&](const SessionFilter& filter) {
    std::string found;
    for (const SessionRecord& session : catalog->list_sessions(filter).value())
      found += fmt::format("{} ", session.key);
    return found;
  };
  EXPECT_EQ(keys({}), "5 4 3 2 1 ");
  EXPECT_EQ(keys({.limit = 2}), "5 4 ");
  EXPECT_EQ(keys({.result = SessionResult::completed}), "2 1 ");
  EXPECT_EQ(keys({.user = "odd"}), "4 2 ");
  EXPECT_EQ(keys({.begun_since_ms = 1'003'000}), "5 4 ");
  EXPECT_EQ(keys({.result = SessionResult::completed, .user = "odd"}), "2 ");
  EXPECT_EQ(keys({.user = "nobody"}), "");
}

TEST_F(CatalogTest, CutsLongTextOfThePeerAndKeepsItsBytes) {
  const std::unique_ptr<Catalog> catalog = open();
  NewSession session = new_session();
  session.user = std::string(100'000, 'u');
  session.recipient_os = std::string{"\xff\0'; DROP TABLE session; --", 28};
  const SessionKey key = catalog->begin_session(session).value();
  const SessionRecord kept = catalog->get_session(key).value();
  EXPECT_EQ(kept.opened.user, std::string(512, 'u'));
  EXPECT_EQ(kept.opened.recipient_os, session.recipient_os);
}

TEST_F(CatalogTest, ReadsWhileAnotherConnectionWrites) {
  const std::unique_ptr<Catalog> writing = open();
  const SessionKey key = writing->begin_session(new_session()).value();
  const std::unique_ptr<Catalog> reading = open(Access::read_only);
  EXPECT_THAT(reading->list_sessions().value(), SizeIs(1));
  ASSERT_TRUE(writing->begin_stage(key, SessionStage::init, 0));
  EXPECT_THAT(reading->get_session(key).value().stages, SizeIs(1));
  EXPECT_EQ(reading->end_session(key, {}).error().code, Errc::denied);
}

TEST_F(CatalogTest, ReportsAFailedWriteAndGoesOn) {
  const std::unique_ptr<Catalog> catalog = open();
  for (const char* point : {"catalog.begin", "catalog.commit"}) {
    process_faults().arm(FaultRules::parse(fmt::format("{} action=error", point)).value());
    EXPECT_FALSE(catalog->begin_session(new_session())) << point;
    EXPECT_TRUE(catalog->begin_session(new_session())) << point;
  }
  process_faults().arm({});
  EXPECT_THAT(catalog->list_sessions().value(), SizeIs(2));
}

TEST_F(CatalogTest, TakesCallsFromSeveralThreads) {
  const std::unique_ptr<Catalog> catalog = open();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const SessionKey key = catalog->begin_session(new_session()).value();
        EXPECT_TRUE(catalog->begin_stage(key, SessionStage::file_copy, 50));
        for (std::uint64_t n = 1; n <= 50; ++n)
          EXPECT_TRUE(catalog->progress(key, SessionStage::file_copy, {n, n, n, 1}));
        EXPECT_TRUE(catalog->end_session(key, {}));
      });
  }
  const std::vector<SessionRecord> sessions = catalog->list_sessions({.result = SessionResult::completed}).value();
  ASSERT_THAT(sessions, SizeIs(4));
  for (const SessionRecord& session : sessions) EXPECT_EQ(session.data_bytes(), 50u);
}

TEST_F(CatalogTest, RefusesTheFileOfANewerProgram) {
  (void)open();
  {
    sqlite::Db db = sqlite::Db::open(path(), Access::read_write).value();
    ASSERT_TRUE(db.run_script("PRAGMA user_version = 4711"));
  }
  const auto opened = Catalog::open(path(), Access::read_write);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported_version);
  EXPECT_THAT(opened.error().what, HasSubstr("version 4711"));
}

TEST_F(CatalogTest, RefusesValuesThatItNeverWrites) {
  const std::unique_ptr<Catalog> catalog = open();
  const SessionKey key = catalog->begin_session(new_session()).value();
  ASSERT_TRUE(catalog->begin_stage(key, SessionStage::init, 0));
  for (const char* damage : {"UPDATE session SET result = 'odd'", "UPDATE session SET result = 'failed', begin_ms = -1",
                             "UPDATE session SET begin_ms = 5, end_ms = 9223372036854775807",
                             "UPDATE session SET end_ms = NULL;"
                             "UPDATE stage SET stage = 5",
                             "UPDATE stage SET stage = 0, begin_ms = 253402300800000"}) {
    sqlite::Db db = sqlite::Db::open(path(), Access::read_write).value();
    ASSERT_TRUE(db.run_script(fmt::format("PRAGMA ignore_check_constraints = ON; {}", damage)));
    EXPECT_EQ(catalog->get_session(key).error().code, Errc::malformed) << damage;
    EXPECT_EQ(catalog->list_sessions().error().code, Errc::malformed) << damage;
  }
}

TEST(CatalogInMemory, IsACatalog) {
  const std::unique_ptr<Catalog> catalog = Catalog::in_memory().value();
  EXPECT_TRUE(catalog->begin_session(new_session()));
  EXPECT_THAT(catalog->list_sessions().value(), SizeIs(1));
}

}  // namespace
}  // namespace donord
