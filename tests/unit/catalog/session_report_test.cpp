#include "catalog/session_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace donord {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kBegin = 1'769'860'800'000;  // 2026-01-31 12:00:00 UTC

SessionRecord in_file_copy() {
  SessionRecord session;
  session.key = SessionKey{12};
  session.opened = NewSession{.user = "clone",
                              .host = "192.0.2.7:51234",
                              .source = "datadir /var/lib/mysql (at rest)",
                              .server_version = "9.7.4",
                              .recipient_version = "9.7.4",
                              .recipient_os = "Linux",
                              .recipient_platform = "x86_64",
                              .capabilities = 0x19B8AA85,
                              .tls_version = "TLSv1.3",
                              .tls_cipher = "TLS_AES_256_GCM_SHA384"};
  session.negotiated = NegotiatedClone{CloneId{7}, SnapshotId{8}, "sha256:00ff", 0x0103, 64};
  session.begin_ms = kBegin;
  session.last_seen_ms = kBegin + 9000;
  session.stages = {
      StageRecord{SessionStage::init, kBegin, kBegin + 1000, 0, {}},
      StageRecord{SessionStage::file_copy, kBegin + 1000, {}, 4 << 20, StageCounters{1 << 20, 512 << 10, 16, 4}}};
  return session;
}

TEST(SessionReport, ListsOneLinePerSession) {
  SessionRecord failed = in_file_copy();
  failed.key = SessionKey{9};
  failed.end = SessionEnd{SessionResult::failed, 3862, "it broke"};
  failed.end_ms = kBegin + 65'000;
  const std::vector<SessionRecord> sessions = {in_file_copy(), failed};
  EXPECT_EQ(sessions_as_text(sessions, kBegin + 10'000),
            "SESSION  RESULT       USER   HOST             BEGIN (UTC)              TIME   STAGE          DATA      "
            "NETWORK  RATE        ERROR\n"
            "12       in_progress  clone  192.0.2.7:51234  2026-01-31 12:00:00.000  10.0s  file_copy 25%  1.00 MiB  "
            "512 KiB  102 KiB/s   -\n"
            "9        failed       clone  192.0.2.7:51234  2026-01-31 12:00:00.000  1m05s  file_copy      1.00 MiB  "
            "512 KiB  15.8 KiB/s  3862\n");
}

TEST(SessionReport, SaysSoWhenThereIsNothing) {
  EXPECT_EQ(sessions_as_text({}, 0), "No sessions.\n");
  EXPECT_EQ(sessions_as_json({}, 0), "[]\n");
}

TEST(SessionReport, ShowsEverythingAboutOneSession) {
  const std::string text = session_as_text(in_file_copy(), kBegin + 10'000);
  for (const char* line :
       {"result       in_progress\n", "recipient    9.7.4 Linux x86_64\n", "capabilities 0x19b8aa85\n",
        "tls          TLSv1.3 TLS_AES_256_GCM_SHA384\n", "compression  none\n", "protocol     0x0103\n",
        "clone id     7\n", "end          -\n", "data         1.00 MiB (1048576 bytes)\n",
        "init       2026-01-31 12:00:00.000  1.0s", "file_copy  2026-01-31 12:00:01.000  9.0s"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("error")));
}

TEST(SessionReport, SaysHowFarTheSourceWasAtLeast) {
  SessionRecord session = in_file_copy();
  EXPECT_THAT(session_as_text(session, kBegin), HasSubstr("binary log   -\ngtids        -\n"));
  EXPECT_EQ(nlohmann::json::parse(session_as_json(session, kBegin))["position_at_least"], nullptr);

  session.position = SourcePosition{"binlog.000003", 157, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-55"};
  EXPECT_THAT(session_as_text(session, kBegin),
              HasSubstr("binary log   at least binlog.000003 157\n"
                        "gtids        at least 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-55\n"));
  const auto json = nlohmann::json::parse(session_as_json(session, kBegin))["position_at_least"];
  EXPECT_EQ(json["binary_log_file"], "binlog.000003");
  EXPECT_EQ(json["binary_log_position"], 157);
  EXPECT_EQ(json["gtid_executed"], "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-55");
}

TEST(SessionReport, EndsTheClockOfAnUnfinishedStageWithItsSession) {
  SessionRecord session = in_file_copy();
  session.end = SessionEnd{SessionResult::interrupted};
  session.end_ms = kBegin + 3000;
  EXPECT_THAT(session_as_text(session, kBegin + 999'000), HasSubstr("file_copy  2026-01-31 12:00:01.000  2.0s"));
}

TEST(SessionReport, BearsTheLargestNumbers) {
  SessionRecord session = in_file_copy();
  session.stages.back().counters.data_bytes = UINT64_MAX;
  session.stages.back().end_ms = session.stages.back().begin_ms + 1;
  EXPECT_THAT(session_as_text(session, kBegin), HasSubstr("888 PiB/s"));
}

TEST(SessionReport, WritesJsonForPrograms) {
  const auto json = nlohmann::json::parse(session_as_json(in_file_copy(), kBegin + 10'000));
  EXPECT_EQ(json["session"], 12);
  EXPECT_EQ(json["result"], "in_progress");
  EXPECT_EQ(json["recipient"]["os"], "Linux");
  EXPECT_EQ(json["clone"]["clone_id"], 7);
  EXPECT_EQ(json["end_ms"], nullptr);
  EXPECT_EQ(json["duration_ms"], 10'000);
  EXPECT_EQ(json["data_bytes"], 1 << 20);
  ASSERT_EQ(json["stages"].size(), 2u);
  EXPECT_EQ(json["stages"][1]["stage"], "file_copy");
  EXPECT_EQ(json["stages"][1]["threads"], 4);

  SessionRecord refused = in_file_copy();
  refused.negotiated.reset();
  const std::vector<SessionRecord> sessions = {refused};
  EXPECT_EQ(nlohmann::json::parse(sessions_as_json(sessions, kBegin))[0]["clone"], nullptr);
}

TEST(SessionReport, DefusesWhatThePeerSent) {
  SessionRecord session = in_file_copy();
  session.opened.user = "\x1b[2J\nroot";
  session.opened.recipient_os = "\xff\xfe";
  EXPECT_THAT(session_as_text(session, kBegin), HasSubstr("user         \\x1b[2J\\x0aroot\n"));
  const auto json = nlohmann::json::parse(session_as_json(session, kBegin));
  EXPECT_EQ(json["user"], "\x1b[2J\nroot");
  EXPECT_EQ(json["recipient"]["os"], "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace donord
