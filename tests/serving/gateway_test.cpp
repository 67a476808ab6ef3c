// The gateway over real sockets, with clients that mean well and clients that do not.
#include "serving/gateway/gateway.hpp"

#include <boost/asio.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/rng.hpp"

namespace qstar {
using namespace serving;
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class Client {
 public:
  explicit Client(const Gateway& gateway) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), gateway.port()});
    // No test waits for ever.
    const timeval limit{5, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  void send(const std::string& text) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }
  // What comes until the other side closes, or nothing has come for five seconds.
  std::string receive_all() {
    std::string all;
    char block[4096];
    for (ssize_t n; (n = ::recv(socket_.native_handle(), block, sizeof(block), 0)) > 0;)
      all.append(block, static_cast<std::size_t>(n));
    return all;
  }
  // Nothing more will be sent.
  void end() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  std::string receive_some() {
    char block[4096];
    const auto n = ::recv(socket_.native_handle(), block, sizeof(block), 0);
    return n > 0 ? std::string(block, static_cast<std::size_t>(n)) : "";
  }

 private:
  asio::io_context io_;
  tcp::socket socket_{io_};
};

std::string ask(const Gateway& gateway, const std::string& method, const std::string& target) {
  Client client(gateway);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.receive_all();
}

std::unique_ptr<Gateway> started(GatewayOptions options = {}) {
  return Gateway::start(options).value();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("metrics are Prometheus text, the status is JSON", "[gateway]") {
  const auto gateway = started();
  CHECK(has(ask(*gateway, "GET", "/status"), "{}"));
  gateway->publish({"rl", 3, {{"greedy", 0.5}, {"replay.inserts", 12}}},
                   R"({"phase":"rl","progress":0.25})");
  const auto metrics = ask(*gateway, "GET", "/metrics");
  CHECK(has(metrics, "200 OK"));
  CHECK(has(metrics, "# TYPE qstar_rl_greedy gauge\nqstar_rl_greedy 0.5\n"));
  CHECK(has(metrics, "qstar_rl_replay_inserts 12\n"));
  CHECK(has(metrics, "qstar_rl_step 3\n"));
  const auto status = ask(*gateway, "GET", "/status");
  const auto json = nlohmann::json::parse(status.substr(status.find("\r\n\r\n")));
  CHECK(json["phase"] == "rl");
  gateway->publish({"rl", 4, {{"greedy", 0.75}}}, "");
  CHECK(has(ask(*gateway, "GET", "/metrics"), "qstar_rl_greedy 0.75\n"));
  CHECK(has(ask(*gateway, "GET", "/status"), "0.25"));
}

TEST_CASE("other paths and methods are answered", "[gateway]") {
  const auto gateway = started();
  CHECK(has(ask(*gateway, "GET", "/healthz"), "ok"));
  CHECK(has(ask(*gateway, "GET", "/../etc/passwd"), "404"));
  CHECK(has(ask(*gateway, "GET", "/statusx"), "404"));
  CHECK(has(ask(*gateway, "POST", "/nowhere"), "404"));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const auto refused = ask(*gateway, method, "/status");
    CHECK(has(refused, "405 Method Not Allowed"));
    CHECK(has(refused, "Allow: GET, HEAD\r\n"));
  }
  const auto head = ask(*gateway, "HEAD", "/healthz");
  CHECK(has(head, "200 OK"));
  CHECK(has(head, "Content-Length: 3\r\n"));
  CHECK(head.substr(head.find("\r\n\r\n")) == "\r\n\r\n");
}

TEST_CASE("a query is ignored, and a whole URL is a path", "[gateway]") {
  const auto gateway = started();
  for (const char* target : {"/status?x=1", "/status?", "/status#part", "http://host:1/status?y",
                             "/status?x=/../metrics"})
    CHECK(has(ask(*gateway, "GET", target), "200 OK"));
  CHECK(has(ask(*gateway, "GET", "/?x=/status"), "404"));
  CHECK(has(ask(*gateway, "GET", "http://status"), "404"));
}

