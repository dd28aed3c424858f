// Directories of 8.0.17 to 8.0.29: which are served, and why others are not.

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/datadir_source.hpp"
#include "source/inspect.hpp"
#include "support/old_datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::kShutdownLsn;
using testing::make_tablespace;
using testing::OldRedoSpec;
using testing::write_file;

class OldRedoSurveyTest : public ::testing::Test {
 protected:
  DatadirSurvey survey(const OldRedoSpec& spec) {
    testing::build_old_datadir(scratch_.path(), spec);
    return survey_datadir({.datadir = scratch_.path()});
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(OldRedoSurveyTest, EveryFormatIsServed) {
  for (const std::uint32_t format : {3U, 4U, 5U}) {
    const DatadirSurvey found = survey({.format = format});
    EXPECT_TRUE(found.problems.empty()) << found.problems.front().what;
    EXPECT_EQ(found.shutdown, Shutdown::clean);
    EXPECT_EQ(found.redo.checkpoint, kShutdownLsn);
    EXPECT_EQ(found.redo.end, kShutdownLsn);
    EXPECT_EQ(found.redo.files.front().start->header.format, format);
    EXPECT_EQ(found.server_version, "8.0.26");
  }
}

TEST_F(OldRedoSurveyTest, TheCheckpointMayStandAnywhereInTheRing) {
  for (const std::uint64_t file : {0U, 1U, 4U})
    for (const std::uint64_t offset : {2048U, 40960U, 65536U - 512}) {
      const DatadirSurvey found = survey({.file_count = 5, .file = file, .block_offset = offset});
      EXPECT_TRUE(found.problems.empty()) << file << " " << offset << ": " << found.problems.front().what;
      EXPECT_EQ(found.redo.files.size(), 5U);
    }
}

TEST_F(OldRedoSurveyTest, ALogThatEndsOnABlockBoundaryIsClean) {
  const Lsn end{kShutdownLsn.block_start().value() + 512};
  testing::build_old_datadir(scratch_.path(), {.checkpoint = end + 12, .end = end + 12});
  testing::flip_byte(scratch_.path() / "ib_logfile0", 2048);  // the empty block is not there
  write_file(scratch_.path() / "ibdata1",
             make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .pages = 16, .flush_lsn = end}));
  EXPECT_EQ(survey_datadir({.datadir = scratch_.path()}).shutdown, Shutdown::clean);
}

TEST_F(OldRedoSurveyTest, TheVersionIsThatOfTheLogWhereTheDictionaryHasNone) {
  testing::build_old_datadir(scratch_.path(), {.creator = "MySQL 8.0.19"});
  write_file(scratch_.path() / "mysql.ibd",
             make_tablespace({.space = SpaceId{0xFFFFFFFE}, .flags = 0x4800, .server_version = 0}));
  EXPECT_EQ(survey_datadir({.datadir = scratch_.path()}).server_version, "8.0.19");
}

TEST_F(OldRedoSurveyTest, ALogOfANewerServerGoesBeforeOneThatWasLeft) {
  testing::build_datadir(scratch_.path());
  testing::write_old_redo(scratch_.path(), {});
  const DatadirSurvey found = survey_datadir({.datadir = scratch_.path()});
  EXPECT_TRUE(found.problems.empty());
  EXPECT_FALSE(found.redo.old_checkpoint);
}

TEST_F(OldRedoSurveyTest, InspectShowsTheFiles) {
  testing::build_old_datadir(scratch_.path(), {.format = 5});
  const Result<InspectReport> report = inspect({.datadir = scratch_.path()});
  ASSERT_TRUE(report) << report.error().what;
  const std::string text = inspect_text(*report);
  EXPECT_THAT(text, HasSubstr("format 5"));
  EXPECT_THAT(text, HasSubstr("creator \"MySQL 8.0.26\""));
  EXPECT_THAT(text, HasSubstr("ib_logfile1"));
  EXPECT_THAT(text, HasSubstr("the header was never written"));
  EXPECT_THAT(text, HasSubstr("can be served"));
  EXPECT_THAT(inspect_json(*report), HasSubstr("\"format\": 5"));
}

TEST_F(OldRedoSurveyTest, InspectShowsASingleFile) {
  testing::write_old_redo(scratch_.path(), {.format = 3});
  const Result<InspectReport> report = inspect({.datadir = scratch_.path() / "ib_logfile0"});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(inspect_text(*report), HasSubstr("format 3"));
  EXPECT_THAT(inspect_text(*report), HasSubstr(fmt::format("{}", kShutdownLsn)));
}

void patch(const fs::path& path, std::uint64_t offset, const Bytes& bytes, std::uint64_t sealed_block) {
  Bytes content = read_file(path, 1 << 20).value();
  std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
  innodb::seal_redo_block(MutableBytes{content}.subspan(sealed_block).first<512>());
  write_file(path, content);
}

