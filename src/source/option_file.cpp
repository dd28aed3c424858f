#include "source/option_file.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>

#include "base/file.hpp"

namespace donord {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxTotalBytes = 4 << 20;
constexpr int kMaxDepth = 10;  ///< mysqld's
constexpr std::size_t kMaxFiles = 1000;
constexpr std::size_t kMaxLineBytes = 4094;  ///< mysqld takes the rest for another line
constexpr std::string_view kSpaces = " \t\n\v\f\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kSpaces);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpaces) - from + 1);
}

/// The part before a '#' that stands outside of quotes.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '"' || c == '\'') && !escaped && (quote == 0 || quote == c)) quote = quote == 0 ? c : '\0';
    if (c == '#' && quote == 0) return text.substr(0, i);
    escaped = quote != 0 && c == '\\' && !escaped;
  }
  return text;
}

std::string_view without_quotes(std::string_view value) {
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string unescaped(std::string_view value) {
  constexpr std::string_view kLetters = "btnrs\"'\\";
  constexpr std::string_view kMeanings = "\b\t\n\r \"'\\";
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::size_t letter =
        value[i] == '\\' && i + 1 < value.size() ? kLetters.find(value[i + 1]) : std::string_view::npos;
    if (letter != std::string_view::npos) ++i;
    text += letter != std::string_view::npos ? kMeanings[letter] : value[i];
  }
  return text;
}

std::string option_name(std::string_view text) {
  constexpr std::string_view kLoose = "loose_";
  std::string name{text};
  std::ranges::replace(name, '-', '_');
  while (name.starts_with(kLoose)) name.erase(0, kLoose.size());
  return name;
}

class Reader {
 public:
  explicit Reader(OptionFile& into) : into_(into) {}

  /// `asked_by` is where the inclusion stands, empty for the file that was given.
  Result<> file(const fs::path& path, const std::string& asked_by, int depth) {
    if (++files_ > kMaxFiles) return refuse(asked_by, fmt::format("more than {} files are included", kMaxFiles));
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return pass_over(io_error("read", path, errno), asked_by);
    if (S_ISDIR(status.st_mode) && !asked_by.empty()) return {};
    if (S_ISREG(status.st_mode) && (status.st_mode & S_IWOTH) != 0)
      return pass_over({Errc::denied, fmt::format("{} is writable by everyone: mysqld does not read it", path.string()),
                        "run chmod o-w on it"},
                       asked_by);
    const Result<Bytes> content = read_file(path, kMaxTotalBytes - bytes_);
    if (!content) return content.error();
    bytes_ += content->size();
    return text(path, as_text(*content), depth);
  }

 private:
  static Error refuse(const std::string& place, std::string_view what) {
    return Error{Errc::usage, fmt::format("{}: {}", place, what)};
  }

  /// What mysqld does with included files that it cannot use. The file that was given is another matter.
  Result<> pass_over(const Error& why, const std::string& asked_by) {
    if (asked_by.empty()) return why;
    into_.notes.push_back(fmt::format("{}: {}", asked_by, why.what));
    return {};
  }

  Result<> text(const fs::path& path, std::string_view content, int depth) {
    OptionLine at{.file = path};
    bool in_group = false;
    while (!content.empty()) {
      const std::string_view whole = content.substr(0, content.find('\n'));
      content.remove_prefix(std::min(content.size(), whole.size() + 1));
      ++at.line;
      if (whole.size() > kMaxLineBytes)
        return refuse(at.place(), fmt::format("the line has more than {} bytes", kMaxLineBytes));
      if (whole.find('\0') != std::string_view::npos) return refuse(at.place(), "there is a NUL in it");
      const std::string_view line = trimmed(whole);
      if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
      if (line.starts_with('!')) {
        if (Result<> done = directive(line.substr(1), at.place(), depth); !done) return done;
      } else if (line.starts_with('[')) {
        const std::size_t end = line.find(']');
        if (end == std::string_view::npos) return refuse(at.place(), "the name of a group has no ']'");
        const std::string_view name = line.substr(1, end - 1);
        at.group = group_name(name.substr(0, name.find_last_not_of(kSpaces) + 1));
        in_group = true;
      } else if (!in_group) {
        return refuse(at.place(), "an option before the first group");
      } else {
        option(line, at);
      }
    }
    return {};
  }

  void option(std::string_view line, OptionLine at) {
    line = without_comment(line);
    const std::size_t equals = line.find('=');
    at.name = option_name(trimmed(line.substr(0, equals)));
    if (equals != std::string_view::npos) at.value = unescaped(without_quotes(trimmed(line.substr(equals + 1))));
    into_.lines.push_back(std::move(at));
  }

  Result<> directive(std::string_view text, const std::string& place, int depth) {
    text = trimmed(text);
    const std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
    const std::string_view word = text.substr(0, end);
    if (word != "include" && word != "includedir") return {};
    const fs::path path{trimmed(text.substr(end))};
    if (path.empty()) return refuse(place, fmt::format("!{} without a path", word));
    if (path.is_relative())
      return Error{Errc::usage,
                   fmt::format("{}: {} is relative to the directory that mysqld is started in", place, path.string()),
                   "make it absolute, or give the options of that file on the command line"};
    if (depth >= kMaxDepth)
      return pass_over({Errc::usage, fmt::format("inclusions are deeper than {}", kMaxDepth)}, place);
    return word == "include" ? file(path, place, depth + 1) : directory(path, place, depth);
  }

  Result<> directory(const fs::path& path, const std::string& place, int depth) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entries{path, error}; !error && entries != fs::directory_iterator{};
         entries.increment(error))
      if (entries->path().filename().string().ends_with(".cnf")) found.push_back(entries->path());
    if (error) return io_error("list", path, error.value()).within(place);
    std::ranges::sort(found);
    for (const fs::path& each : found)
      if (Result<> done = file(each, place, depth + 1); !done) return done;
    return {};
  }

  OptionFile& into_;
  std::size_t files_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::string group_name(std::string_view text) {
  std::string name{text};
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

std::string OptionLine::place() const {
  return fmt::format("{} line {}", file.string(), line);
}

Result<OptionFile> read_option_file(const fs::path& path) {
  OptionFile content;
  if (Result<> read = Reader{content}.file(path, "", 0); !read) return read.error();
  return content;
}

}  // namespace donord
