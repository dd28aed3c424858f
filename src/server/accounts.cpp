#include "server/accounts.hpp"

#include <algorithm>

namespace donord {
namespace {

struct Best {
  const ServerAccount* account = nullptr;
  const HostPattern* host = nullptr;
};

Best best_match(const std::vector<ServerAccount>& accounts, std::string_view user,
                const boost::asio::ip::address& peer) {
  Best best;
  for (const ServerAccount& account : accounts) {
    if (account.user != user) continue;
    for (const HostPattern& host : account.hosts)
      if (host.matches(peer) && (best.host == nullptr || host.specificity() > best.host->specificity()))
        best = {&account, &host};
  }
  return best;
}

Result<> check(const ServerAccount& account) {
  if (account.user.empty())
    return Error{Errc::usage, "an account has no user name", "anonymous accounts do not exist here"};
  if (account.hosts.empty())
    return Error{Errc::usage, fmt::format("account '{}' has no host", account.user), "write % for every host"};
  if (std::holds_alternative<NoPassword>(account.credential) && !account.allow_empty_password)
    return Error{Errc::usage, fmt::format("account '{}' has an empty password", account.user),
                 "set a password, or allow the empty one with --allow-empty-password"};
  return {};
}

}  // namespace

AccountRegistry::AccountRegistry() : accounts_(std::make_shared<const Accounts>()) {}

Result<> AccountRegistry::replace(std::vector<ServerAccount> accounts) {
  std::vector<std::pair<std::string_view, const HostPattern*>> seen;
  for (const ServerAccount& account : accounts) {
    if (Result<> good = check(account); !good) return good;
    for (const HostPattern& host : account.hosts) {
      if (std::any_of(seen.begin(), seen.end(),
                      [&](const auto& other) { return other.first == account.user && *other.second == host; }))
        return Error{Errc::usage, fmt::format("account '{}'@'{}' is defined twice", account.user, host.text())};
      seen.emplace_back(account.user, &host);
    }
  }
  auto replacement = std::make_shared<const Accounts>(std::move(accounts));
  const std::lock_guard lock{mutex_};
  accounts_ = std::move(replacement);
  return {};
}

std::shared_ptr<const AccountRegistry::Accounts> AccountRegistry::current() const {
  const std::lock_guard lock{mutex_};
  return accounts_;
}

std::optional<AccountMatch> AccountRegistry::find(std::string_view user, std::string_view peer_address) const {
  const Result<boost::asio::ip::address> peer = parse_peer_address(peer_address);
  if (!peer) return std::nullopt;
  const std::shared_ptr<const Accounts> accounts = current();
  const Best best = best_match(*accounts, user, *peer);
  if (best.account == nullptr) return std::nullopt;
  return AccountMatch{best.account->user, best.host->text(), best.account->credential, best.account->privilege};
}

AccountLookup AccountRegistry::lookup() const {
  return [this](std::string_view user, std::string_view peer_address) -> std::optional<Account> {
    std::optional<AccountMatch> match = find(user, peer_address);
    if (!match) return std::nullopt;
    return Account{std::move(match->user), std::move(match->host), std::move(match->credential)};
  };
}

void AccountRegistry::learned(const Account& account, const FastDigest& digest) {
  const auto* const verified = std::get_if<StoredHash>(&account.credential);
  if (verified == nullptr) return;
  const std::lock_guard lock{mutex_};
  auto changed = std::make_shared<Accounts>(*accounts_);
  for (ServerAccount& known : *changed) {
    auto* const stored = std::get_if<StoredHash>(&known.credential);
    if (known.user == account.user && stored != nullptr && stored->hash == verified->hash) stored->cached = digest;
  }
  accounts_ = std::move(changed);
}

}  // namespace donord
