#pragma once

// What all connections of one server share.

#include <algorithm>
#include <atomic>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "base/log.hpp"
#include "catalog/catalog.hpp"
#include "clone/donor_source.hpp"
#include "fault/fault_injector.hpp"
#include "protocol/auth/rsa_key.hpp"
#include "server/accounts.hpp"
#include "server/clone_factory.hpp"
#include "server/clone_registry.hpp"
#include "server/connection_table.hpp"
#include "server/rate_limit.hpp"
#include "server/server_options.hpp"
#include "server/tls.hpp"
#include "server/worker_pool.hpp"

namespace donord {

class ServerContext {
 public:
  static constexpr std::size_t kFrontThreads = 2;
  static constexpr std::size_t kMaxBeginThreads = 16;

  ServerContext(ServerOptions server_options, std::shared_ptr<DonorSource> served, std::shared_ptr<Catalog> sessions,
                RsaKey rsa_key, std::size_t worker_threads)
      : options(std::move(server_options)),
        source(std::move(served)),
        catalog(std::move(sessions)),
        rsa(std::move(rsa_key)),
        clones(options.max_clones, options.away_grace),
        limits{RateLimit{options.max_data_bytes_per_second}, RateLimit{options.max_network_bytes_per_second}},
        factory(*this),
        pool(worker_threads),
        front_pool(kFrontThreads),
        begin_pool(std::min(options.max_clones + 1, kMaxBeginThreads)),
        catalog_queue_(boost::asio::make_strand(pool.get_executor())) {}

  /// Jobs run one after another, in the order in which they were given.
  void run_later(std::function<void()> job) {
    boost::asio::post(catalog_queue_, [job = std::move(job)] {
      const Result<> done = run_guarded([&]() -> Result<> {
        job();
        return {};
      });
      if (!done) log::error("catalog.job", {{"error", done.error().what}});
    });
  }

  [[nodiscard]] std::string presented_version() const {
    return donord::presented_version(options.parameters, source->identity());
  }

  [[nodiscard]] std::shared_ptr<const TlsContext> tls() const {
    const std::lock_guard lock{tls_mutex_};
    return tls_;
  }
  void set_tls(std::shared_ptr<const TlsContext> tls) {
    const std::lock_guard lock{tls_mutex_};
    tls_ = std::move(tls);
  }

  std::atomic<bool> draining = false;  ///< no new clones
  std::atomic<bool> stopping = false;  ///< no new anything
  std::uint16_t port = 0;              ///< that the server listens on; set before it accepts
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  const ServerOptions options;
  const std::shared_ptr<DonorSource> source;
  const std::shared_ptr<Catalog> catalog;
  const RsaKey rsa;
  AccountRegistry accounts;
  CloneRegistry clones;
  ConnectionTable connections;
  FaultInjector& faults = process_faults();
  RateLimits limits;
  CloneFactory factory;
  WorkerPool pool;        ///< reads data, writes the catalog
  WorkerPool front_pool;  ///< logins and SQL, so that no flood of them delays data
  WorkerPool begin_pool;  ///< begins clones, which may have to wait for DDL

 private:
  boost::asio::strand<boost::asio::thread_pool::executor_type> catalog_queue_;
  mutable std::mutex tls_mutex_;
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace donord
