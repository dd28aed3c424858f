#include "innodb/redo_decode.hpp"

#include <gmock/gmock.h>

#include "support/redo_builder.hpp"

namespace donord::innodb {
namespace {

using ::testing::HasSubstr;
using testing::RedoFields;

RedoRecord record_of(RedoType type, const Bytes& body) {
  return {.type = type, .space = SpaceId{7}, .page = PageNo{0}, .start = Lsn{8204}, .body = body};
}

TEST(RedoDecode, FileOperationsSayWhatHappensToWhichFile) {
  const Bytes create = RedoFields{}.u4(0x4021).path("./t/c1.ibd");
  const Result<FileCreate> created = decode_file_create(record_of(RedoType::file_create, create));
  ASSERT_TRUE(created) << created.error().what;
  EXPECT_EQ(created->space, SpaceId{7});
  EXPECT_EQ(created->flags, 0x4021U);
  EXPECT_EQ(created->path, "./t/c1.ibd");

  const Bytes rename = RedoFields{}.path("./t/c1.ibd").path("./t/c2.ibd");
  const Result<FileRename> renamed = decode_file_rename(record_of(RedoType::file_rename, rename));
  ASSERT_TRUE(renamed) << renamed.error().what;
  EXPECT_EQ(renamed->old_path, "./t/c1.ibd");
  EXPECT_EQ(renamed->new_path, "./t/c2.ibd");

  const Bytes remove = RedoFields{}.path("./t/c2.ibd");
  const Result<FileDelete> removed = decode_file_delete(record_of(RedoType::file_delete, remove));
  ASSERT_TRUE(removed) << removed.error().what;
  EXPECT_EQ(removed->path, "./t/c2.ibd");

  const Bytes extend = RedoFields{}.u8(114688).u8(16384);
  const Result<FileExtend> extended = decode_file_extend(record_of(RedoType::file_extend, extend));
  ASSERT_TRUE(extended) << extended.error().what;
  EXPECT_EQ(extended->offset_bytes, 114688U);
  EXPECT_EQ(extended->size_bytes, 16384U);
}

TEST(RedoDecode, IndexLoadNamesTheRootAndTheIndex) {
  const Bytes body = RedoFields{}.u8(151);
  RedoRecord record = record_of(RedoType::index_load, body);
  record.page = PageNo{4};
  const Result<IndexLoad> load = decode_index_load(record);
  ASSERT_TRUE(load) << load.error().what;
  EXPECT_EQ(load->space, SpaceId{7});
  EXPECT_EQ(load->root, PageNo{4});
  EXPECT_EQ(load->index_id, 151U);
}

TEST(RedoDecode, DynamicMetadataIsOfEitherKind) {
  const Bytes counter = RedoFields{}.much_compressed64(1064).much_compressed64(3).u1(2).much_compressed64(1'000'000);
  const Result<TableDynamicMeta> counted = decode_table_dynamic_meta(record_of(RedoType::table_dynamic_meta, counter));
  ASSERT_TRUE(counted) << counted.error().what;
  EXPECT_EQ(counted->table_id, 1064U);
  EXPECT_EQ(counted->version, 3U);
  EXPECT_EQ(counted->kind, DynamicMetaKind::auto_increment);
  EXPECT_EQ(counted->auto_increment, 1'000'000U);

  const Bytes corrupt = RedoFields{}.much_compressed64(1064).much_compressed64(3).u1(1).u1(2).filler(24);
  const Result<TableDynamicMeta> marked = decode_table_dynamic_meta(record_of(RedoType::table_dynamic_meta, corrupt));
  ASSERT_TRUE(marked) << marked.error().what;
  EXPECT_EQ(marked->kind, DynamicMetaKind::corrupted_indexes);
}

TEST(RedoDecode, WritesSayWhereAndWhat) {
  const Bytes string = RedoFields{}.u2(38).u2(3).bytes(as_bytes("abc"));
  const Result<StringWrite> text = decode_string_write(record_of(RedoType::write_string, string));
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_EQ(text->offset, 38);
  EXPECT_EQ(as_text(text->bytes), "abc");

  const Bytes integer = RedoFields{}.u2(46).compressed64(0x0102030405060708);
  const Result<IntegerWrite> number = decode_integer_write(record_of(RedoType::eight_bytes, integer));
  ASSERT_TRUE(number) << number.error().what;
  EXPECT_EQ(number->offset, 46);
  EXPECT_EQ(number->size_bytes, 8);
  EXPECT_EQ(number->value, 0x0102030405060708U);
}

TEST(RedoDecode, EncryptionInformationIsAStringOfItsLengthInPage0) {
  const Bytes info = RedoFields{}.u2(10390).u2(111).filler(111);
  RedoRecord record = record_of(RedoType::write_string, info);
  record.end = Lsn{8704 + 12 + 100};  // the body lies in two blocks
  const Result<std::optional<EncryptionWrite>> write = find_encryption_write(record);
  ASSERT_TRUE(write) << write.error().what;
  ASSERT_TRUE(*write);
  EXPECT_EQ((*write)->space, SpaceId{7});
  EXPECT_EQ((*write)->offset, 10390);
  EXPECT_EQ((*write)->body, Lsn{8704 - 4 - 15});

  record.page = PageNo{1};
  EXPECT_FALSE(*find_encryption_write(record));
  const Bytes longer = RedoFields{}.u2(10390).u2(112).filler(112);
  EXPECT_FALSE(*find_encryption_write(record_of(RedoType::write_string, longer)));
  EXPECT_FALSE(*find_encryption_write(record_of(RedoType::page_create, {})));
  EXPECT_EQ(find_encryption_write(record_of(RedoType::write_string, Bytes(3))).error().code, Errc::malformed);
}

TEST(RedoDecode, ARecordOfAnotherTypeIsAMistakeOfTheCaller) {
  const RedoRecord record = record_of(RedoType::page_create, {});
  EXPECT_EQ(decode_file_create(record).error().code, Errc::usage);
  EXPECT_EQ(decode_file_rename(record).error().code, Errc::usage);
  EXPECT_EQ(decode_file_delete(record).error().code, Errc::usage);
  EXPECT_EQ(decode_file_extend(record).error().code, Errc::usage);
  EXPECT_EQ(decode_index_load(record).error().code, Errc::usage);
  EXPECT_EQ(decode_table_dynamic_meta(record).error().code, Errc::usage);
  EXPECT_EQ(decode_string_write(record).error().code, Errc::usage);
  const Result<IntegerWrite> write = decode_integer_write(record);
  EXPECT_EQ(write.error().code, Errc::usage);
  EXPECT_THAT(write.error().what, HasSubstr("PAGE_CREATE at LSN 8204"));
}

TEST(RedoDecode, ABodyOfAnotherLengthIsRefused) {
  const Bytes whole = RedoFields{}.u4(0x4021).path("./t/c1.ibd");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)};
    const Result<FileCreate> create = decode_file_create(record_of(RedoType::file_create, part));
    ASSERT_FALSE(create) << length;
    EXPECT_THAT(create.error().what, HasSubstr("too short"));
  }
  const Bytes longer = RedoFields{}.bytes(whole).u1(0);
  EXPECT_THAT(decode_file_create(record_of(RedoType::file_create, longer)).error().what, HasSubstr("too long"));
}

}  // namespace
}  // namespace donord::innodb
