// Tables whose key changes while they are cloned.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/encryption_builder.hpp"
#include "support/live_clone.hpp"

namespace donord {
namespace {

using testing::changes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MadeUpServer;
using testing::make_tablespace_key;
using testing::pages_of;

constexpr SpaceId kSpace{9};
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;
constexpr std::size_t kInfoOffset = 10390;
constexpr testing::TablespaceSpec kEncrypted{.space = kSpace, .flags = 0x6021, .pages = 3};
constexpr testing::TablespaceSpec kPlain{.space = kSpace, .flags = 0x4021, .pages = 3};

class LiveEncryptionTest : public ::testing::Test {
 protected:
  LiveEncryptionTest() { testing::write_keyring(keyring(), 1, master_key_); }

  std::filesystem::path keyring() const { return server_.scratch() / "keyring"; }

  /// Of a table with this key.
  innodb::EncryptionInfo info(std::uint32_t key) const { return testing::wrap(make_tablespace_key(key), master_key_); }
  Bytes table(std::uint32_t key = 1, SpaceId space = kSpace) const {
    testing::TablespaceSpec spec = kEncrypted;
    spec.space = space;
    Bytes content = testing::make_tablespace(spec);
    testing::encrypt_tablespace(content, format_of(spec), testing::make_cipher(key), info(key));
    return content;
  }
  /// The record by which a table gets a key, or its key another master key.
  void log_key(std::uint32_t key) {
    server_.log(testing::make_redo_group({testing::write_u4(kSpace, 54, kEncrypted.flags),
                                          testing::write_string(kSpace, kInfoOffset, encode(info(key)))}));
  }

  void begin() {
    LiveOptions options = testing::live_options(server_);
    options.datadir.keyring_file = keyring();
    options.view.waits.torn = std::chrono::milliseconds{1};
    source_ = testing::open_live(options);
    view_ = testing::begin(*source_);
  }

  static std::vector<PageRef> pages_of_file(const std::vector<PageRef>& pages, std::uint32_t index) {
    std::vector<PageRef> of_file;
    std::ranges::copy_if(pages, std::back_inserter(of_file),
                         [&](const PageRef& page) { return page.file_index == index; });
    return of_file;
  }
  /// All of them, with the key in the clear in page 0, and apart from that as they are in the file.
  void expect_pages(const std::vector<PageRef>& pages, const Bytes& content, std::uint32_t key) const {
    EXPECT_EQ(pages.size(), content.size() / kPageBytes);
    for (const PageRef& page : pages) {
      const Bytes sent = testing::read_page(*view_, page).value();
      const bool has_key = !std::ranges::search(sent, make_tablespace_key(key).key_and_iv()).empty();
      const bool as_in_file = std::ranges::equal(sent, ByteView{content}.subspan(page.offset_bytes, page.length_bytes));
      EXPECT_TRUE(page.offset_bytes == 0 ? has_key : as_in_file) << "page at " << page.offset_bytes;
    }
  }
  const LockedBytes master_key_ = testing::random_secret(innodb::kMasterKeyBytes, 5);
  MadeUpServer server_;
  std::unique_ptr<LiveSource> source_;
  std::unique_ptr<CloneView> view_;
};

TEST_F(LiveEncryptionTest, Page0OfAnEncryptedTableIsSentWithItsKeyInTheClear) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  EXPECT_TRUE(view_->has_keys());
  EXPECT_EQ(*testing::read_whole(*view_, "./db/secret.ibd"), table());
  const std::vector<PageRef> pages = view_->begin_page_copy()->pages;
  ASSERT_THAT(pages_of(pages),
              ElementsAre(fmt::format("file {} page 0", testing::index_of(*view_, "./db/secret.ibd"))));
  const Bytes page = testing::read_page(*view_, pages.at(0)).value();
  const innodb::TablespaceKey key = make_tablespace_key();
  EXPECT_FALSE(std::ranges::search(page, key.key_and_iv()).empty());
}

TEST_F(LiveEncryptionTest, AMasterKeyMayBeRotated) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  log_key(1);
  const Result<PagePlan> plan = view_->begin_page_copy();
  ASSERT_TRUE(plan) << plan.error().what;
  const testing::ServedRedo redo{*view_};
  for (const Bytes& file : redo.files())
    EXPECT_TRUE(std::ranges::search(file, encode(info(1))).empty()) << "a recipient takes it for its own";
}

