#include "clone/recipient_machine.hpp"

#include <algorithm>

namespace donord {
namespace {

/// FN_REFLEN_SE: a stock server holds no longer names.
constexpr std::size_t kMaxNameBytes = 4000;
constexpr std::uint16_t kChangeFlags = FileDescriptor::kRenamed | FileDescriptor::kDeleted;

Error violation(std::string what) {
  return Error{Errc::malformed, std::move(what)};
}

bool is_name_of_data_file(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.back() == '/') return false;
  const std::string path = fmt::format("/{}/", name);
  return path.find("/../") == std::string::npos;
}

/// The name under which the recipient's directory has it.
std::string_view without_dot(std::string_view name) {
  return name.starts_with("./") ? name.substr(2) : name;
}

}  // namespace

Bytes RecipientMachine::with_locator(CloneCommand command, const Locator& locator) const {
  return encode(InitCommand{
      command, negotiated_.value_or(options_.version), options_.ddl, {EngineLocator{kEngineInnodb, encode(locator)}}});
}

Bytes RecipientMachine::init_command() const {
  Locator version_locator;
  version_locator.padding.resize(128 - Locator::kBaseLength);
  return with_locator(CloneCommand::init, version_locator);
}

std::pair<CloneTaskId, Bytes> RecipientMachine::attach_command() {
  std::uint32_t id = 1;
  while (tasks_.contains(id)) ++id;
  tasks_[id] = {};
  return {CloneTaskId{id}, with_locator(CloneCommand::attach, locator_)};
}

Bytes RecipientMachine::reinit_command() {
  Locator restart = locator_;
  restart.state = state_;
  if (copies_data(state_)) {
    restart.sub_state = state_ != CloneState::file_copy || has_all_files() ? 1 : 0;
    for (const auto& [id, task] : tasks_)
      if (task.chunk != 0) interrupted_.insert(task.chunk);
    RestartInfo& info = restart.restart.emplace();
    for (const auto& [chunk, block] : chunk_blocks_) info.set_started(chunk);
    for (const std::uint32_t chunk : interrupted_) info.incomplete.push_back({chunk, chunk_blocks_[chunk]});
  }
  tasks_.clear();
  late_file_.reset();
  tasks_[0].state = state_;
  if (ack_ == Ack::sent) ack_ = Ack::before_cut;
  return with_locator(CloneCommand::reinit, restart);
}

Bytes RecipientMachine::failure_ack(std::uint32_t error) const {
  return encode(AckCommand{error, EngineLocator{kEngineInnodb, encode(locator_)}, {}});
}

Result<RecipientMachine::Reaction> RecipientMachine::on_response(CloneTaskId id, ByteView message) {
  const auto found = tasks_.find(id.value());
  if (found == tasks_.end()) return violation("response on a connection that is gone");
  Task& task = found->second;
  if (message.empty()) return violation("empty response");
  const auto code = static_cast<CloneResponse>(message[0]);

  if (task.expecting) {
    if (code != CloneResponse::data) return violation("expected COM_RES_DATA after its descriptor");
    const DataDescriptor where = *task.expecting;
    task.expecting.reset();
    const ByteView data = message.subspan(1);
    if (data.size() != where.length_bytes) return violation("payload and descriptor disagree about the length");
    if (!dropped_.contains(where.file_index))
      if (Result<> written = sink_.write(where, data); !written) return written.error();
    data_bytes_ += data.size();
    chunk_blocks_[where.chunk] = where.block;
    return Reaction{};
  }

  switch (code) {
    case CloneResponse::plugin:
    case CloneResponse::config:
    case CloneResponse::collation:
    case CloneResponse::plugin_v2:
    case CloneResponse::config_v3:
    case CloneResponse::config_v4:
      if (negotiated_) return violation("parameter after the locators");
      parameters_.emplace_back(message.begin(), message.end());
      return Reaction{};
    case CloneResponse::locs:
      return on_locs(id, task, message);
    case CloneResponse::data_desc:
      return on_descriptor(id, task, message);
    case CloneResponse::complete:
      return Reaction{.ack = {}, .command_done = true};
    case CloneResponse::error: {
      const Result<ErrorResponse> error = decode<ErrorResponse>(message);
      if (!error) return error.error();
      return Error{Errc::unavailable, fmt::format("{} : {}", error->number, error->message)};
    }
    case CloneResponse::data:
      return violation("COM_RES_DATA without a descriptor");
  }
  return violation(fmt::format("unknown response code {}", message[0]));
}

