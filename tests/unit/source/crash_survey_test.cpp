#include "source/crash_survey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/page_check.hpp"
#include "support/crashed_datadir.hpp"
#include "support/encryption_builder.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using testing::file_create;
using testing::file_delete;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_redo_group;
using ::testing::SizeIs;
using testing::write_string;
using testing::write_u4;

constexpr std::uint32_t kPageBytes = 16384;
constexpr std::size_t kInfoOffset = 10390;

class CrashSurveyTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<const CrashSurvey>> try_survey() const {
    crashed_.write();
    const RedoSurvey redo = survey_redo(crashed_.at("#innodb_redo"), nullptr);
    EXPECT_THAT(redo.problems, IsEmpty());
    return CrashSurvey::make(crashed_.options(), redo, kPageBytes);
  }
  std::shared_ptr<const CrashSurvey> survey() const {
    Result<std::shared_ptr<const CrashSurvey>> made = try_survey();
    EXPECT_TRUE(made) << made.error().what;
    return *made;
  }

  static TablespaceFile file_of(SpaceId space) { return {.space = space}; }

  std::vector<std::string> missing(const std::vector<TablespaceFile>& files) const {
    std::vector<std::string> found;
    for (const Error& error : survey()->missing_tablespaces(files)) {
      EXPECT_EQ(error.code, Errc::not_found);
      EXPECT_THAT(error.hint, HasSubstr("innodb_directories"));
      found.push_back(error.what);
    }
    return found;
  }

  static Bytes info_bytes(std::uint32_t seed = 1) {
    return encode(testing::wrap(testing::make_tablespace_key(seed), testing::random_secret(32, 9)));
  }

  /// db/t1.ibd as identified by itself.
  std::vector<TablespaceFile> table() const {
    return {identify_tablespace({crashed_.at("db/t1.ibd"), "./db/t1.ibd"}).value()};
  }

  testing::CrashedDatadir crashed_;
};

TEST_F(CrashSurveyTest, ATablespaceThatTheLogChangesHasToBeThere) {
  const Lsn start = crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  crashed_.log(write_u4(SpaceId{77}, 100, 1, PageNo{3}));
  crashed_.log(write_u4(SpaceId{77}, 100, 2, PageNo{3}));
  EXPECT_THAT(missing({file_of(SpaceId{2})}),
              ElementsAre(fmt::format("the redo log changes tablespace 77 from LSN {} on, and no file has it", start)));
  EXPECT_THAT(missing({file_of(SpaceId{2}), file_of(SpaceId{77})}), IsEmpty());
}

TEST_F(CrashSurveyTest, AMissingTablespaceIsCalledByTheNameThatTheLogHas) {
  crashed_.log(file_create(SpaceId{77}, "./db/far.ibd"));
  crashed_.log(write_u4(SpaceId{77}, 100, 1, PageNo{3}));
  EXPECT_THAT(missing({}), ElementsAre(HasSubstr("tablespace 77 (./db/far.ibd) from LSN")));
}

TEST_F(CrashSurveyTest, WhatTheLogDropsMayBeMissing) {
  crashed_.log(write_u4(SpaceId{77}, 100, 1, PageNo{3}));
  crashed_.log(file_delete(SpaceId{77}, "./db/gone.ibd"));
  EXPECT_THAT(missing({}), IsEmpty());
  crashed_.log(file_create(SpaceId{77}, "./db/gone.ibd"));
  EXPECT_THAT(missing({}), SizeIs(1)) << "it came back";
}

TEST_F(CrashSurveyTest, AFileThatWasOnlyMadeMayBeMissing) {
  crashed_.log(file_create(SpaceId{77}, "./db/failed.ibd"));
  EXPECT_THAT(missing({}), IsEmpty()) << "its statement failed, and took it away without a record";
}

TEST_F(CrashSurveyTest, TruncatedUndoAndTemporaryTablespacesMayBeMissing) {
  crashed_.log(write_u4(SpaceId{4294967152}, 100, 1, PageNo{3}));
  crashed_.log(write_u4(innodb::kGlobalTemporarySpace, 100, 1, PageNo{3}));
  crashed_.log(write_u4(innodb::kFirstSessionTemporarySpace, 100, 1, PageNo{3}));
  EXPECT_THAT(missing({}), IsEmpty());
  crashed_.log(write_u4(innodb::kDictionarySpace, 100, 1, PageNo{3}));
  EXPECT_THAT(missing({}), SizeIs(1));
}

