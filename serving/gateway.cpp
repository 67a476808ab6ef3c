#include "serving/gateway.hpp"

#include <fmt/format.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <mutex>
#include <thread>

namespace qstar {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

// What is served, swapped whole; a client only ever sees a copy.
struct Snapshot {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, prometheus::Gauge*> gauges;
  std::string status = "{}";

  void set(const std::string& name, double value) {
    const std::scoped_lock lock(mutex);
    auto& gauge = gauges[name];
    if (gauge == nullptr) gauge = &prometheus::BuildGauge().Name(name).Register(registry).Add({});
    gauge->Set(value);
  }
  void set_status(std::string json) {
    const std::scoped_lock lock(mutex);
    status = std::move(json);
  }
  std::string status_copy() {
    const std::scoped_lock lock(mutex);
    return status;
  }
  std::string metrics() const { return prometheus::TextSerializer().Serialize(registry.Collect()); }
};

std::string gauge_name(const std::string& phase, const std::string& name) {
  std::string out = "qstar_" + phase + "_" + name;
  for (char& c : out) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return out;
}

Response answer(const Request& request, Snapshot& snapshot) {
  Response response{http::status::ok, request.version()};
  response.keep_alive(request.keep_alive());
  response.set(http::field::server, "qstar");
  response.set(http::field::content_type, "text/plain; version=0.0.4");
  const auto target = request.target();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    response.body() = "only GET and HEAD\n";
  } else if (target == "/metrics") {
    response.body() = snapshot.metrics();
  } else if (target == "/status") {
    response.set(http::field::content_type, "application/json");
    response.body() = snapshot.status_copy() + "\n";
  } else if (target == "/healthz") {
    response.body() = "ok\n";
  } else {
    response.result(http::status::not_found);
    response.body() = "there is /metrics, /status and /healthz\n";
  }
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

// Shared by the acceptor and all sessions, so that none outlives the io_context it runs on.
struct Server {
  explicit Server(const GatewayOptions& o) : options(o) {}
  GatewayOptions options;
  asio::io_context io;
  tcp::acceptor acceptor{io};
  asio::steady_timer later{io};
  Snapshot snapshot;
  std::atomic<std::int32_t> connections{0};
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Server& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {
    ++server_.connections;
  }
  ~HttpSession() { --server_.connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.options.max_header_bytes));
    parser_->body_limit(0);
    stream_.expires_after(std::chrono::seconds(server_.options.idle_seconds));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->got(error); });
  }

  void refuse() {
    Response busy{http::status::service_unavailable, 11};
    busy.keep_alive(false);
    busy.body() = "too many connections\n";
    busy.prepare_payload();
    write(std::move(busy));
  }

 private:
  void got(beast::error_code error) {
    if (error == http::error::header_limit || error == http::error::body_limit) {
      Response large{http::status::request_header_fields_too_large, 11};
      large.keep_alive(false);
      large.prepare_payload();
      return write(std::move(large));
    }
    if (!error) write(answer(parser_->get(), server_.snapshot));
  }

  // A client in a tight loop gets its answers at a pace that costs us nothing to speak of.
  void rest() {
    pause_.expires_after(std::chrono::milliseconds(server_.options.pause_ms));
    pause_.async_wait([self = shared_from_this()](beast::error_code error) {
      if (!error) self->read();
    });
  }

  void write(Response response) {
    response_ = std::move(response);
    stream_.expires_after(std::chrono::seconds(server_.options.idle_seconds));
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error && self->response_.keep_alive()) return self->rest();
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  Server& server_;
  beast::tcp_stream stream_;
  asio::steady_timer pause_{server_.io};
  beast::flat_buffer buffer_{65536};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
};

void accept(Server& server) {
  server.acceptor.async_accept([&server](beast::error_code error, tcp::socket socket) {
    if (!error) {
      const bool full = server.connections >= server.options.max_connections;
      const auto session = std::make_shared<HttpSession>(server, std::move(socket));
      full ? session->refuse() : session->read();
    }
    if (!server.acceptor.is_open()) return;
    if (!error) return accept(server);
    // Out of file descriptors, say: waiting costs less than asking again at once.
    server.later.expires_after(std::chrono::milliseconds(100));
    server.later.async_wait([&server](beast::error_code stopped) {
      if (!stopped) accept(server);
    });
  });
}

}  // namespace

struct Gateway::Impl {
  explicit Impl(const GatewayOptions& options) : server(options) {}
  ~Impl() {
    server.io.stop();
    if (thread.joinable()) thread.join();
  }
  Server server;
  std::thread thread;
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::start(const GatewayOptions& options) {
  beast::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return fail(Errc::kUsage,
                fmt::format("'{}' is no address for the gateway: give one such as 127.0.0.1",
                            options.address));
  auto impl = std::make_unique<Impl>(options);
  auto& acceptor = impl->server.acceptor;
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Errc::kBusy,
                fmt::format("the gateway cannot listen on {}:{}: {}; choose another --http port",
                            options.address, options.port, error.message()));
  accept(impl->server);
  impl->thread = std::thread([&server = impl->server] { server.io.run(); });
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

std::uint16_t Gateway::port() const { return impl_->server.acceptor.local_endpoint().port(); }

void Gateway::publish(const MetricsRow& row, std::string status_json) {
  for (const auto& [name, value] : row.values)
    impl_->server.snapshot.set(gauge_name(row.phase, name), value);
  impl_->server.snapshot.set(gauge_name(row.phase, "step"), static_cast<double>(row.step));
  if (!status_json.empty()) impl_->server.snapshot.set_status(std::move(status_json));
}

}  // namespace qstar
