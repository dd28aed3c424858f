#include "source/check.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/crash_builder.hpp"
#include "support/encryption_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kShutdownLsn;
using testing::make_redo_file;
using testing::make_tablespace;
using ::testing::Not;
using testing::write_file;

constexpr std::uint64_t kPageBytes = 16384;

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() { testing::build_datadir(at()); }

  fs::path at(const fs::path& name = {}) const { return scratch_.path() / "data" / name; }

  CheckReport check() const {
    Result<CheckReport> report = check_datadir({.datadir = at()});
    EXPECT_TRUE(report) << report.error().what;
    return std::move(*report);
  }

  const FileCheck& file_of(const CheckReport& report, std::string_view name) const {
    const auto& files = report.survey.files;
    const auto found = std::ranges::find(files, name, &TablespaceFile::name);
    return report.files.at(static_cast<std::size_t>(found - files.begin()));
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(CheckTest, ACleanDirectoryCanBeServed) {
  const CheckReport report = check();
  EXPECT_TRUE(report.servable()) << check_text(report);
  EXPECT_EQ(report.pages(), (PageCounts{.verified = 16 + 8 + 8 + 12 + 9}));
  EXPECT_EQ(file_of(report, "./db/t1.ibd").pages.verified, 9U);
  EXPECT_THAT(check_text(report), HasSubstr("can be served"));
  EXPECT_THAT(check_text(report), Not(HasSubstr("cannot")));
}

TEST_F(CheckTest, EveryDamagedPageIsNamed) {
  testing::flip_byte(at("db/t1.ibd"), 4 * kPageBytes + 9000);
  testing::flip_byte(at("db/t1.ibd"), 8 * kPageBytes + 9000);
  testing::flip_byte(at("mysql.ibd"), 11 * kPageBytes + 9000);
  const CheckReport report = check();
  EXPECT_FALSE(report.servable());
  EXPECT_EQ(report.pages().damaged, 3U);
  const FileCheck& table = file_of(report, "./db/t1.ibd");
  EXPECT_EQ(table.pages, (PageCounts{.verified = 7, .damaged = 2}));
  ASSERT_EQ(table.damage.size(), 2U);
  EXPECT_EQ(table.damage[0].page, PageNo{4});
  EXPECT_THAT(table.damage[0].error.what, HasSubstr(at("db/t1.ibd").string() + ": page 4 of space 2: checksum 0x"));
  EXPECT_EQ(table.damage[1].page, PageNo{8});
  EXPECT_THAT(check_text(report), HasSubstr("mysql.ibd: page 11 of space 4294967294"));
}

TEST_F(CheckTest, ALongListOfDamageIsCutShort) {
  Bytes content = make_tablespace({.space = SpaceId{2}, .pages = 600});
  for (std::size_t page = 1; page < 600; ++page) content[page * kPageBytes + 9000] ^= 1;
  write_file(at("db/t1.ibd"), content);
  const CheckReport report = check();
  const FileCheck& table = file_of(report, "./db/t1.ibd");
  EXPECT_EQ(table.pages, (PageCounts{.verified = 1, .damaged = 599}));
  ASSERT_EQ(table.damage.size(), kMaxListedDamage);
  for (std::uint32_t i = 0; i < kMaxListedDamage; ++i) EXPECT_EQ(table.damage[i].page, PageNo{i + 1});
  EXPECT_EQ(table.damaged_pages_not_listed(), 579U);
  EXPECT_THAT(check_text(report), HasSubstr("t1.ibd: 579 more damaged pages"));
}

TEST_F(CheckTest, PagesNeverWrittenAreNoDamage) {
  fs::resize_file(at("db/t1.ibd"), 300 * kPageBytes);
  const CheckReport report = check();
  EXPECT_TRUE(report.servable());
  EXPECT_EQ(file_of(report, "./db/t1.ibd").pages, (PageCounts{.verified = 9, .never_written = 291}));
}

class CrashedCheckTest : public CheckTest {
 protected:
  CrashedCheckTest()
      : end_(testing::write_crashed_redo(
            at(),
            {testing::make_redo_group(testing::RedoRecordSpec{
                .body = testing::RedoFields{}.u2(60).compressed32(7), .space = SpaceId{2}, .page = PageNo{5}})})) {}

  /// A page of db/t1.ibd that was changed after the checkpoint.
  Bytes changed_page(PageNo number) const {
    return testing::make_page({.space = SpaceId{2}, .number = number, .lsn = end_});
  }

  /// Page 5 of db/t1.ibd is half old and half new.
  void tear() const {
    Bytes content = make_tablespace({.space = SpaceId{2}, .pages = 9});
    std::copy_n(changed_page(PageNo{5}).begin(), kPageBytes / 2, content.begin() + 5 * kPageBytes);
    write_file(at("db/t1.ibd"), content);
  }

  Lsn end_;
};

TEST_F(CrashedCheckTest, ATornPageWithACopyIsRepaired) {
  tear();
  write_file(at("#ib_16384_0.dblwr"), changed_page(PageNo{5}));
  const CheckReport report = check();
  EXPECT_TRUE(report.servable()) << check_text(report);
  EXPECT_EQ(file_of(report, "./db/t1.ibd").pages, (PageCounts{.verified = 9, .repaired = 1}));
}

TEST_F(CrashedCheckTest, ARepairedPageAmongDamagedOnesCounts) {
  tear();
  write_file(at("#ib_16384_0.dblwr"), changed_page(PageNo{5}));
  testing::flip_byte(at("db/t1.ibd"), 7 * kPageBytes + 9000);
  const CheckReport report = check();
  const FileCheck& table = file_of(report, "./db/t1.ibd");
  EXPECT_EQ(table.pages, (PageCounts{.verified = 8, .repaired = 1, .damaged = 1}));
  EXPECT_EQ(table.types.at(innodb::PageType::index), 7U);
  EXPECT_EQ(table.newest_lsn, end_);
}

TEST_F(CrashedCheckTest, ATornPageWithoutACopyIsDamaged) {
  tear();
  const CheckReport report = check();
  EXPECT_FALSE(report.servable());
  ASSERT_EQ(file_of(report, "./db/t1.ibd").damage.size(), 1U);
  EXPECT_THAT(check_text(report), HasSubstr("page 5 of space 2: torn"));
  EXPECT_THAT(check_text(report), HasSubstr("the doublewrite files have no good copy of it"));
}

TEST_F(CrashedCheckTest, PagesNeverWrittenAreNotMistakenForWhatReplacesThem) {
  fs::resize_file(at("db/t1.ibd"), 30 * kPageBytes);
  EXPECT_EQ(file_of(check(), "./db/t1.ibd").pages, (PageCounts{.verified = 9, .never_written = 21}));
}

TEST_F(CrashedCheckTest, PagesWhoseFirstWriteWasLostAreRepairedPages) {
  fs::resize_file(at("db/t1.ibd"), 12 * kPageBytes);
  write_file(at("#ib_16384_0.dblwr"), changed_page(PageNo{10}));
  EXPECT_EQ(file_of(check(), "./db/t1.ibd").pages, (PageCounts{.verified = 10, .repaired = 1, .never_written = 2}));
}

class EncryptedCheckTest : public CheckTest {
 protected:
  EncryptedCheckTest() {
    const LockedBytes master_key = testing::random_secret(innodb::kMasterKeyBytes, 5);
    Bytes content = make_tablespace({.space = SpaceId{9}, .flags = 0x6021});
    testing::encrypt_tablespace(content, {}, testing::make_cipher(),
                                testing::wrap(testing::make_tablespace_key(), master_key));
    write_file(at("db/secret.ibd"), content);
    testing::write_keyring(keyring_, 1, master_key);
  }

  fs::path keyring_ = scratch_.path() / "keyring";
};

TEST_F(EncryptedCheckTest, PagesAreVerifiedWithTheirKey) {
  const Result<CheckReport> report = check_datadir({.datadir = at(), .keyring_file = keyring_});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->servable()) << check_text(*report);
  EXPECT_EQ(file_of(*report, "./db/secret.ibd").pages, (PageCounts{.verified = 8, .encrypted = 7}));
}

