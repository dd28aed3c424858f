// Encrypted tablespaces and redo, as `DatadirSource` serves them: after a clean shutdown and after a crash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "innodb/page_check.hpp"
#include "source/datadir_source.hpp"
#include "support/crashed_datadir.hpp"
#include "support/encryption_builder.hpp"
#include "support/served_redo.hpp"

namespace donord {
namespace {

using testing::encrypt_tablespace;
using testing::file_create;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_cipher;
using testing::make_redo_group;
using testing::make_tablespace;
using testing::make_tablespace_key;
using testing::records_of;
using testing::ServedRedo;
using ::testing::SizeIs;
using testing::write_file;
using testing::write_string;
using testing::write_u4;

constexpr std::size_t kPageBytes = 16384;
constexpr std::size_t kInfoOffset = 10390;
constexpr SpaceId kSpace{9};

class EncryptedDatadirTest : public ::testing::Test {
 protected:
  EncryptedDatadirTest() {
    options_.keyring_file = crashed_.scratch() / "keyring";
    testing::write_keyring(options_.keyring_file, 1, master_key_);
  }

  Bytes info(std::uint32_t key = 1) const { return encode(testing::wrap(make_tablespace_key(key), master_key_)); }

  /// An encrypted table.
  Bytes make_table(const testing::TablespaceSpec& spec, std::uint32_t key = 1) const {
    Bytes content = make_tablespace(spec);
    encrypt_tablespace(content, format_of(spec), make_cipher(key),
                       testing::wrap(make_tablespace_key(key), master_key_));
    return content;
  }
  void write_table(const std::filesystem::path& name, const testing::TablespaceSpec& spec) const {
    write_file(crashed_.at(name), make_table(spec));
  }

  std::unique_ptr<CloneView> view() const {
    auto source = DatadirSource::open(options_);
    EXPECT_TRUE(source) << source.error().what;
    auto view = (*source)->begin_clone({});
    EXPECT_TRUE(view) << view.error().what;
    return std::move(*view);
  }

  Error refusal() const {
    const auto source = DatadirSource::open(options_);
    return source ? Error{} : source.error();
  }

  static std::size_t index_of(const CloneView& view, std::string_view name) {
    const auto& files = view.files();
    const auto found = std::ranges::find(files, name, &DataFile::name);
    EXPECT_NE(found, files.end()) << name;
    return static_cast<std::size_t>(found - files.begin());
  }

  static Result<Bytes> read(const CloneView& view, std::string_view name) {
    const std::size_t index = index_of(view, name);
    Bytes content(view.files()[index].size_bytes);
    if (const Result<> done = view.read_file(index, 0, content); !done) return done.error();
    return content;
  }

  /// The only page of PAGE COPY.
  static Bytes copied_page(CloneView& view) {
    const std::vector<PageRef> pages = view.begin_page_copy().value().pages;
    EXPECT_THAT(pages, SizeIs(1));
    Bytes page(pages[0].length_bytes);
    view.read_page(pages[0], page).value();
    return page;
  }

  /// What 111 bytes of information in the clear hold.
  static Bytes plain_info(const innodb::TablespaceKey& key, std::string_view uuid) {
    innodb::EncryptionInfo info;
    info.server_uuid = uuid;
    info.server_uuid.resize(innodb::EncryptionInfo::kUuidBytes);
    std::ranges::copy(key.key_and_iv(), info.wrapped_key.begin());
    info.key_checksum = crc32c(key.key_and_iv());
    return encode(info);
  }

