#include "source/binary_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/binlog_builder.hpp"
#include "support/datadir_builder.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::BinlogBuilder;
using ::testing::HasSubstr;
using testing::write_file;

class BinaryLogTest : public ::testing::Test {
 protected:
  void write_index(const fs::path& path, std::string_view text) const { write_file(at(path), as_bytes(text)); }
  void write_log(const fs::path& path, bool in_use) const {
    BinlogBuilder log;
    log.set_in_use(in_use);
    write_file(at(path), log.bytes());
  }
  void write_encrypted_log(const fs::path& path) const {
    Bytes log = BinlogBuilder{}.bytes();
    log[0] = binlog::kEncryptedMagic[0];
    write_file(at(path), log);
  }
  fs::path at(const fs::path& path) const { return scratch_.path() / path; }

  std::optional<fs::path> found() const {
    const Result<std::optional<fs::path>> log = binary_log_in_use(options_);
    EXPECT_TRUE(log) << log.error().what;
    return log ? *log : std::nullopt;
  }

  testing::ScratchDirectory scratch_;
  DatadirOptions options_{.datadir = scratch_.path() / "data"};
};

TEST_F(BinaryLogTest, TheFlagOfTheFirstEventSaysWhetherItIsInUse) {
  BinlogBuilder log;
  EXPECT_EQ(state_of_binary_log(log.bytes()), BinaryLogState::in_use);
  EXPECT_EQ(state_of_binary_log(ByteView{log.bytes()}.first(22)), BinaryLogState::unknown);
  log.set_in_use(false);
  EXPECT_EQ(state_of_binary_log(log.bytes()), BinaryLogState::closed);
  log.set_in_use();
  Bytes other = log.bytes();
  other[8] = 2;
  EXPECT_EQ(state_of_binary_log(other), BinaryLogState::closed) << "begins with another event";
  other = log.bytes();
  other[1] = 'x';
  EXPECT_EQ(state_of_binary_log(other), BinaryLogState::closed) << "is no binary log";
  other = log.bytes();
  other[0] = 0xFD;
  EXPECT_EQ(state_of_binary_log(other), BinaryLogState::unknown) << "encrypted";
}

TEST_F(BinaryLogTest, TheNewestLogOfAnIndexCounts) {
  fs::create_directory(options_.datadir);
  EXPECT_EQ(found(), std::nullopt);
  write_index("data/binlog.index", "");
  EXPECT_EQ(found(), std::nullopt);
  write_index("data/binlog.index", "./binlog.000001\n./binlog.000002\n");
  write_log("data/binlog.000001", true);
  write_log("data/binlog.000002", false);
  EXPECT_EQ(found(), std::nullopt);
  write_log("data/binlog.000002", true);
  EXPECT_EQ(found(), at("data/binlog.000002"));
}

TEST_F(BinaryLogTest, ALogThatIsNotThereIsNoLog) {
  write_index("data/binlog.index", "./binlog.000001\n");
  const auto log = binary_log_in_use(options_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, Errc::not_found);
  EXPECT_THAT(log.error().what, HasSubstr("binlog.000001"));
}

TEST_F(BinaryLogTest, AFileThatWasJustMadeIsInUse) {
  write_index("data/binlog.index", "./binlog.000001\n");
  write_file(at("data/binlog.000001"), Bytes{0xFE});
  EXPECT_EQ(found(), at("data/binlog.000001"));
}

TEST_F(BinaryLogTest, OtherIndexesDoNotMatterUnlessBothWereInUse) {
  write_index("data/relay.index", "./relay.000001\n");
  write_log("data/relay.000001", false);
  write_index("data/binlog.index", "./binlog.000001\n");
  write_log("data/binlog.000001", true);
  EXPECT_EQ(found(), at("data/binlog.000001"));
  write_log("data/relay.000001", true);
  const auto both = binary_log_in_use(options_);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code, Errc::conflict);
  EXPECT_THAT(both.error().hint, HasSubstr("--log-bin-index"));
  options_.log_bin_index = "binlog.index";
  EXPECT_EQ(found(), at("data/binlog.000001"));
}

