#include "source/datadir_source.hpp"

#include <charconv>

#include "base/endian.hpp"
#include "innodb/redo_lsn.hpp"
#include "source/file_cache.hpp"
#include "source/file_lock.hpp"
#include "source/old_redo_directory.hpp"
#include "source/old_redo_packer.hpp"
#include "source/page_filter.hpp"
#include "source/redo_packer.hpp"
#include "source/wire_file.hpp"

namespace donord {

namespace {

constexpr std::size_t kMaxOpenFiles = 256;

/// The recipient's redo gets the same uuid whenever the same data is served: a clone can go on after a restart.
std::uint32_t redo_uuid(std::string_view fingerprint) {
  constexpr std::size_t kHexDigits = 8;
  std::uint32_t uuid = 0;
  std::from_chars(fingerprint.data(), fingerprint.data() + std::min(fingerprint.size(), kHexDigits), uuid, 16);
  return uuid == 0 ? 1 : uuid;
}

/// Recovery treats a clone's log in a way of its own, which loses what only the log knows; for one that holds something
/// to recover the recipient is told that it comes from a server (docs/decisions/0010-crash-consistent-sources.md).
std::string creator_for(const DatadirSurvey& survey) {
  return survey.crash ? fmt::format("MySQL {}", survey.server_version) : std::string{kCloneCreator};
}

PageFilter filter_for(const DatadirSurvey& survey) {
  return survey.crash ? PageFilter{survey.crash->state()} : PageFilter{};
}

class DatadirView final : public CloneView {
 public:
  DatadirView(std::shared_ptr<const DatadirSurvey> survey, SharedFileLock lock, std::shared_ptr<FileCache> cache)
      : survey_(std::move(survey)),
        lock_(std::move(lock)),
        cache_(std::move(cache)),
        fingerprint_(fingerprint_of(*survey_)),
        range_{*survey_->redo.checkpoint, survey_->served_redo_end()},
        redo_file_bytes_(RedoPacker::file_bytes_for(survey_->options.redo_file_bytes, range_)),
        filter_(filter_for(*survey_)) {
    for (const TablespaceFile& file : survey_->files) files_.push_back(to_data_file(file));
  }

  const std::vector<DataFile>& files() const override { return files_; }

  std::uint64_t redo_capacity_bytes() const override {
    if (survey_->redo.old_checkpoint)
      return OldRedoPacker::capacity_bytes(survey_->redo.files.front().stamp.size_bytes);
    return RedoPacker::capacity_bytes(redo_file_bytes_, range_);
  }

  bool has_keys() const override { return survey_->has_keys(); }

  std::string fingerprint() const override { return fingerprint_; }

  Result<> read_file(std::size_t index, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (index >= files_.size()) return Error{Errc::not_found, fmt::format("there is no file {}", index)};
    const TablespaceFile& file = survey_->files[index];
    if (!is_inside(index, offset_bytes, into.size()))
      return Error{Errc::truncated, fmt::format("{} has {} bytes, asked for {} at offset {}", file.path.string(),
                                                files_[index].size_bytes, into.size(), offset_bytes)};
    const Result<std::shared_ptr<const UniqueFd>> fd = cache_->open(file.path, file.stamp);
    if (!fd) return fd.error();
    if (Result<> read = read_exactly(**fd, file.path, offset_bytes, into); !read) return read;
    if (!file.is_tablespace()) return {};
    if (Result<> made_fit = make_fit(file, offset_bytes, into); !made_fit) return made_fit;
    put_page0(file, offset_bytes, into);
    return {};
  }

  /// Of open files alone: to open one may take a disk. Pages that are compressed take long, because they are expanded
  /// to be verified.
  bool read_file_if_cached(std::size_t index, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (index >= files_.size() || !is_inside(index, offset_bytes, into.size())) return false;
    const TablespaceFile& file = survey_->files[index];
    if (file.compression != innodb::PageCompressionAlgorithm::none) return false;
    const std::shared_ptr<const UniqueFd> fd = cache_->find(file.stamp);
    if (!fd || !read_if_cached(*fd, offset_bytes, into)) return false;
    if (!file.is_tablespace()) return true;
    if (!is_fit(file, offset_bytes, into)) return false;
    put_page0(file, offset_bytes, into);
    return true;
  }

