#include "server/block_pipeline.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "server/server_options.hpp"

namespace donord {

namespace asio = boost::asio;

namespace {

/// In front of a block: packet header and response code.
constexpr std::size_t kDataHeadBytes = PacketHeader::kSize + 1;
static_assert(kMaxBlockBytes + 1 < kMaxFragmentBytes, "a data message is one packet");

void begin_data_packet(MutableBytes packet, std::uint32_t data_bytes) {
  const Bytes header = encode(PacketHeader{data_bytes + 1, SequenceId{0}});
  std::copy(header.begin(), header.end(), packet.begin());
  packet[PacketHeader::kSize] = static_cast<std::uint8_t>(CloneResponse::data);
}

}  // namespace

MutableBytes BlockPipeline::Job::data() {
  return MutableBytes{packet}.subspan(kDataHeadBytes, block.length_bytes);
}

ByteView BlockPipeline::Job::framed() const {
  return ByteView{packet}.first(kDataHeadBytes + block.length_bytes);
}

BlockPipeline::BlockPipeline(WorkerPool& pool, CloneSession& session, PacketStream& stream, Duration write_limit)
    : pool_(pool), session_(session), stream_(stream), write_limit_(write_limit) {
  for (Job& job : jobs_) {
    job.packet.resize(kDataHeadBytes + session.block_bytes());
    if (stream.compressed()) job.deflater = std::make_unique<Deflater>();
  }
}

void BlockPipeline::put(ByteView message) {
  stream_.frame_response(queue_.back().messages, message);
}

asio::awaitable<Result<>> BlockPipeline::put(const DonorAction::SendBlock& block) {
  // The buffer of the block before the last is free again only when that block has been sent.
  if (Result<> sent = co_await send_until(jobs_.size()); !sent) co_return sent;
  Job& job = jobs_[next_job_++ % jobs_.size()];
  job.block = block.block;
  job.state = block.state;
  begin_data_packet(job.packet, job.block.length_bytes);
  Outgoing& outgoing = queue_.back();
  stream_.frame_response(outgoing.descriptor, block.descriptor_message);
  outgoing.job = &job;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  outgoing.ready = start_on(pool_, executor, [this, &job] { return read(job); });
  queue_.emplace_back();
  co_return Result<>{};
}

asio::awaitable<Result<>> BlockPipeline::flush() {
  if (Result<> sent = co_await send_until(1); !sent) co_return sent;
  if (queue_.back().messages.empty()) co_return Result<>{};
  Outgoing last = std::exchange(queue_.back(), Outgoing{});
  co_return co_await send(std::move(last));
}

asio::awaitable<void> BlockPipeline::drain() {
  for (Outgoing& outgoing : queue_)
    if (outgoing.ready) std::ignore = co_await outgoing.ready->get();
  queue_.clear();
  queue_.emplace_back();
}

/// Sends from the front until at most so many entries are left.
asio::awaitable<Result<>> BlockPipeline::send_until(std::size_t entries) {
  while (queue_.size() > entries) {
    Outgoing outgoing = std::move(queue_.front());
    queue_.pop_front();
    if (Result<> sent = co_await send(std::move(outgoing)); !sent) co_return sent;
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> BlockPipeline::send(Outgoing outgoing) {
  std::vector<asio::const_buffer> buffers;
  if (!outgoing.messages.empty()) buffers.push_back(asio::buffer(outgoing.messages));
  if (outgoing.job != nullptr) {
    if (const Result<> read = co_await outgoing.ready->get(); !read) {
      log::error("clone.read_failed", {{"clone", session_.key()}, {"error", read.error().what}});
      session_.fail(read.error());
      outgoing.job = nullptr;  // the machine says what goes out instead
    }
  }
  if (outgoing.job == nullptr) co_return co_await stream_.transport().write(std::move(buffers), write_limit_);

  const Job& job = *outgoing.job;
  const ByteView data = stream_.compressed() ? ByteView{job.frames} : job.framed();
  buffers.push_back(asio::buffer(outgoing.descriptor));
  buffers.push_back(asio::buffer(data.data(), data.size()));
  const std::uint64_t before = stream_.transport().bytes_sent();
  Result<> sent = co_await stream_.transport().write(std::move(buffers), write_limit_);
  session_.count_network(job.state, stream_.transport().bytes_sent() - before);
  if (sent) session_.count_data(job.state, job.block.length_bytes);
  co_return sent;
}

/// On the pool's thread.
Result<> BlockPipeline::read(Job& job) const {
  const Block& block = job.block;
  const CloneView& view = session_.view();
  const MutableBytes into = job.data();
  Result<> done;
  if (job.state == CloneState::file_copy)
    done = view.read_file(block.file_index, block.offset_bytes, into);
  else if (job.state == CloneState::page_copy)
    done = view.read_page({block.file_index, block.offset_bytes, block.length_bytes, block.file_size_bytes}, into);
  else
    done = view.read_redo(block.file_index, block.offset_bytes, into);
  if (!done || !job.deflater) return done;
  job.frames.clear();
  append_frames(job.frames, SequenceId{0}, job.framed(), *job.deflater);
  return {};
}

}  // namespace donord
