#include "serving/gateway/gateway.hpp"

#include <fmt/format.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <mutex>
#include <thread>

#include "core/sockets.hpp"

namespace qstar::serving {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr std::size_t kMostDiscarded = 1 << 20;  // bytes of a body that nobody wants

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

// "/status" of "/status?x=1" and of "http://host:1/status".
std::string_view path_of(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    target.remove_prefix(kScheme.size());
    const auto slash = target.find('/');
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

Response plain(http::status status, std::string body, bool keep_alive) {
  Response response{status, 11};
  response.keep_alive(keep_alive);
  response.set(http::field::server, "qstar");
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.body() = std::move(body);
  return response;
}

Response page(std::string_view path, Snapshot& snapshot) {
  if (path == "/metrics") {
    auto response = plain(http::status::ok, snapshot.metrics(), true);
    response.set(http::field::content_type, "text/plain; version=0.0.4");
    return response;
  }
  if (path == "/status") {
    auto response = plain(http::status::ok, snapshot.status_copy() + "\n", true);
    response.set(http::field::content_type, "application/json");
    return response;
  }
  if (path == "/healthz") return plain(http::status::ok, "ok\n", true);
  return plain(http::status::not_found, "the pages are /metrics, /status and /healthz\n", true);
}

Response answer(const Request& request, bool keep_alive, Snapshot& snapshot) {
  const auto target = request.target();
  Response response = page(path_of({target.data(), target.size()}), snapshot);
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (!reads && response.result() == http::status::ok) {
    response = plain(http::status::method_not_allowed, "only GET and HEAD are allowed\n", true);
    response.set(http::field::allow, "GET, HEAD");
  }
  response.version(request.version());
  response.keep_alive(keep_alive);
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
    parser_->body_limit(boost::none);  // bodies are not read
    stream_.expires_after(std::chrono::seconds(server_.options.idle_seconds));
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->got(error); });
  }

  void refuse() { write(last(http::status::service_unavailable, "too many connections\n")); }

 private:
  static Response last(http::status status, std::string body) {
    auto response = plain(status, std::move(body), false);
    response.prepare_payload();
    return response;
  }

  void got(beast::error_code error) {
    if (!error) {
      // A body that is not read would be taken for the next request.
      const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
      const bool keep_alive = parser_->get().keep_alive() && !has_body;
      return write(answer(parser_->get(), keep_alive, server_.snapshot));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return write(last(http::status::request_header_fields_too_large, "the header is too long\n"));
    const bool is_http_error =
        error.category() == make_error_code(http::error::bad_method).category();
    if (!is_http_error || error == http::error::end_of_stream ||
        error == http::error::partial_message)
      return;  // the client went away, or said nothing for too long
    write(last(http::status::bad_request, "not a valid HTTP request\n"));
  }

  // A client in a tight loop gets its answers at a pace that costs next to nothing.
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
                        if (error) return;
                        if (self->response_.keep_alive()) return self->rest();
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                        self->buffer_.clear();
                        self->discard();
                      });
  }

  // Closing while the client still sends would reset the connection, and the answer with it.
  void discard() {
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](beast::error_code error, std::size_t size) {
                              self->discarded_ += size;
                              if (!error && self->discarded_ < kMostDiscarded) self->discard();
                            });
  }

  Server& server_;
  beast::tcp_stream stream_;
  asio::steady_timer pause_{server_.io};
  beast::flat_buffer buffer_{65536};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  std::size_t discarded_ = 0;
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

beast::error_code open(tcp::acceptor& acceptor, const HostPort& listen) {
  beast::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(listen.host, error), listen.port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // All interfaces are meant together: IPv4 comes in through the same socket.
  if (!error && listen.host == "::") acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
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
  const auto bad_address = [](const Error& why) {
    return fail(why.code, "--http-address: " + why.message);
  };
  const auto host = parse_host(options.address, AddressUse::kListen);
  if (!host) return bad_address(host.error());
  const auto listen = resolve_listen({*host, options.port});
  if (!listen) return bad_address(listen.error());
  auto impl = std::make_unique<Impl>(options);
  if (const auto error = open(impl->server.acceptor, *listen)) {
    const Error why = listen_error(*listen, error.value());
    return fail(why.code, "--http: " + why.message);
  }
  accept(impl->server);
  impl->thread = std::thread([&server = impl->server] { server.io.run(); });
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

std::uint16_t Gateway::port() const { return impl_->server.acceptor.local_endpoint().port(); }

std::string Gateway::url() const {
  const auto bound = impl_->server.acceptor.local_endpoint();
  return http_url({bound.address().to_string(), bound.port()});
}

void Gateway::publish(const MetricsRow& row, std::string status_json) {
  for (const auto& [name, value] : row.values)
    impl_->server.snapshot.set(gauge_name(row.phase, name), value);
  impl_->server.snapshot.set(gauge_name(row.phase, "step"), static_cast<double>(row.step));
  if (!status_json.empty()) impl_->server.snapshot.set_status(std::move(status_json));
}

}  // namespace qstar::serving