  /// At rest no page changes, but page 0 of an encrypted tablespace goes out once more, with the key.
  Result<PagePlan> begin_page_copy() override {
    PagePlan plan;
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (survey_->files[i].cipher)
        plan.pages.push_back({.file_index = static_cast<std::uint32_t>(i),
                              .length_bytes = survey_->files[i].format.physical_bytes,
                              .file_size_bytes = files_[i].size_bytes});
    return plan;
  }

  Result<> read_page(const PageRef& page, MutableBytes into) const override {
    if (page.file_index >= files_.size() || page.offset_bytes != 0 || !survey_->files[page.file_index].cipher)
      return Error{Errc::not_found,
                   fmt::format("page at {} of file {} was not asked for", page.offset_bytes, page.file_index)};
    const TablespaceFile& file = survey_->files[page.file_index];
    if (Result<> read = read_file(page.file_index, 0, into); !read) return read;
    show_key(file, into);
    return {};
  }

  Result<RedoPlan> begin_redo_copy() override {
    if (Result<> same = check_unchanged(); !same) return same.error();
    Result<std::unique_ptr<const PackedRedo>> packed =
        survey_->redo.old_checkpoint ? pack_old_redo(survey_->redo) : pack_redo();
    if (!packed) return packed.error();
    packed_ = std::move(*packed);
    return packed_->plan();
  }

  Result<> read_redo(std::uint32_t file, std::uint64_t offset_bytes, MutableBytes into) const override {
    if (!packed_) return Error{Errc::conflict, "redo was asked for before its plan"};
    return packed_->read(file, offset_bytes, into);
  }

 private:
  Result<std::unique_ptr<const PackedRedo>> pack_redo() const {
    Result<innodb::RedoRead> log = open_surveyed_redo(survey_->redo);
    if (!log) return log.error();
    if (survey_->decisions && survey_->decisions->continuation)
      log = survey_->decisions->continuation->over(std::move(*log));
    Result<RedoPacker> packer =
        RedoPacker::make({.file_bytes = redo_file_bytes_,
                          .page_bytes = survey_->page_size_bytes,
                          .uuid = redo_uuid(fingerprint_),
                          .creator = creator_for(*survey_),
                          .patches = survey_->crash ? without_keys(survey_->crash->analysis()) : RedoPatches{},
                          .cipher = survey_->redo.cipher},
                         range_, std::move(*log));
    if (!packer) return packer.error();
    return std::make_unique<const RedoPacker>(std::move(*packer));
  }

  bool is_inside(std::size_t index, std::uint64_t offset_bytes, std::size_t length) const {
    const std::uint64_t size_bytes = files_[index].size_bytes;
    return offset_bytes <= size_bytes && length <= size_bytes - offset_bytes;
  }

  /// After a crash nobody can do without: pages may be torn.
  bool served_unseen() const { return survey_->options.verify_pages == PageVerification::off && !survey_->crash; }

  Result<> make_fit(const TablespaceFile& file, std::uint64_t offset_bytes, MutableBytes pages) const {
    if (served_unseen()) return {};
    const std::uint32_t page_bytes = file.format.physical_bytes;
    if (offset_bytes % page_bytes != 0)
      return Error{Errc::malformed, fmt::format("{}: offset {} is not on a page of {} bytes", file.path.string(),
                                                offset_bytes, page_bytes)};
    return filter_.apply(file, file.page_at(offset_bytes), pages);
  }

  bool is_fit(const TablespaceFile& file, std::uint64_t offset_bytes, ByteView pages) const {
    if (served_unseen()) return true;
    return offset_bytes % file.format.physical_bytes == 0 && filter_.are_fit(file, file.page_at(offset_bytes), pages);
  }

  /// `pages` are whole ones.
  static void put_page0(const TablespaceFile& file, std::uint64_t offset_bytes, MutableBytes pages) {
    if (offset_bytes == 0 && file.replaced_page0 && !pages.empty())
      std::ranges::copy(*file.replaced_page0, pages.begin());
  }