TEST_F(EncryptedCheckTest, ADamagedPageIsFoundByItsKey) {
  testing::flip_byte(at("db/secret.ibd"), 3 * kPageBytes + 9000);
  const Result<CheckReport> report = check_datadir({.datadir = at(), .keyring_file = keyring_});
  ASSERT_TRUE(report);
  EXPECT_EQ(file_of(*report, "./db/secret.ibd").pages, (PageCounts{.verified = 7, .encrypted = 6, .damaged = 1}));
  EXPECT_THAT(check_text(*report), HasSubstr("secret.ibd: page 3 of space 9"));
}

TEST_F(EncryptedCheckTest, WithoutTheKeyNothingIsSaidAboutPages) {
  const CheckReport report = check();
  EXPECT_FALSE(report.servable());
  EXPECT_EQ(file_of(report, "./db/secret.ibd").pages, (PageCounts{.verified = 1, .unverified = 7}));
  EXPECT_THAT(file_of(report, "./db/secret.ibd").damage, IsEmpty());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].what, HasSubstr("master key"));
}

TEST_F(CheckTest, ProblemsOfTheDirectoryAreReasonsToo) {
  fs::remove(at("mysql.ibd"));
  testing::flip_byte(at("db/t1.ibd"), 4 * kPageBytes + 9000);
  const CheckReport report = check();
  EXPECT_FALSE(report.servable());
  EXPECT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.pages().damaged, 1U);
}