  const LockedBytes master_key_ = testing::random_secret(innodb::kMasterKeyBytes, 5);
  testing::CrashedDatadir crashed_;  // shut down cleanly, until it is written
  DatadirOptions options_ = crashed_.options();
};

// ---- after a clean shutdown

TEST_F(EncryptedDatadirTest, WithoutEncryptionThereAreNoKeys) {
  EXPECT_FALSE(view()->has_keys());
  EXPECT_THAT(view()->begin_page_copy()->pages, IsEmpty());
}

TEST_F(EncryptedDatadirTest, ATableIsServedAsItIsInItsFile) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  const auto clone = view();
  EXPECT_TRUE(clone->has_keys());
  EXPECT_TRUE(clone->files()[index_of(*clone, "./db/secret.ibd")].encrypted);
  EXPECT_FALSE(clone->files()[index_of(*clone, "./db/t1.ibd")].encrypted);
  EXPECT_EQ(*read(*clone, "./db/secret.ibd"), make_table({.space = kSpace, .flags = 0x6021}));
}

TEST_F(EncryptedDatadirTest, Page0GoesOutOnceMoreWithTheKeyInTheClear) {
  for (const std::uint32_t flags : {0x6021U, 0x6029U}) {
    const innodb::PageFormat format = *innodb::TablespaceFlags{flags}.page_format();
    write_table("db/secret.ibd", {.space = kSpace, .flags = flags});
    const auto clone = view();
    const std::vector<PageRef> pages = clone->begin_page_copy()->pages;
    ASSERT_THAT(pages, SizeIs(1));
    EXPECT_EQ(pages[0].file_index, index_of(*clone, "./db/secret.ibd"));
    EXPECT_EQ(pages[0].offset_bytes, 0U);
    EXPECT_EQ(pages[0].length_bytes, format.physical_bytes);
    EXPECT_EQ(pages[0].file_size_bytes, 8 * format.physical_bytes);

    const Bytes page = copied_page(*clone);
    EXPECT_EQ(*innodb::check_page(page, {format, kSpace}, PageNo{0}), innodb::PageState::intact);
    Bytes expected = make_table({.space = kSpace, .flags = flags});
    expected.resize(format.physical_bytes);
    std::ranges::copy(plain_info(make_tablespace_key(), testing::kServerUuid),
                      expected.begin() + static_cast<std::ptrdiff_t>(format.encryption_info_offset()));
    innodb::seal_page(expected, format);
    EXPECT_EQ(page, expected);
  }
}

TEST_F(EncryptedDatadirTest, EveryKindOfTablespaceMayHaveAKey) {
  write_table("undo_001", {.space = SpaceId{4294967279}, .flags = 0x2000});
  write_table("mysql.ibd", {.space = SpaceId{0xFFFFFFFE}, .flags = 0x6800, .pages = 12});
  const auto clone = view();
  EXPECT_THAT(clone->begin_page_copy()->pages, SizeIs(2));
  EXPECT_TRUE(read(*clone, "undo_001"));
  EXPECT_TRUE(read(*clone, "./mysql.ibd"));
}

TEST_F(EncryptedDatadirTest, OtherPagesAreNoPartOfPageCopy) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  const auto clone = view();
  PageRef page = clone->begin_page_copy()->pages.front();
  Bytes into(kPageBytes);
  page.offset_bytes = kPageBytes;
  EXPECT_EQ(clone->read_page(page, into).error().code, Errc::not_found);
  page = {.file_index = static_cast<std::uint32_t>(index_of(*clone, "./db/t1.ibd")), .length_bytes = kPageBytes};
  EXPECT_EQ(clone->read_page(page, into).error().code, Errc::not_found);
  page.file_index = 99;
  EXPECT_EQ(clone->read_page(page, into).error().code, Errc::not_found);
}

TEST_F(EncryptedDatadirTest, AKeyThatIsNotAtHandIsRefusedByItsName) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  testing::write_keyring(options_.keyring_file, 2, master_key_);
  EXPECT_EQ(refusal().code, Errc::not_found);
  EXPECT_THAT(refusal().what, HasSubstr("secret.ibd is encrypted"));
  EXPECT_THAT(refusal().what, HasSubstr(fmt::format("INNODBKey-{}-1", testing::kServerUuid)));
  testing::write_keyring(options_.keyring_file, 1, testing::random_secret(innodb::kMasterKeyBytes, 6));
  EXPECT_EQ(refusal().code, Errc::checksum);
}

TEST_F(EncryptedDatadirTest, ADamagedPageIsNotServed) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  testing::flip_byte(crashed_.at("db/secret.ibd"), 3 * kPageBytes + 9000);
  EXPECT_THAT(read(*view(), "./db/secret.ibd").error().what, HasSubstr("secret.ibd: page 3 of space 9"));
}

TEST_F(EncryptedDatadirTest, AFileThatWasNeverFinishedIsRefused) {
  Bytes content = testing::make_initial_page({.space = kSpace});
  content.resize(7 * kPageBytes);
  write_file(crashed_.at("db/t2.ibd"), content);
  EXPECT_EQ(refusal().code, Errc::malformed);
  EXPECT_THAT(refusal().what, HasSubstr("t2.ibd was never finished"));
}

// ---- after a crash

TEST_F(EncryptedDatadirTest, ChangedRowsOfAnEncryptedTableAreAMatterOfTheLog) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  crashed_.log(write_u4(kSpace, 100, 1, PageNo{3}));
  crashed_.log(write_u4(kSpace, 50, 8));
  crashed_.write();
  const auto clone = view();
  EXPECT_TRUE(clone->has_keys());
  EXPECT_EQ(*read(*clone, "./db/secret.ibd"), make_table({.space = kSpace, .flags = 0x6021}));
  EXPECT_EQ(ServedRedo{*clone}.blocks(), crashed_.blocks());
}

