// The HTTP gateway: /metrics for Prometheus, /status as JSON, and /healthz.
//
// Runs on a thread of its own and reads snapshots that others publish, so a slow or hostile client
// never slows training down: connections, header sizes, each connection's rate and idle times are
// bounded. Loopback unless told otherwise. Anything untrusted talks to this, never to the actors'
// port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/metrics.hpp"
#include "core/result.hpp"

namespace qstar {

struct GatewayOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;             // 0: any free one
  std::int32_t max_connections = 64;  // more are answered 503 and closed
  std::int32_t idle_seconds = 10;  // a connection without a complete request for so long is closed
  std::int32_t max_header_bytes = 8192;
  std::int32_t pause_ms = 20;  // between an answer and the connection's next request
};

class Gateway {
 public:
  // kBusy: the port is taken; kUsage: not an address.
  static Result<std::unique_ptr<Gateway>> start(const GatewayOptions& options);
  ~Gateway();  // stops the thread and closes all connections

  std::uint16_t port() const;
  // Thread-safe, never blocks on a client. Values become gauges qstar_PHASE_NAME (dots to
  // underscores); `status_json` is served as it is, the one before when it is empty.
  void publish(const MetricsRow& row, std::string status_json);

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar
