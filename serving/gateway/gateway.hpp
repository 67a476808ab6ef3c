// The HTTP gateway: /metrics for Prometheus, /status as JSON, and /healthz.
//
// Runs on a thread of its own and reads snapshots that others publish, so a slow or hostile client
// never slows training down: connections, header sizes, each connection's rate and idle times are
// bounded. It listens on loopback unless another address is given. Untrusted clients may talk to
// this, never to the actors' port.
//
// GET and HEAD only. A query after the path is ignored. A request with a body is answered, and its
// connection closed without reading the body. 400: not HTTP; 404: another path; 405: another
// method; 431: a header above the limit; 503: too many connections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/metrics.hpp"
#include "core/result.hpp"

namespace qstar::serving {

struct GatewayOptions {
  std::string address = "127.0.0.1";  // host name, IPv4 or IPv6 address; "*": all interfaces
  std::uint16_t port = 0;             // 0: any free one
  std::int32_t max_connections = 64;  // more are answered 503 and closed
  std::int32_t idle_seconds = 10;     // then a connection without a complete request is closed
  std::int32_t max_header_bytes = 8192;
  std::int32_t pause_ms = 20;  // between an answer and the connection's next request
};

class Gateway {
 public:
  // kBusy: the port is taken; kUsage: not an address of this machine; kNetwork: no such host; kIo:
  // the port needs privileges.
  static Result<std::unique_ptr<Gateway>> start(const GatewayOptions& options);
  ~Gateway();  // stops the thread and closes all connections

  std::uint16_t port() const;
  std::string url() const;  // of what was bound, as "http://[::1]:8080"
  // Thread-safe, never blocks on a client. Values become gauges qstar_PHASE_NAME (dots to
  // underscores); `status_json` is served as it is; an empty one leaves the one before.
  void publish(const MetricsRow& row, std::string status_json);

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::serving