TEST_F(EncryptedDatadirTest, ATornPageIsServedAsItsEncryptedCopy) {
  const Lsn end = crashed_.log(write_u4(kSpace, 100, 1, PageNo{3}));
  const Bytes before = make_table({.space = kSpace, .flags = 0x6021});
  const Bytes after = make_table({.space = kSpace, .flags = 0x6021, .lsn = end});
  const auto page_3 = [](const Bytes& content) { return ByteView{content}.subspan(3 * kPageBytes, kPageBytes); };
  write_file(crashed_.at("db/secret.ibd"), before);
  testing::put_page(crashed_.at("db/secret.ibd"), 3, testing::torn(page_3(before), page_3(after)));
  crashed_.keep_copy(page_3(after));
  crashed_.write();
  const auto clone = view();
  const Result<Bytes> content = read(*clone, "./db/secret.ibd");
  ASSERT_TRUE(content) << content.error().what;
  EXPECT_TRUE(std::ranges::equal(page_3(*content), page_3(after)));
}

TEST_F(EncryptedDatadirTest, AKeyThatIsInTheLogOnlyIsServedInPage0AndNotInTheLog) {
  Bytes content = testing::make_initial_page({.space = kSpace, .flags = 0x6021});
  content.resize(7 * kPageBytes);
  write_file(crashed_.at("db/secret.ibd"), content);
  crashed_.log(file_create(kSpace, "./db/secret.ibd", 0x6021));
  crashed_.log(testing::first_page_group(kSpace, 0x6021, 7));
  const Lsn end =
      crashed_.log(make_redo_group({write_u4(kSpace, 54, 0x6021), write_string(kSpace, kInfoOffset, info())}));
  crashed_.log(write_u4(kSpace, 100, 1, PageNo{3}));
  crashed_.write();
  const auto clone = view();

  const Result<Bytes> served = read(*clone, "./db/secret.ibd");
  ASSERT_TRUE(served) << served.error().what;
  EXPECT_EQ(load_u64be(*served, innodb::kPageLsnOffset), end.value());
  EXPECT_TRUE(std::ranges::equal(ByteView{*served}.subspan(kInfoOffset, 111), info()));
  EXPECT_EQ(clone->files()[index_of(*clone, "./db/secret.ibd")].fsp_flags, 0x6021U);

  const Bytes page = copied_page(*clone);
  EXPECT_EQ(*innodb::check_page(page, {{}, kSpace}, PageNo{0}), innodb::PageState::intact);
  EXPECT_EQ(load_u64be(page, innodb::kPageLsnOffset), end.value());
  EXPECT_TRUE(std::ranges::equal(ByteView{page}.subspan(kInfoOffset, 111),
                                 plain_info(make_tablespace_key(), testing::kServerUuid)));

  const std::vector<innodb::RedoBlockBytes> blocks = ServedRedo{*clone}.blocks();
  EXPECT_NE(blocks, crashed_.blocks());
  EXPECT_EQ(records_of(blocks, testing::kCrashFirstBlock), records_of(crashed_.blocks(), testing::kCrashFirstBlock));
}

TEST_F(EncryptedDatadirTest, AnEncryptedTableOfWhichTheLogHasNoKeyIsRefused) {
  Bytes content = testing::make_initial_page({.space = kSpace, .flags = 0x6021});
  content.resize(7 * kPageBytes);
  write_file(crashed_.at("db/secret.ibd"), content);
  crashed_.log(file_create(kSpace, "./db/secret.ibd", 0x6021));
  crashed_.write();
  EXPECT_THAT(refusal().what, HasSubstr("secret.ibd was never finished"));
}

// ---- encrypted redo

class EncryptedRedoTest : public EncryptedDatadirTest {
 protected:
  EncryptedRedoTest() { write_file(crashed_.at("db/t7.ibd"), make_tablespace({})); }

  /// Encrypts blocks of the log on disk, as `innodb_redo_log_encrypt` would.
  void encrypt_log(const std::function<bool(std::size_t block)>& which = [](std::size_t) { return true; }) const {
    const std::filesystem::path path = crashed_.at("#innodb_redo/#ib_redo5");
    Bytes file = read_file(path, 1 << 24).value();
    const Bytes wrapped = info();
    std::ranges::copy(wrapped, file.begin() + innodb::kRedoEncryptionInfoOffset);
    std::size_t at = innodb::kRedoHeaderBytes + (testing::kCrashFirstBlock - Lsn{16'384'000});
    for (std::size_t i = 0; i < crashed_.blocks().size(); ++i, at += 512)
      if (which(i)) innodb::encrypt_redo_block(MutableBytes{file}.subspan(at).first<512>(), make_cipher());
    write_file(path, file);
  }
};