  /// The lock keeps servers away, but not copies and other tools.
  Result<> check_unchanged() const {
    const auto check = [](const std::filesystem::path& path, const FileStamp& before) -> Result<> {
      const Result<FileStamp> now = stamp_of(path);
      if (!now) return now.error();
      if (now->same_content(before)) return {};
      return Error{Errc::conflict, fmt::format("{} changed while it was served", path.string()),
                   "leave the directory alone while it is served"};
    };
    for (const TablespaceFile& file : survey_->files)
      if (Result<> same = check(file.path, file.stamp); !same) return same;
    for (const RedoSurvey::File& file : survey_->redo.files)
      if (Result<> same = check(file.path, file.stamp); !same) return same;
    return {};
  }

  const std::shared_ptr<const DatadirSurvey> survey_;
  const SharedFileLock lock_;
  const std::shared_ptr<FileCache> cache_;
  const std::string fingerprint_;
  const RedoRange range_;
  const std::uint64_t redo_file_bytes_;
  const PageFilter filter_;
  std::vector<DataFile> files_;
  std::unique_ptr<const PackedRedo> packed_;
};

Result<std::shared_ptr<const DatadirSurvey>> survey_without_problems(const DatadirOptions& options,
                                                                     const DatadirSurvey* previous) {
  auto survey = std::make_shared<const DatadirSurvey>(survey_datadir(options, previous));
  if (!survey->problems.empty()) return survey->problems.front();
  return survey;
}

/// The file whose lock stands for the whole directory.
const TablespaceFile& lock_file(const DatadirSurvey& survey) {
  return *std::ranges::find(survey.files, FileRole::system, &TablespaceFile::role);
}

}  // namespace

DatadirSource::DatadirSource(const DatadirOptions& options, std::shared_ptr<const DatadirSurvey> survey)
    : options_(options), survey_(std::move(survey)) {}

DatadirSource::~DatadirSource() = default;

Result<std::unique_ptr<DatadirSource>> DatadirSource::open(const DatadirOptions& options) {
  Result<std::shared_ptr<const DatadirSurvey>> survey = survey_without_problems(options, nullptr);
  if (!survey) return survey.error();
  // Let go at once: it shows that a clone will get it.
  if (const Result<SharedFileLock> lock = SharedFileLock::acquire(lock_file(**survey).path); !lock) return lock.error();
  return std::unique_ptr<DatadirSource>{new DatadirSource{options, std::move(*survey)}};
}

std::shared_ptr<const DatadirSurvey> DatadirSource::latest() const {
  const std::lock_guard guard{mutex_};
  return survey_;
}

SourceIdentity DatadirSource::identity() const {
  const std::shared_ptr<const DatadirSurvey> survey = latest();
  return {.description = fmt::format("datadir {} ({})", survey->options.datadir.string(),
                                     survey->crash ? "at rest, to be recovered" : "at rest"),
          .server_version = survey->server_version,
          .page_size_bytes = survey->page_size_bytes,
          .file_count = survey->files.size(),
          .data_bytes = survey->data_bytes(),
          .checkpoint_lsn = *survey->redo.checkpoint,
          .end_lsn = *survey->redo.end};
}

Result<std::unique_ptr<CloneView>> DatadirSource::begin_clone(const CloneRequest& /*request*/) {
  const std::shared_ptr<const DatadirSurvey> previous = latest();
  Result<SharedFileLock> lock = SharedFileLock::acquire(lock_file(*previous).path);
  if (!lock) return lock.error();
  Result<std::shared_ptr<const DatadirSurvey>> survey = survey_without_problems(options_, previous.get());
  if (!survey) return survey.error();
  const std::lock_guard guard{mutex_};
  survey_ = *survey;
  std::shared_ptr<FileCache> cache = cache_.lock();
  if (!cache) cache_ = cache = std::make_shared<FileCache>(kMaxOpenFiles);
  return std::make_unique<DatadirView>(std::move(*survey), std::move(*lock), std::move(cache));
}

}  // namespace donord
