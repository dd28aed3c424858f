#include "server/connection_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace donord {

ConnectionId ConnectionTable::add(const std::shared_ptr<Transport>& transport, std::size_t max_pending) {
  const std::lock_guard lock{mutex_};
  while (entries_.contains(ConnectionId{next_id_}) || next_id_ == 0) ++next_id_;
  const ConnectionId id{next_id_++};
  const auto& peer = transport->peer();
  entries_[id] = {{.id = id, .host = fmt::format("{}:{}", peer.address().to_string(), peer.port())}, transport};
  if (++pending_ > max_pending) close_one_pending();
  if (closed_) transport->close_from_outside();
  return id;
}

void ConnectionTable::close_one_pending() {
  std::map<boost::asio::ip::address, std::size_t> pending_by_address;
  for (const auto& [id, entry] : entries_)
    if (entry.pending) ++pending_by_address[entry.transport->peer().address()];
  const auto most = std::max_element(pending_by_address.begin(), pending_by_address.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto oldest = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) {
    return e.second.pending && e.second.transport->peer().address() == most->first;
  });
  oldest->second.pending = false;
  --pending_;
  oldest->second.transport->close_from_outside();
}

void ConnectionTable::logged_in(ConnectionId id, const std::string& user) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  if (std::exchange(at->second.pending, false)) --pending_;
  at->second.info.user = user;
}

void ConnectionTable::set_command(ConnectionId id, std::string_view command) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  at->second.info.command = command;
  at->second.info.since = std::chrono::steady_clock::now();
}

void ConnectionTable::remove(ConnectionId id) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  if (at->second.pending) --pending_;
  entries_.erase(at);
}

bool ConnectionTable::close(ConnectionId id) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end()) return false;
  at->second.transport->close_from_outside();
  return true;
}

void ConnectionTable::close_all() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  for (auto& [id, entry] : entries_) entry.transport->close_from_outside();
}

std::size_t ConnectionTable::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

std::vector<ConnectionInfo> ConnectionTable::list() const {
  const std::lock_guard lock{mutex_};
  std::vector<ConnectionInfo> infos;
  for (const auto& [id, entry] : entries_) infos.push_back(entry.info);
  return infos;
}

}  // namespace donord
