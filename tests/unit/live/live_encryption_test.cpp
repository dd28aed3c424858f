// Tables whose key changes while they are cloned.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/encryption_builder.hpp"
#include "support/live_clone.hpp"

namespace donord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MadeUpServer;
using testing::make_tablespace_key;
using testing::pages_of;

constexpr SpaceId kSpace{9};
constexpr std::size_t kPageBytes = MadeUpServer::kPageBytes;
constexpr std::size_t kInfoOffset = 10390;
constexpr testing::TablespaceSpec kEncrypted{.space = kSpace, .flags = 0x6021, .pages = 3};

class LiveEncryptionTest : public ::testing::Test {
 protected:
  LiveEncryptionTest() { testing::write_keyring(keyring(), 1, master_key_); }

  std::filesystem::path keyring() const { return server_.scratch() / "keyring"; }

  /// Of a table with this key.
  innodb::EncryptionInfo info(std::uint32_t key) const { return testing::wrap(make_tablespace_key(key), master_key_); }
  Bytes table(std::uint32_t key = 1) const {
    Bytes content = testing::make_tablespace(kEncrypted);
    testing::encrypt_tablespace(content, format_of(kEncrypted), testing::make_cipher(key), info(key));
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
    source_ = testing::open_live(options);
    view_ = testing::begin(*source_);
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

TEST_F(LiveEncryptionTest, AnotherKeyEndsTheClone) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  log_key(2);
  const Result<PagePlan> plan = view_->begin_page_copy();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(plan.error().what, HasSubstr("the encryption of ./db/secret.ibd changed"));
}

TEST_F(LiveEncryptionTest, AKeyThatCameAfterThePagesWereChosenEndsTheClone) {
  testing::write_file(server_.at("db/secret.ibd"), table());
  begin();
  server_.change(PageNo{3});
  server_.checkpoint();
  const std::vector<PageRef> pages = view_->begin_page_copy()->pages;
  log_key(1);
  server_.change(PageNo{3});
  for (const PageRef& page : pages) ASSERT_TRUE(testing::read_page(*view_, page));
  const Result<RedoPlan> redo = view_->begin_redo_copy();
  ASSERT_FALSE(redo);
  EXPECT_EQ(redo.error().code, Errc::ddl_in_progress);
  EXPECT_THAT(redo.error().what, HasSubstr("the encryption of ./db/secret.ibd changed"));
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
  testing::TablespaceSpec plain = kEncrypted;
  plain.flags = 0x4021;
  Bytes content = table();
  std::ranges::copy(testing::make_first_page(plain), content.begin());
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