TEST_F(CheckTest, ADamagedFirstPageIsOneReason) {
  testing::flip_byte(at("db/t1.ibd"), 9000);
  const CheckReport report = check();
  EXPECT_EQ(report.pages().damaged, 1U);
  const std::string text = check_text(report);
  const std::size_t first = text.find("page 0 of space 2");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("page 0 of space 2", first + 1), std::string::npos) << text;
}

TEST_F(CheckTest, AShrunkenFileIsNoticed) {
  const DatadirSurvey survey = survey_datadir({.datadir = at()});
  fs::resize_file(at("db/t1.ibd"), 5 * kPageBytes);
  const std::vector<FileCheck> files = check_pages(survey.files, {});
  EXPECT_EQ(files.back().pages, (PageCounts{.verified = 5, .damaged = 4}));
  ASSERT_EQ(files.back().damage.size(), 4U);
  EXPECT_THAT(files.back().damage[0].error.what, HasSubstr("page 5 of space 2: "));
  EXPECT_THAT(files.back().damage[0].error.what, HasSubstr("t1.ibd ends at"));
}

TEST_F(CheckTest, AFileThatDisappearsIsNoticedOnce) {
  write_file(at("db/t1.ibd"), make_tablespace({.space = SpaceId{2}, .pages = 600}));
  const DatadirSurvey survey = survey_datadir({.datadir = at()});
  fs::remove(at("db/t1.ibd"));
  const std::vector<FileCheck> files = check_pages(survey.files, {});
  ASSERT_EQ(files.back().damage.size(), 1U);
  EXPECT_EQ(files.back().damage[0].page, std::nullopt);
  EXPECT_EQ(files.back().damage[0].error.code, Errc::not_found);
}

TEST_F(CheckTest, TheBufferPoolDumpMustBeThere) {
  const DatadirSurvey survey = survey_datadir({.datadir = at()});
  fs::resize_file(at("ib_buffer_pool"), 0);
  const std::vector<FileCheck> files = check_pages(survey.files, {});
  ASSERT_EQ(files.front().damage.size(), 1U);
  EXPECT_THAT(files.front().damage[0].error.what, HasSubstr("ib_buffer_pool ends at 0"));
  EXPECT_EQ(files.front().pages, PageCounts{});
}

TEST_F(CheckTest, PagesOfARunningServerAreNotRead) {
  const UniqueFd fd{::open(at("ibdata1").c_str(), O_RDWR | O_CLOEXEC)};
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(::fcntl(fd.get(), F_OFD_SETLK, &lock), 0);
  testing::flip_byte(at("db/t1.ibd"), 4 * kPageBytes + 9000);
  const CheckReport report = check();
  EXPECT_TRUE(report.in_use());
  EXPECT_FALSE(report.servable());
  EXPECT_THAT(report.files, IsEmpty());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(check_text(report), HasSubstr("a mysqld is running"));
}

TEST_F(CheckTest, WhatIsNoDataDirectoryIsAnError) {
  EXPECT_EQ(check_datadir({.datadir = at("absent")}).error().code, Errc::not_found);
  EXPECT_EQ(check_datadir({.datadir = at("db")}).error().code, Errc::usage);
}

TEST_F(CheckTest, ProgressEndsWithEverything) {
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  ASSERT_TRUE(check_datadir({.datadir = at()}, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GT(done, last);
    last = done;
    all = total;
  }));
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 8 + 53 * kPageBytes);
}

TEST_F(CheckTest, SaysItToPrograms) {
  testing::flip_byte(at("db/t1.ibd"), 4 * kPageBytes + 9000);
  const auto json = nlohmann::json::parse(check_json(check()));
  EXPECT_EQ(json["servable"], false);
  EXPECT_EQ(json["in_use"], false);
  EXPECT_EQ(json["pages"]["damaged"], 1U);
  EXPECT_EQ(json["problems"].size(), 0U);
  const auto& table = json["files"][5];
  EXPECT_EQ(table["name"], "./db/t1.ibd");
  EXPECT_EQ(table["pages"]["verified"], 8U);
  EXPECT_EQ(table["damage"][0]["page"], 4U);
  EXPECT_EQ(table["damaged_pages_not_listed"], 0U);
}

}  // namespace
}  // namespace donord