TEST_CASE("a request with a body is answered, and its connection closed", "[gateway]") {
  const auto gateway = started();
  const auto post = [&](const std::string& headers, const std::string& body) {
    Client client(*gateway);
    client.send("POST /status HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body);
    return client.receive_all();
  };
  for (const std::size_t size : {1UL, 5'000UL, 300'000UL}) {
    const auto refused =
        post("Content-Length: " + std::to_string(size) + "\r\n", std::string(size, 'x'));
    CHECK(has(refused, "405 Method Not Allowed"));
    CHECK(has(refused, "Allow: GET, HEAD\r\n"));
    CHECK(has(refused, "Connection: close"));
  }
  CHECK(has(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), "405"));
  CHECK(has(post("Content-Length: 18446744073709551615\r\n", ""), "405"));
  // The body of one request is not taken for another.
  const std::string smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto answers =
      post("Content-Length: " + std::to_string(smuggled.size()) + "\r\n", smuggled);
  CHECK_FALSE(has(answers, "200 OK"));
  Client polite(*gateway);
  polite.send("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(has(polite.receive_all(), "200 OK"));
}

TEST_CASE("a header that is too long, and what is no HTTP, is refused by number", "[gateway]") {
  const auto gateway = started({.max_header_bytes = 2000});
  const auto raw = [&](const std::string& text) {
    Client client(*gateway);
    client.send(text);
    return client.receive_all();
  };
  CHECK(has(raw("GET / HTTP/1.1\r\nX: " + std::string(3'000, 'x') + "\r\n\r\n"), "431 "));
  CHECK(has(raw("GET /" + std::string(100'000, 'x')), "431 "));
  CHECK(has(raw("GET /status HTTP/9.9\r\n\r\n"), "400 "));
  CHECK(has(raw("GET\r\n\r\n"), "400 "));
  CHECK(has(raw("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "400 "));
}

TEST_CASE("whatever is sent gets an answer of HTTP or none", "[gateway]") {
  const auto gateway = started({.max_connections = 1000, .idle_seconds = 1, .pause_ms = 0});
  const std::vector<std::string> seeds = {
      "GET /status?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      "HEAD /metrics HTTP/1.0\r\n\r\n", "POST /status HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
      "PUT /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
  Rng rng(17);
  int answered = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = seeds[rng.below(seeds.size())];
    for (auto edits = rng.below(6); edits > 0; --edits) {
      const auto at = rng.below(text.size() + 1);
      const char c = static_cast<char>(rng.below(256));
      switch (rng.below(4)) {
        case 0: text.insert(at, 1, c); break;
        case 1: text.erase(at, 1 + rng.below(5)); break;
        case 2: text.insert(at, text.substr(at / 2, rng.below(20))); break;
        default: text.replace(at, 1, 1, c);
      }
    }
    Client client(*gateway);
    client.send(text);
    client.end();
    const auto reply = client.receive_all();
    INFO(text);
    INFO(reply);
    REQUIRE((reply.empty() || reply.starts_with("HTTP/1.")));
    answered += reply.empty() ? 0 : 1;
  }
  CHECK(answered > 200);
  CHECK(has(ask(*gateway, "GET", "/healthz"), "ok"));
}

TEST_CASE("a connection serves several requests", "[gateway]") {
  const auto gateway = started();
  Client client(*gateway);
  for (int i = 0; i < 3; ++i) {
    client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(has(client.receive_some(), "ok"));
  }
}

TEST_CASE("hostile clients are closed and hold nobody up", "[gateway]") {
  const auto gateway = started({.max_connections = 8, .idle_seconds = 1});
  Client huge(*gateway), garbage(*gateway), slow(*gateway), silent(*gateway);
  huge.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  garbage.send(std::string("\0\xff\x16\x03\x01 no http at all\r\n\r\n", 24));
  slow.send("GET /healthz HT");
  CHECK(has(ask(*gateway, "GET", "/healthz"), "ok"));  // while all of them are there
  CHECK(has(garbage.receive_all(), "400 "));
  CHECK(has(huge.receive_all(), "431 "));
  CHECK(slow.receive_all().empty());  // closed after a second
  CHECK(silent.receive_all().empty());
  CHECK(has(ask(*gateway, "GET", "/healthz"), "ok"));
}

TEST_CASE("too many connections get an answer that says so", "[gateway]") {
  const auto gateway = started({.max_connections = 2, .idle_seconds = 5});
  Client one(*gateway), two(*gateway);
  one.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  two.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has(one.receive_some(), "ok"));
  CHECK(has(two.receive_some(), "ok"));
  Client three(*gateway);
  CHECK(has(three.receive_all(), "503"));
}

TEST_CASE("a client that does not pace itself is paced, and nobody else is", "[gateway]") {
  using namespace std::chrono;
  constexpr milliseconds kPause{1500};
  const auto gateway = started({.pause_ms = static_cast<std::int32_t>(kPause.count())});
  Client greedy(*gateway);
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto begun = steady_clock::now();
  greedy.send(request + request);
  CHECK(has(greedy.receive_some(), "ok"));
  for (std::uint64_t i = 0; i < 1000; ++i) gateway->publish({"rl", i, {{"greedy", 0.5}}}, "{}");
  CHECK(has(ask(*gateway, "GET", "/metrics"), "qstar_rl_step 999"));
  CHECK(steady_clock::now() - begun < kPause);
  CHECK(has(greedy.receive_some(), "ok"));
  CHECK(steady_clock::now() - begun >= kPause);
}

TEST_CASE("publishing goes on whatever clients do", "[gateway]") {
  const auto gateway = started();
  std::vector<std::unique_ptr<Client>> deaf;  // ask without end, read nothing
  for (int i = 0; i < 10; ++i) {
    deaf.push_back(std::make_unique<Client>(*gateway));
    for (int k = 0; k < 50; ++k) deaf.back()->send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (std::uint64_t i = 0; i < 10'000; ++i) gateway->publish({"rl", i, {{"greedy", 0.5}}}, "{}");
  CHECK(has(ask(*gateway, "GET", "/metrics"), "qstar_rl_step 9999"));
}

TEST_CASE("a port in use and a wrong address are errors with a remedy", "[gateway]") {
  const auto gateway = started();
  const auto second = Gateway::start({.port = gateway->port()});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kBusy);
  CHECK(has(second.error().message, "--http"));
  CHECK(has(second.error().message, "another process"));
  const auto typo = Gateway::start({.address = "127.0.0"});
  REQUIRE_FALSE(typo);
  CHECK(typo.error().code == Errc::kUsage);
  CHECK(has(typo.error().message, "--http-address"));
  const auto elsewhere = Gateway::start({.address = "203.0.113.7"});
  REQUIRE_FALSE(elsewhere);
  CHECK(has(elsewhere.error().message, "not one of this machine"));
}

TEST_CASE("the gateway's URL is of what was bound", "[gateway]") {
  CHECK(has(started()->url(), "http://127.0.0.1:"));
  CHECK(has(started({.address = "localhost"})->url(), "http://"));
  const auto everywhere = started({.address = "*"});
  CHECK(has(ask(*everywhere, "GET", "/healthz"), "ok"));  // by IPv4
  const auto six = Gateway::start({.address = "[::1]"});
  if (!six) return;  // no IPv6 here
  CHECK((*six)->url() == "http://[::1]:" + std::to_string((*six)->port()));
}

}  // namespace
}  // namespace qstar
