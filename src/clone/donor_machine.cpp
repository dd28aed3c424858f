#include "clone/donor_machine.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>
#include <utility>

#include "clone/file_changes.hpp"

namespace donord {

namespace {

constexpr std::uint32_t kErInternalError = 1815;
constexpr std::uint32_t kErCloneDdlInProgress = 3633;

/// MySQL's errors for a connection that broke. A recipient reports them before it comes back with COM_REINIT.
bool is_network_error(std::uint32_t number) {
  constexpr std::uint32_t kNumbers[] = {
      1158,   // ER_NET_READ_ERROR
      1159,   // ER_NET_READ_INTERRUPTED
      1160,   // ER_NET_ERROR_ON_WRITE
      1161,   // ER_NET_WRITE_INTERRUPTED
      13417,  // ER_NET_WAIT_ERROR
  };
  return std::find(std::begin(kNumbers), std::end(kNumbers), number) != std::end(kNumbers);
}

/// Of pages that are there twice the later one, so that the last page stays the last.
std::vector<PageRef> last_of_each_page(const std::vector<PageRef>& pages) {
  std::set<std::pair<std::uint32_t, std::uint64_t>> seen;
  std::vector<PageRef> last;
  for (const PageRef& page : std::views::reverse(pages))
    if (seen.emplace(page.file_index, page.offset_bytes).second) last.push_back(page);
  std::ranges::reverse(last);
  return last;
}

}  // namespace

DonorMachine::DonorMachine(Options options, const std::vector<DataFile>& files)
    : options_(options),
      files_(files),
      file_plan_(plan_files(files, options.page_size_bytes, options.block_bytes)),
      known_files_(static_cast<std::uint32_t>(files.size())),
      estimate_disk_bytes_(options.redo_capacity_bytes) {
  for (const DataFile& file : files) estimate_disk_bytes_ += file.allocated_bytes;
  tasks_[0].state = CloneState::init;
  tasks_[0].started = true;
}

Bytes DonorMachine::locs() const {
  const Locator locator{.clone_id = options_.clone_id, .snapshot_id = options_.snapshot_id, .slot = 0, .state = state_};
  return encode(LocsResponse{options_.version, {EngineLocator{kEngineInnodb, encode(locator)}}});
}

bool DonorMachine::can_attach() const {
  if (failure_ || lost_worker_ || !copies_data(state_)) return false;
  const auto master = tasks_.find(0);
  return master != tasks_.end() && master->second.executing && master->second.started && !master->second.ended;
}

bool DonorMachine::attach_refused() const {
  return failure_ || lost_worker_ || state_ == CloneState::done || !has_master();
}

Result<TaskHandle> DonorMachine::attach() {
  for (std::uint32_t index = 1; index < kMaxTasks; ++index) {
    const auto [at, added] = tasks_.try_emplace(index);
    if (!added) continue;
    at->second.index = CloneTaskId{index};
    at->second.state = state_;
    at->second.started = true;
    return TaskHandle{generation_, CloneTaskId{index}};
  }
  return Error{Errc::exhausted, fmt::format("Too many connections of one clone. Maximum allowed - {}", kMaxTasks)};
}

Result<TaskHandle> DonorMachine::reinit(const Locator& locator) {
  if (failure_) return Error{Errc::conflict, failure_->message};
  const CloneState theirs = locator.state;
  if (theirs < CloneState::init || theirs > CloneState::done)
    return Error{Errc::malformed, fmt::format("unknown clone state {}", static_cast<std::uint32_t>(theirs))};
  const bool one_behind = next_state(theirs) == state_;
  if (begun_ && theirs != state_ && !one_behind)
    return Error{Errc::conflict,
                 fmt::format("recipient is in state {}, donor in {}", to_string(theirs), to_string(state_))};

  ++generation_;
  lost_worker_ = false;
  complete_ = false;
  tasks_.clear();
  Task& master = tasks_[0];
  if (begun_ && one_behind) {
    if (state_ == CloneState::redo_copy) repeat_late_pages();
    enter(master, state_);
    return this->master();
  }

  const bool end_was_acknowledged = begun_ && acknowledged_;
  enter(master, theirs);
  master.started = true;
  master.ended = end_was_acknowledged;
  end_sent_ = end_was_acknowledged;
  acknowledged_ = end_was_acknowledged;
  if (locator.restart) adopt(*locator.restart);
  // Nothing tells how much of the redo list has arrived; it is short and may be sent twice.
  const bool has_metadata = theirs == CloneState::file_copy && locator.sub_state != 0;
  if (has_metadata) master.next_metadata = metadata_count();
  return this->master();
}

void DonorMachine::adopt(const RestartInfo& restart) {
  had_ = restart;
  for (const RestartInfo::IncompleteChunk& incomplete : restart.incomplete)
    if (incomplete.chunk != 0 && restart.is_started(incomplete.chunk))
      resumed_chunks_.push_back({incomplete.chunk, incomplete.block + 1});
}

/// The recipient may have lost any of them. They are read anew, so the redo has to reach further.
void DonorMachine::repeat_late_pages() {
  changes_before_redo_ = without_collisions(last_of_each_file(changes_before_redo_), files_at_start_);
  if (late_pages_.empty()) return;
  late_pages_ = last_of_each_page(late_pages_);
  redo_plan_.reset();
  redo_is_stale_ = preparing_;
}

void DonorMachine::enter(Task& master, CloneState state) {
  ++change_count_;
  state_ = state;
  end_sent_ = false;
  acknowledged_ = false;
  next_chunk_ = 1;
  resumed_chunks_.clear();
  had_ = {};
  master.state = state;
  master.started = state == CloneState::init;
  master.ended = false;
  master.next_change = 0;
  master.next_late_page = 0;
  master.next_metadata = 0;
  master.chunk = 0;
  master.redo_files.clear();
}

void DonorMachine::execute(const TaskHandle& handle) {
  if (Task* task = find(handle)) {
    ++change_count_;
    task->executing = true;
    begun_ = true;
  }
}

DonorAction::Variant DonorMachine::next(const TaskHandle& handle) {
  Task* task = find(handle);
  if (task == nullptr) return DonorAction::Disconnect{};
  return next_of(*task);
}

DonorAction::Variant DonorMachine::next_of(Task& task) {
  if (task.finished) return DonorAction::Finish{};
  if (failure_) {
    if (std::exchange(task.told_failure, true)) {
      task.finished = true;
      return DonorAction::Finish{};
    }
    return DonorAction::Send{encode(ErrorResponse{failure_->number, failure_->message})};
  }
  if (!std::exchange(task.introduced, true))
    return DonorAction::Send{data_desc_response(TaskDescriptor{.task = task.index})};
  return task.index == CloneTaskId{0} ? next_of_master(task) : next_of_worker(task);
}

DonorAction::Variant DonorMachine::next_of_master(Task& master) {
  if (preparing_) return DonorAction::Wait{};
  if (const std::optional<CloneState> needed = unprepared(master)) {
    preparing_ = true;
    return DonorAction::Prepare{*needed};
  }
  if (!master.started && master.next_change < changes().size())
    return DonorAction::Send{change_message(changes()[master.next_change++])};
  if (!master.started && state_ == CloneState::redo_copy && master.next_late_page < late_pages_.size())
    return next_late_page(master);
  if (!std::exchange(master.started, true)) {
    ++change_count_;
    return DonorAction::Send{state_message(master, StateDescriptor::kStart)};
  }
  if (master.next_metadata < metadata_count()) return DonorAction::Send{file_message(master.next_metadata++)};
  if (state_ == CloneState::done) {
    master.finished = true;
    complete_ = true;
    ++change_count_;
    return DonorAction::Send{complete_response()};
  }
  if (!master.ended) {
    if (auto data = next_data(master)) return *std::move(data);
    if (lost_worker_) return DonorAction::Wait{};
    master.ended = true;
    end_sent_ = true;
    ++change_count_;
    return DonorAction::Send{state_message(master, StateDescriptor::kEnd)};
  }
  if (!acknowledged_ || !workers_ended()) return DonorAction::Wait{};
  enter(master, next_state(state_));
  return next_of_master(master);
}

DonorAction::Variant DonorMachine::next_of_worker(Task& worker) {
  if (worker.state < state_) {
    // The master leads: a worker's START must not reach the recipient before the state has an agreed plan.
    const auto master = tasks_.find(0);
    const bool led = master == tasks_.end() ? complete_ : master->second.started;
    if (!led) return DonorAction::Wait{};
    worker.state = state_;
    worker.ended = false;
    worker.redo_files.clear();
    return DonorAction::Send{state_message(worker, StateDescriptor::kStart)};
  }
  if (state_ == CloneState::done) {
    worker.finished = true;
    return DonorAction::Send{complete_response()};
  }
  if (worker.ended) return DonorAction::Wait{};
  if (auto data = next_data(worker)) return *std::move(data);
  worker.ended = true;
  ++change_count_;
  return DonorAction::Send{state_message(worker, StateDescriptor::kEnd)};
}

std::optional<DonorAction::Variant> DonorMachine::next_data(Task& task) {
  const ChunkPlan* current = plan();
  if (current == nullptr) return std::nullopt;
  for (;;) {
    if (task.chunk == 0) {
      const std::optional<ChunkStart> start = take_chunk();
      if (!start) return std::nullopt;
      task.chunk = start->chunk;
      task.next_block = start->block;
    }
    const std::optional<Block> block = current->block(task.chunk, task.next_block);
    if (!block) {
      task.chunk = 0;
      continue;
    }
    if (state_ == CloneState::redo_copy && task.redo_files.insert(block->file_index).second)
      return DonorAction::Send{file_message(block->file_index)};
    return block_message(state_, task, task.chunk, task.next_block++, *block);
  }
}

/// The recipient is still in PAGE COPY, whose last chunk is kept for these.
DonorAction::Variant DonorMachine::next_late_page(Task& master) {
  const PageRef& page = late_pages_[master.next_late_page++];
  return block_message(CloneState::page_copy, master, page_plan_->chunk_count(), ++late_block_,
                       Block{page.file_index, page.offset_bytes, page.length_bytes, page.file_size_bytes});
}

std::optional<DonorMachine::ChunkStart> DonorMachine::take_chunk() {
  if (!resumed_chunks_.empty()) {
    const ChunkStart start = resumed_chunks_.front();
    resumed_chunks_.pop_front();
    return start;
  }
  const std::uint32_t count = plan()->chunk_count();
  while (next_chunk_ <= count && had_.is_started(next_chunk_)) ++next_chunk_;
  if (next_chunk_ > count) return std::nullopt;
  return ChunkStart{next_chunk_++, 1};
}

void DonorMachine::on_pages(PagePlan plan) {
  ++change_count_;
  changes_before_pages_ = accept(std::move(plan.changes));
  files_at_start_ = known_files_;
  page_plan_ = plan_pages(std::move(plan.pages), plan.may_have_late_pages ? SpareChunk::yes : SpareChunk::no);
  preparing_ = false;
}

void DonorMachine::on_late_pages(PagePlan plan) {
  ++change_count_;
  add_late_changes(std::move(plan.changes));
  std::ranges::move(plan.pages, std::back_inserter(late_pages_));
  preparing_ = false;
  redo_is_stale_ = false;
}

void DonorMachine::on_redo(RedoPlan redo) {
  ++change_count_;
  add_late_changes(std::move(redo.changes));
  preparing_ = false;
  if (std::exchange(redo_is_stale_, false)) return;
  const std::uint32_t redo_files = redo.file_count + redo.empty_file_count;
  if (!late_pages_.empty() && late_pages_.back().file_index < redo_files)
    return fail({kErInternalError, fmt::format("Internal error: {} redo files, although the recipient has file {} open",
                                               redo_files, late_pages_.back().file_index)});
  redo_ = std::move(redo);
  redo_plan_ = plan_redo(redo_, options_.page_size_bytes, options_.block_bytes);
}

void DonorMachine::add_late_changes(std::vector<FileChange> changes) {
  const std::uint32_t known_files = known_files_;
  changes = accept(std::move(changes));
  if (!changes_before_redo_.empty()) changes = without_collisions(changes, known_files);
  std::ranges::move(changes, std::back_inserter(changes_before_redo_));
}

std::vector<FileChange> DonorMachine::accept(std::vector<FileChange> changes) {
  if (!changes.empty() && !options_.takes_file_changes) {
    fail({kErCloneDdlInProgress,
          fmt::format("File {} was {} during the clone, which a recipient older than 8.0.27 cannot follow. Please try "
                      "again.",
                      changes.front().file.name, to_string(changes.front().kind))});
    return {};
  }
  if (const FileChange* dropped = dropped_undo_tablespace(changes)) {
    fail(
        {kErCloneDdlInProgress,
         fmt::format("Undo tablespace {} was dropped during the clone, and a recipient with one of that name would not "
                     "start again. Please try again.",
                     dropped->file.name)});
    return {};
  }
  const auto created = std::ranges::count(changes, FileChange::Kind::created, &FileChange::kind);
  Result<std::vector<FileChange>> ordered = in_order_of_files(std::move(changes), known_files_);
  known_files_ += static_cast<std::uint32_t>(created);
  if (ordered) return *std::move(ordered);
  fail({kErInternalError, fmt::format("Internal error: {}", ordered.error().what)});
  return {};
}

Result<> DonorMachine::on_ack(const AckCommand& ack) {
  const Result<Locator> locator = decode<Locator>(ack.locator.locator);
  if (!locator) return locator.error();
  if (!locator->names(options_.clone_id, options_.snapshot_id))
    return Error{Errc::malformed, "COM_ACK names another clone"};
  if (is_network_error(ack.error)) return {};
  if (ack.error != 0) {
    fail({ack.error, fmt::format("The recipient failed with error {}", ack.error), true});
    return {};
  }
  const Result<StateDescriptor> state = decode<StateDescriptor>(ack.descriptor);
  if (!state) return state.error();
  if (state->flags != StateDescriptor::kAck)
    return Error{Errc::malformed, fmt::format("COM_ACK with state flags {}", state->flags)};
  if (state->state < state_) return {};  // repeated after a cut: the state has moved on
  if (state->state != state_ || !end_sent_)
    return Error{Errc::malformed, fmt::format("COM_ACK of state {}, which has not ended", to_string(state->state))};
  acknowledged_ = true;
  ++change_count_;
  return {};
}

void DonorMachine::fail(CloneFailure failure) {
  if (failure_ || complete_) return;
  failure_ = std::move(failure);
  ++change_count_;
}

void DonorMachine::leave(const TaskHandle& handle) {
  const Task* task = find(handle);
  if (task == nullptr) return;
  const bool is_worker = task->index != CloneTaskId{0};
  if (is_worker && task->executing && !task->finished) lost_worker_ = true;
  tasks_.erase(task->index.value());
  ++change_count_;
}

Bytes DonorMachine::keep_alive(const TaskHandle& handle) const {
  return data_desc_response(
      StateDescriptor{.state = state_, .task = handle.task, .flags = StateDescriptor::kKeepAlive});
}

std::uint64_t DonorMachine::estimate_bytes() const {
  return plan() == nullptr ? 0 : plan()->estimate_bytes();
}

/// The plan of the redo is the last thing before its START.
std::optional<CloneState> DonorMachine::unprepared(const Task& master) const {
  if (state_ == CloneState::done) return std::nullopt;
  if (state_ >= CloneState::page_copy && !page_plan_) return CloneState::page_copy;
  const bool all_told =
      master.started || (master.next_change == changes().size() && master.next_late_page == late_pages_.size());
  if (state_ >= CloneState::redo_copy && !redo_plan_ && all_told) return CloneState::redo_copy;
  return std::nullopt;
}

bool DonorMachine::workers_ended() const {
  return std::all_of(tasks_.begin(), tasks_.end(),
                     [this](const auto& entry) { return entry.second.state == state_ && entry.second.ended; });
}

const ChunkPlan* DonorMachine::plan_of(CloneState state) const {
  switch (state) {
    case CloneState::file_copy:
      return file_plan_.get();
    case CloneState::page_copy:
      return page_plan_.get();
    case CloneState::redo_copy:
      return redo_plan_.get();
    default:
      return nullptr;
  }
}

const std::vector<FileChange>& DonorMachine::changes() const {
  static const std::vector<FileChange> kNone;
  if (state_ == CloneState::page_copy) return changes_before_pages_;
  return state_ == CloneState::redo_copy ? changes_before_redo_ : kNone;
}

std::uint32_t DonorMachine::metadata_count() const {
  const bool lists_files = state_ == CloneState::file_copy || state_ == CloneState::redo_copy;
  return lists_files && plan() != nullptr ? plan()->file_count() : 0;
}

DonorAction::SendBlock DonorMachine::block_message(CloneState state, const Task& task, std::uint32_t chunk,
                                                   std::uint32_t number, const Block& block) const {
  const DataDescriptor descriptor{.state = state,
                                  .task = task.index,
                                  .chunk = chunk,
                                  .block = number,
                                  .file_index = block.file_index,
                                  .length_bytes = block.length_bytes,
                                  .offset_bytes = block.offset_bytes,
                                  .file_size_bytes = block.file_size_bytes};
  return {state, data_desc_response(descriptor), block};
}

Bytes DonorMachine::state_message(const Task& task, std::uint16_t flags) const {
  StateDescriptor descriptor{.state = state_, .task = task.index, .flags = flags};
  if (const ChunkPlan* current = plan()) {
    descriptor.chunks = current->chunk_count();
    descriptor.files = current->file_count();
  }
  const bool masters_start = flags == StateDescriptor::kStart && task.index == CloneTaskId{0};
  if (masters_start) {
    descriptor.estimate_bytes = estimate_bytes();
    descriptor.estimate_disk_bytes = estimate_disk_bytes_;
  }
  return data_desc_response(descriptor);
}

Bytes DonorMachine::file_message(std::uint32_t index) const {
  const ChunkRange chunks = plan()->chunks_of(index);
  if (state_ == CloneState::file_copy) return data_desc_response(describe(files_[index], index, chunks));
  FileDescriptor descriptor{.state = state_, .index = index, .first_chunk = chunks.first, .last_chunk = chunks.last};
  descriptor.size_bytes = redo_.file_size_bytes;
  if (redo_.encrypted) descriptor.flags |= FileDescriptor::kAes;
  descriptor.fsp_flags = 0xFFFFFFFF;
  descriptor.space = SpaceId{0xFFFFFFF0};
  return data_desc_response(descriptor);
}

Bytes DonorMachine::change_message(const FileChange& change) const {
  if (change.file_index < files_.size())
    return data_desc_response(describe(change, state_, file_plan_->chunks_of(change.file_index)));
  // Of no use to a recipient, but a stock donor counts the chunks that a created file would have.
  const std::uint64_t chunk_bytes = std::uint64_t{kChunkPages} * options_.page_size_bytes;
  const auto chunks = static_cast<std::uint32_t>((change.file.size_bytes + chunk_bytes - 1) / chunk_bytes);
  return data_desc_response(describe(change, state_, {.first = 1, .last = chunks}));
}

DonorMachine::Task* DonorMachine::find(const TaskHandle& handle) {
  if (handle.generation != generation_) return nullptr;
  const auto at = tasks_.find(handle.task.value());
  return at == tasks_.end() ? nullptr : &at->second;
}

}  // namespace donord