Result<RecipientMachine::Reaction> RecipientMachine::on_locs(CloneTaskId id, Task& task, ByteView message) {
  const Result<LocsResponse> locs = decode<LocsResponse>(message);
  if (!locs) return locs.error();
  const Result<Locator> locator = innodb_locator(locs->locators);
  if (!locator) return locator.error();
  if (locator->clone_id == CloneId{} || locator->snapshot_id == SnapshotId{}) return violation("locator without ids");
  if (locs->version > options_.version) return violation("donor chose a version that was not offered");
  if (!negotiated_) {
    negotiated_ = locs->version;
    locator_ = *locator;
    state_ = CloneState::init;
    task.state = state_;
  }
  if (locs->version != *negotiated_) return violation("negotiated version has changed");
  if (!locator->names(locator_.clone_id, locator_.snapshot_id)) return violation("locator names another clone");
  if (id != CloneTaskId{0}) {
    if (locator->state < state_) return violation("worker would wait for a state that has passed");
    const bool listing = state_ == CloneState::file_copy && !has_all_files();
    if (locator->state > state_ || listing) return Reaction{.early = true};
    task.state = state_;
  }
  task.attached = true;
  return Reaction{};
}

Result<RecipientMachine::Reaction> RecipientMachine::on_descriptor(CloneTaskId id, Task& task, ByteView message) {
  if (!task.attached) return violation("data before the locators");
  const Result<DataDescResponse> response = decode<DataDescResponse>(message);
  if (!response) return response.error();
  if (response->engine != kEngineInnodb || response->locator_index != 0) return violation("unknown storage engine");
  const ByteView descriptor = response->descriptor;

  switch (descriptor_type(descriptor)) {
    case DescriptorType::task: {
      const Result<TaskDescriptor> described = decode<TaskDescriptor>(descriptor);
      if (!described) return described.error();
      if (described->chunk != 0 || described->block != 0) return violation("task descriptor with a chunk");
      return Reaction{};
    }
    case DescriptorType::state: {
      const Result<StateDescriptor> state = decode<StateDescriptor>(descriptor);
      if (!state) return state.error();
      return on_state(id, task, *state);
    }
    case DescriptorType::file: {
      const Result<FileDescriptor> file = decode<FileDescriptor>(descriptor);
      if (!file) return file.error();
      if (Result<> taken = on_file(id, *file); !taken) return taken.error();
      return Reaction{};
    }
    case DescriptorType::data: {
      const Result<DataDescriptor> data = decode<DataDescriptor>(descriptor);
      if (!data) return data.error();
      if (Result<> fits = on_data_descriptor(id, task, *data); !fits) return fits.error();
      return Reaction{};
    }
    case DescriptorType::locator:
      break;
  }
  return violation("unknown descriptor");
}

Result<RecipientMachine::Reaction> RecipientMachine::on_state(CloneTaskId id, Task& task,
                                                              const StateDescriptor& state) {
  if ((state.flags & StateDescriptor::kAck) != 0) return Reaction{};
  if (state.flags == StateDescriptor::kStart) return on_start(id, task, state);

  if (state.state != task.state) return violation("END of a state that has not begun");
  if (task.ended) return violation("END sent twice");
  task.ended = true;
  task.chunk = 0;
  if (!all_have_ended() || ack_ == Ack::sent) return Reaction{};
  ack_ = Ack::sent;
  StateDescriptor ack = state;
  ack.flags = StateDescriptor::kAck;
  ack.task = CloneTaskId{0};
  return Reaction{.ack = encode(AckCommand{0, EngineLocator{kEngineInnodb, encode(locator_)}, encode(ack)})};
}