TEST_F(BinaryLogTest, RelayLogsThatDoNotSayWhatTheyAreDoNotCount) {
  write_index("data/host-relay-bin-channel.index", "./host-relay-bin-channel.000001\n");
  write_encrypted_log("data/host-relay-bin-channel.000001");
  EXPECT_EQ(found(), std::nullopt);
  write_index("data/a-relay-bin.index", "./a-relay-bin.000001\n");
  EXPECT_EQ(found(), std::nullopt) << "its file is not there";
  write_index("data/binlog.index", "./binlog.000001\n");
  write_encrypted_log("data/binlog.000001");
  EXPECT_EQ(found(), at("data/binlog.000001"));

  options_.log_bin_index = "host-relay-bin-channel.index";
  EXPECT_EQ(found(), at("data/host-relay-bin-channel.000001")) << "the operator should know";
  options_.log_bin_index.clear();
  fs::remove(at("data/binlog.index"));
  write_log("data/a-relay-bin.000001", true);
  EXPECT_EQ(found(), at("data/a-relay-bin.000001")) << "relay logs never say that they are in use";
}

TEST_F(BinaryLogTest, TheIndexIsWhereTheOptionsSay) {
  write_index("logs/server.index", at("logs/server.000007").string() + "\n");
  write_log("logs/server.000007", true);
  fs::create_directory(options_.datadir);
  EXPECT_EQ(found(), std::nullopt);
  options_.log_bin_index = at("logs/server.index");
  EXPECT_EQ(found(), at("logs/server.000007"));
  options_.log_bin_index.clear();
  options_.log_bin = at("logs/server");
  EXPECT_EQ(found(), at("logs/server.000007"));
  options_.log_bin = "../logs/server.log";
  EXPECT_EQ(found()->lexically_normal(), at("logs/server.000007")) << "what looks like an extension is none";
}

TEST_F(BinaryLogTest, ALogIsLookedForBesideItsIndexFirst) {
  write_index("data/binlog.index", "/var/lib/mysql/binlog.000003\n");
  write_log("data/binlog.000003", true);
  EXPECT_EQ(found(), at("data/binlog.000003")) << "the directory is a copy";
  write_index("logs/binlog.index", "./binlog.000004\n");
  write_log("data/binlog.000004", true);
  options_.log_bin_index = at("logs/binlog.index");
  EXPECT_EQ(found()->lexically_normal(), at("data/binlog.000004"));
}

TEST_F(BinaryLogTest, AnIndexIsNotFollowedToTheOriginal) {
  fs::create_directory(options_.datadir);
  write_log("original/binlog.000003", true);
  for (const std::string& name : {at("original/binlog.000003").string(), std::string{"../original/binlog.000003"}}) {
    write_index("data/binlog.index", name + "\n");
    const auto log = binary_log_in_use(options_);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Errc::conflict);
    EXPECT_THAT(log.error().what, HasSubstr("original/binlog.000003, which is neither beside it nor in the data"));
    EXPECT_THAT(log.error().hint, AllOf(HasSubstr("--log-bin-index"), HasSubstr("--without-binary-log")));
  }
  const auto set = [this](std::string name, const fs::path& value, OptionRank rank) {
    return apply_setting(options_, {std::move(name), value.string(), rank, "a test"});
  };
  ASSERT_TRUE(set("log_bin_index", "binlog.index", OptionRank::option_file));
  EXPECT_FALSE(binary_log_in_use(options_)) << "the option file is that of the original";
  ASSERT_TRUE(set("log_bin", at("original/binlog"), OptionRank::option_file));
  EXPECT_EQ(found()->lexically_normal(), at("original/binlog.000003")) << "where the server logs to";
  ASSERT_TRUE(set("log_bin", at("elsewhere/binlog"), OptionRank::option_file));
  EXPECT_FALSE(binary_log_in_use(options_));
  ASSERT_TRUE(set("log_bin_index", "binlog.index", OptionRank::given));
  EXPECT_EQ(found()->lexically_normal(), at("original/binlog.000003"));
}

TEST_F(BinaryLogTest, ReadsAtAnyOffset) {
  write_file(at("log"), as_bytes("binary log"));
  const Result<binlog::ByteSource> source = open_binary_log(at("log"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->size_bytes, 10U);
  Bytes bytes(3);
  ASSERT_TRUE(source->read(7, bytes));
  EXPECT_EQ(as_text(bytes), "log");
  EXPECT_EQ(source->read(8, bytes).error().code, Errc::truncated);
  EXPECT_EQ(open_binary_log(at("none")).error().code, Errc::not_found);
}

}  // namespace
}  // namespace donord