TEST_F(CrashSurveyTest, ALogThatIsNoneIsRefusedWithAHint) {
  crashed_.log(Bytes{0x7F, 1, 1});
  const auto made = try_survey();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::malformed);
  EXPECT_THAT(made.error().what, HasSubstr("#innodb_redo: redo record"));
  EXPECT_THAT(made.error().hint, HasSubstr("restore from a backup"));
}

TEST_F(CrashSurveyTest, APage0ThatGetsAKeyFromTheLogIsServedAsRecoveryWouldMakeIt) {
  crashed_.log(write_u4(SpaceId{2}, 100, 1, PageNo{3}));
  const Bytes info = info_bytes();
  crashed_.log(make_redo_group({write_u4(SpaceId{2}, 54, 0x6021), write_string(SpaceId{2}, kInfoOffset, info)}));
  const Lsn end = crashed_.log(write_u4(SpaceId{2}, 50, 8));
  std::vector<TablespaceFile> files = table();
  const Result<> done = survey()->bring_keys_up_to_date(files);
  ASSERT_TRUE(done) << done.error().what;

  const TablespaceFile& file = files[0];
  ASSERT_NE(file.replaced_page0, nullptr);
  EXPECT_EQ(file.name, "./db/t1.ibd");
  EXPECT_TRUE(file.flags.encrypted());
  EXPECT_EQ(file.page0->header.lsn, end);
  EXPECT_EQ(file.page0->fsp.free_limit_pages, 8U);
  ASSERT_TRUE(file.encryption_info);
  EXPECT_EQ(encode(*file.encryption_info), info);
  EXPECT_EQ(*innodb::check_page(*file.replaced_page0, file.expectation(), PageNo{0}), innodb::PageState::intact);
}

TEST_F(CrashSurveyTest, OtherPages0AreServedAsTheyAre) {
  crashed_.log(write_u4(SpaceId{2}, 50, 8));
  crashed_.log(write_string(SpaceId{3}, kInfoOffset, info_bytes()));
  crashed_.log(write_string(SpaceId{2}, 2000, Bytes(110)));
  std::vector<TablespaceFile> files = table();
  ASSERT_TRUE(survey()->bring_keys_up_to_date(files));
  EXPECT_EQ(files[0].replaced_page0, nullptr);
}

TEST_F(CrashSurveyTest, APage0ThatHasTheKeyAlreadyIsServedAsItIs) {
  const Lsn end = crashed_.log(write_string(SpaceId{2}, kInfoOffset, info_bytes()));
  testing::write_file(crashed_.at("db/t1.ibd"),
                      testing::make_tablespace({.space = SpaceId{2}, .pages = 9, .lsn = end}));
  std::vector<TablespaceFile> files = table();
  ASSERT_TRUE(survey()->bring_keys_up_to_date(files));
  EXPECT_EQ(files[0].replaced_page0, nullptr);
}

TEST_F(CrashSurveyTest, ALogThatLeavesNoUsableKeyBehindIsRefused) {
  for (const Bytes& info : {to_bytes("lCA" + std::string(108, 'x')), Bytes(innodb::kEncryptionInfoBytes)}) {
    crashed_.log(make_redo_group({write_u4(SpaceId{2}, 54, 0x6021), write_string(SpaceId{2}, kInfoOffset, info)}));
    std::vector<TablespaceFile> files = table();
    const Result<> done = survey()->bring_keys_up_to_date(files);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("encryption information"));
  }
}

TEST_F(CrashSurveyTest, ATablespaceThatWasDecryptedHasNoKeyAnyMore) {
  crashed_.log(
      make_redo_group({write_u4(SpaceId{2}, 54, 0x6021), write_string(SpaceId{2}, kInfoOffset, info_bytes())}));
  crashed_.log(make_redo_group(
      {write_u4(SpaceId{2}, 54, 0x4021), write_string(SpaceId{2}, kInfoOffset, Bytes(innodb::kEncryptionInfoBytes))}));
  std::vector<TablespaceFile> files = table();
  ASSERT_TRUE(survey()->bring_keys_up_to_date(files));
  ASSERT_NE(files[0].replaced_page0, nullptr);
  EXPECT_FALSE(files[0].encrypted());
  EXPECT_FALSE(files[0].encryption_info);
}

}  // namespace
}  // namespace donord