Result<RecipientMachine::Reaction> RecipientMachine::on_start(CloneTaskId id, Task& task,
                                                              const StateDescriptor& state) {
  if (id == CloneTaskId{0}) {
    const bool repeated = state.state == state_ && files_.empty() && chunk_blocks_.empty();
    if (state.state != next_state(state_) && !repeated) return violation("START of a state out of order");
    if (!repeated && ack_ == Ack::none) return violation("START before the acknowledgement");
    if (!repeated && ack_ == Ack::sent && !all_have_ended()) return Reaction{.early = true};
    if (Result<> distinct = check_names(); !distinct) return distinct.error();
    if (Result<> settled = sink_.settle_names(); !settled) return settled.error();
    state_ = state.state;
    ack_ = Ack::none;
    chunks_announced_ = state.chunks;
    files_announced_ = state.files;
    chunk_blocks_.clear();
    interrupted_.clear();
    if (state_ == CloneState::redo_copy) {
      files_.clear();
      dropped_.clear();
    }
  } else {
    if (!task.ended || state.state != next_state(task.state)) return violation("START of a state out of order");
    if (state.state > state_) return Reaction{.early = true};
  }
  task.state = state.state;
  task.ended = false;
  task.chunk = 0;
  return Reaction{};
}

bool RecipientMachine::all_have_ended() const {
  return std::all_of(tasks_.begin(), tasks_.end(),
                     [this](const auto& entry) { return !entry.second.attached || has_ended(entry.second); });
}

Result<> RecipientMachine::on_file(CloneTaskId id, const FileDescriptor& file) {
  const bool has_data_files = state_ == CloneState::file_copy || state_ == CloneState::page_copy;
  const bool is_change =
      has_data_files && file.state == next_state(state_) && id == CloneTaskId{0} && ack_ != Ack::none;
  if (is_change) return on_change(file);
  if (file.state != state_) return violation("file of another state");
  if (has_data_files && (file.flags & kChangeFlags) == FileDescriptor::kDeleted) return on_dropped(file);
  if (state_ == CloneState::page_copy) return violation("file metadata in PAGE COPY");
  const auto known = files_.find(file.index);
  if (known != files_.end()) {
    if (known->second != file) return violation("file described twice, differently");
    return {};
  }
  if (state_ == CloneState::redo_copy) {
    if (file.index >= files_announced_) return violation("redo file index out of range");
  } else if (file.index != files_.size() || file.index >= files_announced_) {
    return violation("file metadata out of order");
  } else if (!is_name_of_data_file(file.name)) {
    return violation("name that a data file cannot have");
  }
  files_.emplace(file.index, file);
  return sink_.add_file(file);
}

/// Between the END of a state and the next START: a file was created, got another name or other attributes, or went.
Result<> RecipientMachine::on_change(const FileDescriptor& file) {
  if (file.index > files_.size()) return violation("change of an unknown file");
  if (!is_name_of_data_file(file.name)) return violation("name that a data file cannot have");
  const std::uint16_t change = file.flags & kChangeFlags;
  if (change == kChangeFlags) return violation("file that is renamed and deleted");
  const bool renamed = change == FileDescriptor::kRenamed;
  const bool removed = change == FileDescriptor::kDeleted;
  const auto [known, is_new] = files_.try_emplace(file.index, file);
  if (is_new) {
    // Only a cut can have lost how it came.
    if (renamed && ack_ != Ack::before_cut) return violation("change of an unknown file");
    Result<> added = sink_.add_file(file);
    if (!added || renamed) return added;
  }
  if (known->second.space != file.space) return violation("file with another space id");
  if (!removed && dropped_.contains(file.index)) return violation("change of a file that is gone");
  if (removed) {
    dropped_.insert(file.index);
    return sink_.remove_file(file);
  }
  if (!renamed && known->second.name != file.name) return violation("another name without the flag RENAMED");
  known->second = file;
  return renamed ? sink_.rename_file(file) : Result<>{};
}