struct Refusal {
  const char* name;
  OldRedoSpec spec;
  std::function<void(const fs::path& datadir)> damage;
  Errc code;
  const char* what;
};

class OldRedoRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(OldRedoRefusalTest, IsSpecific) {
  const testing::ScratchDirectory scratch;
  testing::build_old_datadir(scratch.path(), GetParam().spec);
  if (GetParam().damage) GetParam().damage(scratch.path());
  const auto source = DatadirSource::open({.datadir = scratch.path()});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, GetParam().code) << source.error().what;
  EXPECT_THAT(source.error().what, HasSubstr(GetParam().what));
  EXPECT_FALSE(source.error().hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Every, OldRedoRefusalTest,
    ::testing::Values(
        Refusal{"Unclean", {.end = kShutdownLsn + 3000}, {}, Errc::conflict, "was not shut down cleanly"},
        Refusal{"UncleanAroundTheRing",
                {.file_count = 3, .end = kShutdownLsn + 100'000, .file = 2, .block_offset = 65536 - 512},
                {},
                Errc::conflict,
                "was not shut down cleanly"},
        Refusal{"OtherShutdownLsn",
                {},
                [](const fs::path& d) {
                  write_file(d / "ibdata1",
                             make_tablespace({.space = SpaceId{0}, .flags = 0x4800, .flush_lsn = Lsn{9000}}));
                },
                Errc::conflict,
                "the last clean shutdown was at 9000"},
        Refusal{"Format1", {.format = 1}, {}, Errc::unsupported_version, "redo log format 1"},
        Refusal{"Format2", {.format = 2}, {}, Errc::unsupported_version, "redo log format 2"},
        Refusal{"Format6", {.format = 6}, {}, Errc::unsupported_version, "redo log format 6"},
        Refusal{"UnknownFormat", {.format = 1234}, {}, Errc::unsupported_version, "redo log format 1234"},
        Refusal{"DamagedHeader",
                {},
                [](const fs::path& d) { testing::flip_byte(d / "ib_logfile0", 20); },
                Errc::checksum,
                "ib_logfile0"},
        Refusal{"NoHeader",
                {},
                [](const fs::path& d) { write_file(d / "ib_logfile0", Bytes(65536)); },
                Errc::not_found,
                "never written"},
        Refusal{"ShortFile",
                {},
                [](const fs::path& d) {
                  write_file(d / "ib_logfile0", Bytes{0, 0, 0, 4, 0, 0});
                },
                Errc::malformed,
                "ib_logfile1 has 65536 bytes, expected 6"},
        Refusal{"NoCheckpoint",
                {},
                [](const fs::path& d) {
                  testing::flip_byte(d / "ib_logfile0", 512 + 8);
                  testing::flip_byte(d / "ib_logfile0", 1536 + 8);
                },
                Errc::not_found,
                "no valid checkpoint"},
        Refusal{"NewestCheckpointDamaged",
                {},
                [](const fs::path& d) { testing::flip_byte(d / "ib_logfile0", 512 + 8); },
                Errc::malformed,
                "checkpoint 76"},
        Refusal{"ImpossibleCheckpoint",
                {},
                [](const fs::path& d) { patch(d / "ib_logfile0", 512 + 16, Bytes(8, 0xFF), 512); },
                Errc::malformed,
                "behind the last file"},
        Refusal{"NoBlockAtTheCheckpoint",
                {},
                [](const fs::path& d) { testing::flip_byte(d / "ib_logfile0", 2048 + 100); },
                Errc::malformed,
                "before its checkpoint"},
        Refusal{"LogGoesOnBehindADamagedBlock",
                {.end = kShutdownLsn + 3000},
                [](const fs::path& d) {
                  const Bytes last = [] {
                    const innodb::RedoBlockBytes block =
                        testing::make_old_log_block(kShutdownLsn.block_start(), kShutdownLsn, 77);
                    return Bytes(block.begin(), block.end());
                  }();
                  patch(d / "ib_logfile0", 2048, last, 2048);
                },
                Errc::checksum,
                "the log goes on behind it"},
        Refusal{"OneFile", {}, [](const fs::path& d) { fs::remove(d / "ib_logfile1"); }, Errc::malformed, "1 files"},
        Refusal{"FilesOfDifferentSizes",
                {},
                [](const fs::path& d) { fs::resize_file(d / "ib_logfile1", 131072); },
                Errc::malformed,
                "expected 65536"},
        Refusal{"RedoDisabled", {.flags = 1}, {}, Errc::redo_disabled, "redo logging is disabled"},
        Refusal{"CrashUnsafe", {.flags = 2}, {}, Errc::conflict, "crashed while redo logging was disabled"},
        Refusal{"EncryptedWithoutKey",
                {},
                [](const fs::path& d) {
                  patch(d / "ib_logfile0", 2048 + 4, Bytes{0x81, 0xA0}, 2048);
                },
                Errc::unsupported_version,
                "is encrypted"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace donord