TEST_F(LiveEncryptionTest, ATableThatGetsAnotherKeyIsSentOnceMore) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  testing::write_file(server_.at("db/secret.ibd"), table(2));
  log_key(2);
  EXPECT_TRUE(testing::read_whole(*view_, "./db/secret.ibd")) << "whatever it is, it does not stay";
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_EQ(plan.pages.size(), table().size() / kPageBytes);
  expect_pages(plan.pages, table(2), 2);
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveEncryptionTest, ATableThatGetsAKeyIsAnnouncedAsEncryptedAndSentOnceMore) {
  const Bytes plain = testing::make_tablespace(kPlain);
  testing::write_file(server_.at("db/secret.ibd"), plain);
  testing::write_file(server_.at("db/other.ibd"), table(3, SpaceId{10}));
  begin();
  const std::uint32_t index = testing::index_of(*view_, "./db/secret.ibd");
  testing::write_file(server_.at("db/secret.ibd"), table());
  log_key(1);
  const PagePlan plan = view_->begin_page_copy().value();
  EXPECT_THAT(changes_of(plan.changes), ElementsAre(fmt::format("altered {}, ./db/secret.ibd", index)));
  EXPECT_TRUE(plan.changes.at(0).file.encrypted);
  expect_pages(pages_of_file(plan.pages, index), table(), 1);
}

TEST_F(LiveEncryptionTest, ATableThatGetsAKeyInACloneThatBeganWithoutKeysEndsIt) {
  testing::write_file(server_.at("db/secret.ibd"), testing::make_tablespace(kPlain));
  begin();
  log_key(1);
  const Result<PagePlan> plan = view_->begin_page_copy();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(plan.error().what, HasSubstr("./db/secret.ibd, which had no key, got one"));
}

TEST_F(LiveEncryptionTest, AKeyThatCameAfterThePagesWereChosenIsSentWithLatePages) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  server_.change(PageNo{3});
  server_.checkpoint();
  const std::vector<PageRef> pages = view_->begin_page_copy()->pages;
  testing::write_file(server_.at("db/secret.ibd"), table(2));
  log_key(2);
  server_.change(PageNo{3});
  for (const PageRef& page : pages) ASSERT_TRUE(testing::read_page(*view_, page));
  const std::uint32_t index = testing::index_of(*view_, "./db/secret.ibd");
  expect_pages(pages_of_file(view_->late_pages()->pages, index), table(2), 2);
  EXPECT_TRUE(view_->late_pages().value().empty());
  EXPECT_TRUE(view_->begin_redo_copy());
}

TEST_F(LiveEncryptionTest, ADamagedPageIsNotTakenForOneUnderANewKey) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  log_key(1);
  Bytes damaged = table();
  damaged[2 * kPageBytes + 100] ^= 1;
  testing::write_file(server_.at("db/secret.ibd"), damaged);
  EXPECT_TRUE(testing::read_whole(*view_, "./db/secret.ibd")) << "the master key was rotated: perhaps it is that";
  const PagePlan plan = view_->begin_page_copy().value();
  ASSERT_EQ(plan.pages.size(), table().size() / kPageBytes);
  const Result<Bytes> page = testing::read_page(*view_, plan.pages.at(2));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::checksum);
}

TEST_F(LiveEncryptionTest, AnEncryptedTableIsNotBroughtIntoACloneThatBeganWithoutKeys) {
  begin();
  EXPECT_FALSE(view_->has_keys());
  testing::write_file(server_.at("db/secret.ibd"), table());
  server_.log_create("db/secret.ibd", kEncrypted);
  const Result<PagePlan> plan = view_->begin_page_copy();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(plan.error().what, HasSubstr("./db/secret.ibd, which is encrypted, was created"));
}

TEST_F(LiveEncryptionTest, AKeyThatIsInTheLogOnlyIsKnownBeforeAnythingIsCopied) {
  Bytes content = table();
  std::ranges::copy(testing::make_first_page(kPlain), content.begin());
  testing::write_file(server_.at("db/secret.ibd"), content);
  log_key(1);
  begin();
  EXPECT_TRUE(view_->has_keys());
  const std::uint32_t index = testing::index_of(*view_, "./db/secret.ibd");
  EXPECT_TRUE(view_->files()[index].encrypted);
  EXPECT_TRUE(testing::read_whole(*view_, "./db/secret.ibd"));
}

}  // namespace
}  // namespace donord
