// Holds the backup lock of a server and a place as consumer of its redo as donord does, for upstream_test.py: one
// command a line on stdin, one answer a line on stdout, "ok ..." or "error ...". The password is in
// DONORD_UPSTREAM_PASSWORD.
//
//   lock WAIT IDLE_LIMIT    held    release
//   attach IDLE_LIMIT       advance LSN    detach

#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include "upstream/backup_lock.hpp"
#include "upstream/redo_consumer.hpp"

namespace donord {
namespace {

class Session {
 public:
  explicit Session(UpstreamOptions options) : options_(std::move(options)) {}

  std::string perform(const std::string& line) {
    std::istringstream words{line};
    std::string command;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    words >> command >> first >> second;
    if (command == "lock") return answer(lock(std::chrono::seconds{first}, std::chrono::seconds{second}));
    if (command == "held" && lock_) return answer(lock_->still_held());
    if (command == "release" && lock_) return answer(lock_->release());
    if (command == "attach") return answer(attach(std::chrono::seconds{first}));
    if (command == "advance" && consumer_) return answer(consumer_->advance(Lsn{first}));
    if (command == "detach" && consumer_) return answer(consumer_->detach());
    return fmt::format("error {} is no command now", command);
  }

 private:
  Result<> lock(std::chrono::seconds wait, std::chrono::seconds idle_limit) {
    Result<BackupLock> lock = BackupLock::acquire(options_, wait, idle_limit);
    if (!lock) return lock.error();
    lock_.emplace(std::move(*lock));
    return {};
  }

  Result<> attach(std::chrono::seconds idle_limit) {
    Result<RedoConsumer> consumer = RedoConsumer::attach(options_, idle_limit);
    if (!consumer) return consumer.error();
    consumer_.emplace(std::move(*consumer));
    return {};
  }

  std::string answer(const Result<>& done) const {
    if (!done) return fmt::format("error {}", done.error().what);
    return fmt::format("ok {}", consumer_ ? consumer_->kept_from() : Lsn{});
  }

  UpstreamOptions options_;
  std::optional<BackupLock> lock_;
  std::optional<RedoConsumer> consumer_;
};

}  // namespace
}  // namespace donord

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  donord::Result<donord::UpstreamOptions> options = donord::parse_upstream(argv[1]);
  if (!options) return 2;
  if (const char* password = std::getenv("DONORD_UPSTREAM_PASSWORD"))
    options->password = donord::Secret{std::string_view{password}};
  donord::Session session{std::move(*options)};
  for (std::string line; std::getline(std::cin, line);) std::cout << session.perform(line) << std::endl;
  return 0;
}