/// A stock donor tells at once, on any connection, of a file that is dropped while it is copied, and again before the
/// next START. The rest of its chunks is not sent.
Result<> RecipientMachine::on_dropped(const FileDescriptor& file) {
  if (!files_.contains(file.index)) return violation("drop of an unknown file");
  dropped_.insert(file.index);
  return {};
}

/// Only a whole list of changes leaves no name twice: files may have exchanged theirs. The system tablespace's files
/// get the names that the recipient has for them.
Result<> RecipientMachine::check_names() const {
  if (state_ != CloneState::file_copy && state_ != CloneState::page_copy) return {};
  std::set<std::string_view> names;
  for (const auto& [index, file] : files_)
    if (file.space != SpaceId{0} && !dropped_.contains(index) && !names.insert(without_dot(file.name)).second)
      return violation(fmt::format("two files are named {}", file.name));
  return {};
}

std::uint64_t RecipientMachine::end_of(const FileDescriptor& file) const {
  // Pages may lie behind the announced end of a file that has grown since.
  constexpr std::uint64_t kLargestTablespaceBytes = std::uint64_t{1} << 48;
  return state_ == CloneState::page_copy ? kLargestTablespaceBytes : file.size_bytes;
}

/// Pages may follow the END of PAGE COPY on the master when every connection has ended it. A stock recipient goes on
/// writing to the file of the last one if the next data is for the same index, which is then one of a redo file.
Result<> RecipientMachine::close_late_file(const DataDescriptor& data) {
  const std::optional<std::uint32_t> open = std::exchange(late_file_, std::nullopt);
  if (state_ == CloneState::redo_copy && open == data.file_index)
    return violation("redo while the data file of the same index is open");
  if (state_ == CloneState::page_copy) late_file_ = data.file_index;
  return {};
}

Result<> RecipientMachine::on_data_descriptor(CloneTaskId id, Task& task, const DataDescriptor& data) {
  if (data.state != state_ || data.state != task.state || !copies_data(state_))
    return violation("data of another state");
  const bool is_master = id == CloneTaskId{0};
  const bool all_ended = ack_ == Ack::before_cut || (ack_ == Ack::sent && all_have_ended());
  const bool late = is_master && state_ == CloneState::page_copy && all_ended;
  if (task.ended && !late) return violation("data after the END");
  if (late || (is_master && late_file_))
    if (Result<> closed = close_late_file(data); !closed) return closed;
  if (data.chunk == 0 || data.chunk > chunks_announced_) return violation("chunk number out of range");
  const auto file = files_.find(data.file_index);
  if (file == files_.end()) return violation("data of an unknown file");
  if (data.offset_bytes > end_of(file->second) || data.length_bytes > end_of(file->second) - data.offset_bytes)
    return violation("data behind the end of the file");
  const auto had = chunk_blocks_.find(data.chunk);
  const std::uint32_t expected_block = had == chunk_blocks_.end() ? 1 : had->second + 1;
  if (late ? data.block < expected_block : data.block != expected_block)
    return violation(fmt::format("block {} of chunk {}, expected {}", data.block, data.chunk, expected_block));
  if (data.length_bytes == 0) return violation("empty block");
  task.chunk = data.chunk;
  interrupted_.erase(data.chunk);
  chunk_blocks_.try_emplace(data.chunk, 0);
  task.expecting = data;
  return {};
}

}  // namespace donord
