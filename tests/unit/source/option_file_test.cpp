#include "source/option_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/datadir_builder.hpp"
#include "support/seeded_random.hpp"

namespace donord {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OptionFileTest : public ::testing::Test {
 protected:
  fs::path at(const fs::path& name) const { return scratch_.path() / name; }

  void put(const fs::path& name, std::string_view content) const {
    testing::write_file(at(name), as_bytes(content));
    ::chmod(at(name).c_str(), 0644);
  }

  Result<OptionFile> read(std::string_view content) const {
    put("my.cnf", content);
    return read_option_file(at("my.cnf"));
  }

  /// "group.name=value", "group.name" without one.
  static std::vector<std::string> lines(const Result<OptionFile>& file) {
    if (!file) return {file.error().what};
    std::vector<std::string> texts;
    for (const OptionLine& line : file->lines)
      texts.push_back(line.group + "." + line.name + (line.value ? "=" + *line.value : ""));
    return texts;
  }

  /// The value of one option, as it comes out of a line.
  std::string value_of(std::string_view line) const {
    const Result<OptionFile> file = read(fmt::format("[g]\nx = {}\n", line));
    return file && file->lines.size() == 1 ? file->lines[0].value.value_or("(none)") : "(error)";
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(OptionFileTest, GroupsNamesAndValues) {
  EXPECT_THAT(lines(read("# comment\n; comment\n\n[client]\nuser=x\n  [MySQLd ]  \n\tport\t=\t3306  \nskip-networking\n"
                         "innodb-undo_directory=/undo\n[server]rest\na=b=c\nlast=line")),
              ElementsAre("client.user=x", "mysqld.port=3306", "mysqld.skip_networking",
                          "mysqld.innodb_undo_directory=/undo", "server.a=b=c", "server.last=line"));
}

TEST_F(OptionFileTest, LooseIsTakenOffNames) {
  EXPECT_THAT(lines(read("[g]\nloose_a-b=1\nloose-loose_c\nloosely=2\nLOOSE_d=3\n")),
              ElementsAre("g.a_b=1", "g.c", "g.loosely=2", "g.LOOSE_d=3"));
}

TEST_F(OptionFileTest, CommentsBeginOutsideOfQuotes) {
  EXPECT_EQ(value_of("/a # comment"), "/a");
  EXPECT_EQ(value_of("/a#comment"), "/a");
  EXPECT_EQ(value_of("\"/a b#c\" # comment"), "/a b#c");
  EXPECT_EQ(value_of("/it's#no"), "/it's#no");
  EXPECT_EQ(value_of("'a\\'#b' # c"), "a'#b");
  EXPECT_EQ(value_of("\"a'b\" # \"c"), "a'b");
  EXPECT_EQ(value_of("/x;/y"), "/x;/y");
  EXPECT_THAT(lines(read("[g]\nname # = 5\n")), ElementsAre("g.name"));
}

TEST_F(OptionFileTest, QuotesAroundTheWholeValueAreTakenOff) {
  EXPECT_EQ(value_of("\" a \""), " a ");
  EXPECT_EQ(value_of("'a'"), "a");
  EXPECT_EQ(value_of("\"\""), "");
  EXPECT_EQ(value_of("\""), "\"");
  EXPECT_EQ(value_of("\"a'"), "\"a'");
  EXPECT_EQ(value_of("a\"b\""), "a\"b\"");
}

TEST_F(OptionFileTest, EscapeSequences) {
  EXPECT_EQ(value_of(R"(a\sb\tc\nd\re\bf)"), "a b\tc\nd\re\bf");
  EXPECT_EQ(value_of(R"(a\\b\"c\'d)"), "a\\b\"c'd");
  EXPECT_EQ(value_of(R"(C:\qrs\\x)"), R"(C:\qrs\x)");
  EXPECT_EQ(value_of("end\\"), "end\\");
  EXPECT_EQ(value_of(R"(\\sx)"), R"(\sx)");
}

TEST_F(OptionFileTest, AnEmptyValueIsNotNone) {
  const Result<OptionFile> file = read("[g]\na=\nb\n");
  EXPECT_EQ(file->lines.at(0).value, "");
  EXPECT_EQ(file->lines.at(1).value, std::nullopt);
}

TEST_F(OptionFileTest, LinesAreCounted) {
  const Result<OptionFile> file = read("# one\r\n[g]\r\n\r\na=b\r\n");
  EXPECT_EQ(file->lines.at(0).place(), at("my.cnf").string() + " line 4");
  EXPECT_EQ(file->lines.at(0).value, "b");
}

TEST_F(OptionFileTest, RefusesWhatMysqldRefuses) {
  const std::pair<std::string, const char*> wrong[] = {
      {"a=b\n[g]\n", "my.cnf line 1: an option before the first group"},
      {"[g]\n\n[h\n", "my.cnf line 3: the name of a group has no ']'"},
      {"[g]\n!include\n", "my.cnf line 2: !include without a path"},
      {"[g]\n!includedir /nowhere/at/all\n", "my.cnf line 2: cannot list /nowhere/at/all"},
      {"[g]\nx=" + std::string(5000, 'y') + "\n", "my.cnf line 2: the line has more than"},
      {std::string{"[g]\nx=\0y\n", 9}, "my.cnf line 2: there is a NUL"},
  };
  for (const auto& [content, message] : wrong) {
    const Result<OptionFile> file = read(content);
    ASSERT_FALSE(file) << content;
    EXPECT_THAT(file.error().what, HasSubstr(message));
  }
}

TEST_F(OptionFileTest, InclusionsStandWhereTheyAreWritten) {
  put("more", "[other]\nin=more\n");
  put("conf.d/b.cnf", "[g]\nin=b\n");
  put("conf.d/a.x.cnf", "[g]\nin=a\n");
  put("conf.d/.hidden.cnf", "[g]\nin=hidden\n");
  put("conf.d/c.conf", "[g]\nin=nothing\n");
  fs::create_directory(at("conf.d/dir.cnf"));
  const std::string root = scratch_.path().string();
  EXPECT_THAT(lines(read("[g]\nbefore=1\n!include " + root + "/more\nmiddle=2\n ! includedir \t" + root +
                         "/conf.d \nafter=3\n!includes /x\n")),
              ElementsAre("g.before=1", "other.in=more", "g.middle=2", "g.in=hidden", "g.in=a", "g.in=b", "g.after=3"));
}

TEST_F(OptionFileTest, IncludedFilesThatMysqldPassesOverAreNoted) {
  put("open.cnf", "[g]\nx=1\n");
  ::chmod(at("open.cnf").c_str(), 0666);
  const std::string root = scratch_.path().string();
  const Result<OptionFile> file = read("!include " + root + "/absent\n!include " + root + "/open.cnf\n[g]\na=b\n");
  EXPECT_THAT(lines(file), ElementsAre("g.a=b"));
  EXPECT_THAT(file->notes, ElementsAre(HasSubstr("my.cnf line 1: cannot read " + root + "/absent"),
                                       HasSubstr("my.cnf line 2: " + root + "/open.cnf is writable by everyone")));
}

TEST_F(OptionFileTest, TheGivenFileItselfMustBeReadable) {
  EXPECT_EQ(read_option_file(at("absent.cnf")).error().code, Errc::not_found);
  put("open.cnf", "[g]\nx=1\n");
  ::chmod(at("open.cnf").c_str(), 0666);
  EXPECT_EQ(read_option_file(at("open.cnf")).error().code, Errc::denied);
  EXPECT_FALSE(read_option_file(scratch_.path()));
}

TEST_F(OptionFileTest, RelativeInclusionsAreRefused) {
  for (const char* path : {"more.cnf", "~/more.cnf", "./x"}) {
    const Result<OptionFile> file = read(fmt::format("!include {}\n", path));
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, Errc::usage);
    EXPECT_THAT(file.error().what, HasSubstr("my.cnf line 1"));
  }
}

TEST_F(OptionFileTest, LoopsEnd) {
  const Result<OptionFile> file = read("[g]\nx=1\n!include " + at("my.cnf").string() + "\n");
  EXPECT_EQ(file->lines.size(), 11U);
  EXPECT_THAT(file->notes, ElementsAre(HasSubstr("deeper than 10")));

  for (const char* name : {"loop/a.cnf", "loop/b.cnf", "loop/c.cnf"})
    put(name, "!includedir " + at("loop").string() + "\n");
  EXPECT_THAT(read_option_file(at("loop/a.cnf")).error().what, HasSubstr("more than 1000 files"));
}

TEST_F(OptionFileTest, AnyBytesGiveLinesOrAnError) {
  using std::string_view_literals::operator""sv;
  constexpr std::string_view kPieces[] = {"[",  "]",  "=", "\"", "'",  "\\",   "#",         ";",   "!",
                                          "\n", "\r", " ", "a",  "-_", "\0"sv, "!include ", "[g]", "loose_"};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    testing::SeededRandom random{seed};
    std::string content;
    for (int i = 0; i < 60; ++i) content += kPieces[random.below(std::size(kPieces))];
    const Result<OptionFile> file = read(content);
    EXPECT_TRUE(file || !file.error().what.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace donord
