#pragma once

// Makes the session of a clone: a new one for COM_INIT, or that of a former process again for COM_REINIT. Everything
// that can make a clone impossible is found here, before the recipient drops its data. Blocks: runs on the pool for
// that.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "clone/parameters.hpp"
#include "server/clone_session.hpp"

namespace donord {

class ServerContext;
struct ClientInfo;

/// A clone that has begun, and what its recipient is told.
struct NewClone {
  std::shared_ptr<CloneSession> session;
  std::vector<Bytes> parameters;
};

/// `Errc::insecure` when what is copied has keys and the connection no TLS. To be asked of every connection of a clone.
[[nodiscard]] Result<> check_secure(const ClientInfo& client, const CloneView& view);

class CloneFactory {
 public:
  explicit CloneFactory(ServerContext& context) : context_(context) {}

  /// Whether the client has left. Asked now and then, by any thread.
  using Gone = std::function<bool()>;

  /// COM_INIT. A refusal is kept in the catalog, too; so is that the client left meanwhile: `Errc::cancelled`.
  [[nodiscard]] Result<NewClone> begin(const ClientInfo& client, const InitCommand& command, const Gone& gone);

  /// COM_REINIT of a clone that is not among those under way: `Errc::not_found` unless the catalog knows it as
  /// interrupted, and of this account; `Errc::conflict` when the source has changed since.
  [[nodiscard]] Result<std::shared_ptr<CloneSession>> revive(const ClientInfo& client, const Locator& locator);

 private:
  [[nodiscard]] Result<NewClone> begin_recorded(const ClientInfo& client, const InitCommand& command, SessionKey key,
                                                const Gone& gone);
  [[nodiscard]] std::shared_ptr<CloneSession> make_session(const ClientInfo& client, SessionKey key,
                                                           DonorMachine::Options options,
                                                           std::unique_ptr<CloneView> view,
                                                           std::optional<std::uint64_t> bytes_before) const;
  [[nodiscard]] std::uint32_t block_bytes(const ClientInfo& client, std::uint32_t page_size_bytes) const;

  ServerContext& context_;
  std::mutex reviving_;  ///< of two COM_REINIT for one clone, the second finds the session of the first
};

}  // namespace donord
