#include "server/clone_factory.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "protocol/auth/random.hpp"
#include "server/client_info.hpp"
#include "server/error_map.hpp"
#include "server/server_context.hpp"

namespace donord {
namespace {

/// What a message needs beside the block it carries.
constexpr std::uint32_t kMessageOverhead = 4096;

std::uint64_t random_nonzero_u64() {
  std::array<std::uint8_t, 8> bytes{};
  std::uint64_t value = 0;
  while (value == 0) {
    fill_random(bytes);
    value = load_le<8>(bytes.data());
  }
  return value;
}

/// A recipient of series 9 aborts when it is offered less than it speaks (observed).
Result<> check_recipient(const ClientInfo& client, CloneProtocol negotiated) {
  if (negotiated >= CloneProtocol::v3 || !client.version.starts_with("9.")) return {};
  return Error{Errc::unsupported_version, fmt::format("a recipient of version {} cannot clone with protocol 0x{:04x}",
                                                      client.version, static_cast<std::uint32_t>(negotiated))};
}

/// Since 8.0.27 a recipient follows files that come, go or get another name. No protocol version tells: 8.0.24 to 9.6
/// speak 0x0102.
bool takes_file_changes(const ClientInfo& client, CloneProtocol negotiated) {
  if (negotiated != CloneProtocol::v3) return negotiated > CloneProtocol::v3;
  constexpr std::string_view kOlder[] = {"8.0.24", "8.0.25", "8.0.26"};
  const auto is_of = [&](std::string_view release) { return client.version.starts_with(release); };
  return !client.version.empty() && std::ranges::none_of(kOlder, is_of);
}

}  // namespace

Result<> check_secure(const ClientInfo& client, const CloneView& view) {
  if (!view.has_keys() || !client.tls_version.empty()) return {};
  return Error{Errc::insecure, "Clone needs an encrypted connection: the source has encrypted tablespaces or redo",
               "use CLONE INSTANCE ... REQUIRE SSL"};
}

Result<NewClone> CloneFactory::begin(const ClientInfo& client, const InitCommand& command, const Gone& gone) {
  if (context_.draining) return Error{Errc::cancelled, "Server shutdown in progress"};
  const SourceIdentity identity = context_.source->identity();
  const Result<SessionKey> key = context_.catalog->begin_session({
      .user = client.account.user,
      .host = client.peer,
      .source = identity.description,
      .server_version = context_.presented_version(),
      .recipient_version = client.version,
      .recipient_os = client.os,
      .recipient_platform = client.platform,
      .capabilities = client.capabilities.value(),
      .tls_version = client.tls_version,
      .tls_cipher = client.tls_cipher,
      .compression = client.compressed() ? "zlib" : "",
  });
  if (!key) return key.error();
  Result<NewClone> begun = begin_recorded(client, command, *key, gone);
  if (begun) return begun;

  const MysqlError refusal = to_mysql_error(begun.error());
  if (const Result<> kept =
          context_.catalog->end_session(*key, {SessionResult::failed, refusal.number, refusal.message});
      !kept)
    log::error("catalog.write", {{"clone", *key}, {"error", kept.error().what}});
  return begun.error();
}

Result<NewClone> CloneFactory::begin_recorded(const ClientInfo& client, const InitCommand& command, SessionKey key,
                                              const Gone& gone) {
  const Result<CloneProtocol> negotiated = negotiate(command.version);
  if (!negotiated) return negotiated.error();
  if (Result<> fits = check_recipient(client, *negotiated); !fits) return fits.error();
  if (const Result<Locator> offered = innodb_locator(command.locators); !offered)
    return offered.error().within("Wrong Clone RPC");
  Result<CloneRegistry::Place> place = context_.clones.reserve();
  if (!place) return place.error();
  const CloneRequest request{.block_ddl = command.backup_lock_wait(),
                             .given_up = [this, &gone] { return context_.draining || gone(); }};
  Result<std::unique_ptr<CloneView>> view = context_.source->begin_clone(request);
  if (gone()) return Error{Errc::cancelled, "The recipient left before its clone began"};
  if (!view) return view.error();
  if (Result<> secure = check_secure(client, **view); !secure) return secure.error();

  // As of now: a server may have run on the directory, and upgraded it, since donord was started.
  const SourceIdentity identity = context_.source->identity();
  const DonorMachine::Options options{.clone_id = CloneId{random_nonzero_u64()},
                                      .snapshot_id = SnapshotId{random_nonzero_u64()},
                                      .version = *negotiated,
                                      .page_size_bytes = identity.page_size_bytes,
                                      .block_bytes = block_bytes(client, identity.page_size_bytes),
                                      .redo_capacity_bytes = (*view)->redo_capacity_bytes(),
                                      .takes_file_changes = takes_file_changes(client, *negotiated)};
  const Result<> kept = context_.catalog->session_negotiated(
      key,
      {options.clone_id, options.snapshot_id, (*view)->fingerprint(), static_cast<std::uint32_t>(*negotiated),
       options.block_bytes / identity.page_size_bytes},
      (*view)->position());
  if (!kept) return kept.error();

  Result<std::shared_ptr<CloneSession>> session =
      context_.clones.add(std::move(*place), make_session(client, key, options, std::move(*view), std::nullopt));
  if (!session) return session.error();
  log::info("clone.begin", {{"conn", client.id},
                            {"clone", key},
                            {"recipient", (*session)->progress().recipient},
                            {"version", client.version},
                            {"tls", client.tls_version},
                            {"compressed", client.compressed()},
                            {"bytes", identity.data_bytes}});
  return NewClone{std::move(*session),
                  parameter_messages(*negotiated, parameters_for(context_.options.parameters, identity))};
}

Result<std::shared_ptr<CloneSession>> CloneFactory::revive(const ClientInfo& client, const Locator& locator) {
  const std::lock_guard lock{reviving_};
  const Error unknown{Errc::not_found, "Internal error: donord knows no such clone, or it has ended"};
  if (auto revived = context_.clones.find({locator.clone_id, locator.snapshot_id})) {
    if (revived->user() != client.account.user) return unknown;
    if (Result<> secure = check_secure(client, revived->view()); !secure) return secure.error();
    return revived;
  }
  if (context_.draining) return Error{Errc::cancelled, "Server shutdown in progress"};
  const Result<std::optional<ResumableClone>> known =
      context_.catalog->find_resumable(locator.clone_id, locator.snapshot_id);
  if (!known) return known.error();
  if (!*known || (*known)->user != client.account.user) return unknown;
  const ResumableClone& clone = **known;

  Result<CloneRegistry::Place> place = context_.clones.reserve();
  if (!place) return place.error();
  Result<std::unique_ptr<CloneView>> view = context_.source->begin_clone({});
  if (!view) return view.error();
  if (Result<> secure = check_secure(client, **view); !secure) return secure.error();
  if ((*view)->fingerprint() != clone.negotiated.fingerprint)
    return Error{Errc::conflict, "The source has changed since the clone began", "start a new clone"};
  const Result<SessionRecord> record = context_.catalog->get_session(clone.key);
  if (!record) return record.error();
  if (Result<> resumed = context_.catalog->resumed(clone.key); !resumed) return resumed.error();

  const std::uint32_t page_size = context_.source->identity().page_size_bytes;
  const auto protocol = static_cast<CloneProtocol>(clone.negotiated.protocol_version);
  const DonorMachine::Options options{.clone_id = clone.negotiated.clone_id,
                                      .snapshot_id = clone.negotiated.snapshot_id,
                                      .version = protocol,
                                      .page_size_bytes = page_size,
                                      .block_bytes = clone.negotiated.block_pages * page_size,
                                      .redo_capacity_bytes = (*view)->redo_capacity_bytes(),
                                      .takes_file_changes = takes_file_changes(client, protocol)};
  return context_.clones.add(std::move(*place),
                             make_session(client, clone.key, options, std::move(*view), record->data_bytes()));
}

std::shared_ptr<CloneSession> CloneFactory::make_session(const ClientInfo& client, SessionKey key,
                                                         DonorMachine::Options options, std::unique_ptr<CloneView> view,
                                                         std::optional<std::uint64_t> bytes_before) const {
  return std::make_shared<CloneSession>(CloneSession::Setup{
      .key = key,
      .user = client.account.user,
      .recipient = fmt::format("{}@{}", client.account.user, client.peer),
      .options = options,
      .view = std::move(view),
      .catalog = context_.catalog,
      .run_later = [&context = context_](std::function<void()> job) { context.run_later(std::move(job)); },
      .bytes_before = bytes_before});
}

std::uint32_t CloneFactory::block_bytes(const ClientInfo& client, std::uint32_t page_size_bytes) const {
  std::uint32_t pages = std::max(context_.options.block_bytes / page_size_bytes, 1U);
  while (pages > 1 && pages * page_size_bytes + kMessageOverhead > client.max_packet_bytes) pages /= 2;
  return pages * page_size_bytes;
}

}  // namespace donord