TEST_F(EncryptedRedoTest, IsServedEncryptedWithItsKeyInTheHeaderOfTheFirstFile) {
  for (int i = 0; i < 150; ++i) crashed_.log(testing::padding_record(1000));
  crashed_.write();
  encrypt_log([](std::size_t block) { return block % 3 != 0; });
  const auto clone = view();
  EXPECT_TRUE(clone->has_keys());
  EXPECT_THAT(clone->begin_page_copy()->pages, IsEmpty());
  const ServedRedo redo{*clone};
  EXPECT_TRUE(redo.plan().encrypted);
  ASSERT_EQ(redo.plan().file_count, 3U);

  const Bytes plain = plain_info(make_tablespace_key(), "");
  EXPECT_TRUE(std::ranges::equal(ByteView{redo.files()[0]}.subspan(innodb::kRedoEncryptionInfoOffset, 111), plain));
  for (const std::size_t later : {1U, 2U}) EXPECT_FALSE(redo.start(later).has_encryption_info());
  for (const std::size_t file : {0U, 1U, 2U})
    EXPECT_EQ(redo.start(file).header.has(innodb::RedoFlag::file_full), file < 2) << file;

  const innodb::TablespaceCipher cipher = make_cipher();
  EXPECT_EQ(redo.blocks(&cipher), crashed_.blocks());
  const std::size_t count = crashed_.blocks().size();
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_EQ(innodb::is_encrypted_redo_block(redo.stored_block(testing::kCrashFirstBlock + i * 512)), i + 1 < count)
        << "all but the trailer, block " << i;
}

TEST_F(EncryptedRedoTest, KeysAreTakenOutOfIt) {
  write_table("db/secret.ibd", {.space = kSpace, .flags = 0x6021});
  crashed_.log(testing::padding_record(1000));
  crashed_.log(write_string(kSpace, kInfoOffset, info(1)));
  crashed_.log(testing::padding_record(1000));
  crashed_.write();
  encrypt_log();
  const auto clone = view();
  const innodb::TablespaceCipher cipher = make_cipher();
  const std::vector<innodb::RedoBlockBytes> blocks = ServedRedo{*clone}.blocks(&cipher);
  EXPECT_NE(blocks, crashed_.blocks());
  EXPECT_EQ(records_of(blocks, testing::kCrashFirstBlock), records_of(crashed_.blocks(), testing::kCrashFirstBlock));
}

TEST_F(EncryptedRedoTest, WithoutItsKeyItIsRefused) {
  crashed_.log(testing::padding_record(1000));
  crashed_.write();
  encrypt_log();
  options_.keyring_file.clear();
  EXPECT_EQ(refusal().code, Errc::not_found);
  EXPECT_THAT(refusal().what, HasSubstr("the redo log is encrypted"));
}

TEST_F(EncryptedRedoTest, AKeyThatNoBlockNeedsMayBeMissing) {
  crashed_.log(testing::padding_record(1000));
  crashed_.write();
  encrypt_log([](std::size_t) { return false; });
  options_.keyring_file.clear();
  const auto clone = view();
  EXPECT_FALSE(clone->has_keys());
  EXPECT_EQ(ServedRedo{*clone}.blocks(), crashed_.blocks());
}

TEST_F(EncryptedRedoTest, ADamagedBlockInTheMiddleIsNotItsEnd) {
  crashed_.log(testing::padding_record(3000));
  crashed_.write();
  encrypt_log();
  testing::flip_byte(crashed_.at("#innodb_redo/#ib_redo5"),
                     2048 + (testing::kCrashFirstBlock - Lsn{16'384'000}) + 2 * 512 + 100);
  EXPECT_THAT(refusal().what, HasSubstr("is damaged: the log goes on behind it"));
}

TEST_F(EncryptedRedoTest, OfACleanShutdownHasItsKeyToo) {
  const std::filesystem::path path = crashed_.at("#innodb_redo/#ib_redo5");
  Bytes file = read_file(path, 1 << 24).value();
  std::ranges::copy(info(), file.begin() + innodb::kRedoEncryptionInfoOffset);
  const std::size_t at = innodb::kRedoHeaderBytes + (testing::kShutdownLsn.block_start() - Lsn{16'384'000});
  innodb::encrypt_redo_block(MutableBytes{file}.subspan(at).first<512>(), make_cipher());
  write_file(path, file);
  const auto clone = view();
  EXPECT_TRUE(clone->has_keys());
  const ServedRedo redo{*clone};
  EXPECT_EQ(redo.start(0).header.creator, "MySQL Clone");
  EXPECT_TRUE(redo.start(0).has_encryption_info());
  EXPECT_EQ(redo.blocks(),
            std::vector{testing::make_log_block(testing::kShutdownLsn.block_start(), testing::kShutdownLsn)})
      << "a trailer is in the clear";
}

}  // namespace
}  // namespace donord
