// Addresses as people write them, and what comes of those that make no sense.
#include "core/host_port.hpp"

#include <fmt/format.h>

#include "core/rng.hpp"
#include "core/sockets.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

constexpr auto kBoth = {AddressUse::kConnect, AddressUse::kListen};

std::string refusal(const std::string& text, AddressUse use = AddressUse::kConnect) {
  const auto parsed = parse_host_port(text, use);
  INFO(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Errc::kUsage);
  CHECK(parsed.error().message.find('\n') == std::string::npos);
  return parsed.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("hosts and ports are separated", "[host_port]") {
  for (const auto use : kBoth) {
    CHECK(parse_host_port("[::1]:7000", use) == HostPort{"::1", 7000});
    CHECK(parse_host_port("[fd00:0:0::0:1]:1", use) == HostPort{"fd00::1", 1});
    CHECK(parse_host_port("127.0.0.1:65535", use) == HostPort{"127.0.0.1", 65535});
    CHECK(parse_host_port("gpu-1.example:7000", use) == HostPort{"gpu-1.example", 7000});
    CHECK(parse_host_port("3f2a:7000", use) == HostPort{"3f2a", 7000});
  }
  CHECK(parse_host_port("*:7020", AddressUse::kListen) == HostPort{"*", 7020});
  CHECK(parse_host_port("127.0.0.1:0", AddressUse::kListen) == HostPort{"127.0.0.1", 0});
  CHECK(parse_host("::1", AddressUse::kListen) == "::1");
  CHECK(parse_host("[::1]", AddressUse::kListen) == "::1");
  CHECK(parse_host("*", AddressUse::kListen) == "*");
  CHECK_FALSE(parse_host("127.0.0.1:80", AddressUse::kListen));
}

TEST_CASE("a refused address comes with the right spelling", "[host_port]") {
  CHECK(has(refusal("::1:7000"), "[::1]:7000"));
  CHECK(has(refusal("fe80::1"), "[fe80::1]:PORT"));
  CHECK(has(refusal("fd00::2:80:x"), "brackets"));
  CHECK(has(refusal("[fe80::1%eth0]:7000"), "zone id"));
  CHECK(has(refusal("[10.0.0.1]:7000"), "IPv6"));
  CHECK(has(refusal(":7000", AddressUse::kListen), "*:7000"));
  CHECK(has(refusal("*:7000"), "one address"));
  CHECK(has(refusal("gpu1"), "gpu1:7000"));
  CHECK(has(refusal("[::1]"), "HOST:PORT"));
  CHECK(has(refusal("10.0.0.1:0"), "from 1 to 65535"));
  for (const char* port : {"", "65536", "-1", "+1", " 1", "1 ", "0x50", "http", "000001", "7000/"})
    CHECK(has(refusal("10.0.0.1:" + std::string(port), AddressUse::kListen), "from 0 to 65535"));
  for (const char* host : {"10.0.0", "10.0.0.256", "010.0.0.1", "0x7f.1", "-gpu", "gpu-", "a..b",
                           "gpu 1", "gpu1.", "g\xc3\xbc", "http//x", "%eth0"})
    CHECK(has(refusal(host + std::string(":7000")), "not a host name"));
  CHECK(has(refusal(std::string(64, 'a') + ":7000"), "not a host name"));
  CHECK(has(refusal("\x1b[31m:7000"), "\\x1b[31m"));
}

TEST_CASE("a URL is not an address", "[host_port]") {
  for (const std::string text : {"http://localhost:7000", "https://[::1]:7000"})
    REQUIRE(parse_host_port(text, AddressUse::kConnect).error().message.find("is a URL") !=
            std::string::npos);
}

TEST_CASE("what is printed is parsed again, and nothing crashes", "[host_port]") {
  constexpr std::string_view kAlphabet = "0123456789abf:.[]*%-_/ gpu\x1b\xff";
  const std::vector<std::string> seeds = {"[::1]:7000", "127.0.0.1:80", "gpu1.example:7000",
                                          "*:0",        "[fd00::ff]:1", "::1:7000"};
  Rng rng(17);
  int sound = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text = seeds[rng.below(seeds.size())];
    for (auto edits = rng.below(4); edits > 0; --edits) {
      const auto at = rng.below(text.size() + 1);
      const char c = kAlphabet[rng.below(kAlphabet.size())];
      switch (rng.below(3)) {
        case 0: text.insert(at, 1, c); break;
        case 1: text.erase(at, 1); break;
        default: text.replace(at, 1, 1, c);
      }
    }
    for (const auto use : kBoth) {
      const auto parsed = parse_host_port(text, use);
      if (!parsed) continue;
      ++sound;
      INFO(text);
      REQUIRE(parse_host_port(print(*parsed), use) == *parsed);
      REQUIRE(parse_host(parsed->host, use) == parsed->host);
      REQUIRE(is_ipv6(parsed->host) == print(*parsed).starts_with('['));
      REQUIRE((use == AddressUse::kListen || parsed->port > 0));
    }
  }
  CHECK(sound > 10'000);
}

TEST_CASE("URLs have brackets, and loopback is known", "[host_port]") {
  CHECK(http_url({"::1", 8080}) == "http://[::1]:8080");
  CHECK(http_url({"127.0.0.1", 80}) == "http://127.0.0.1:80");
  CHECK(is_loopback("127.3.4.5"));
  CHECK(is_loopback("::1"));
  CHECK_FALSE(is_loopback("127.example"));
  CHECK_FALSE(is_loopback("10.0.0.1"));
  CHECK_FALSE(is_loopback("::"));
  CHECK(is_any_interface("::"));
  CHECK_FALSE(is_any_interface("::1"));
}

TEST_CASE("each reason why a port cannot be opened has an error", "[sockets]") {
  const auto code = [](int error) { return listen_error({"::1", 80}, error).code; };
  CHECK(code(EADDRINUSE) == Errc::kBusy);
  CHECK(code(EACCES) == Errc::kIo);
  CHECK(code(EADDRNOTAVAIL) == Errc::kUsage);
  CHECK(has(listen_error({"::1", 80}, EADDRINUSE).message, "[::1]:80: another process"));
  CHECK(has(listen_error({"::1", 80}, EACCES).message, "1024"));
  CHECK(has(try_listen({"203.0.113.7", 7000}).error().message, "not one of this machine"));
  CHECK(try_listen({"127.0.0.1", 0}));
}

TEST_CASE("all interfaces, and this machine by name, can be listened on", "[sockets]") {
  const auto all = resolve_listen({"*", 0});
  REQUIRE(all);
  CHECK((all->host == "::" || all->host == "0.0.0.0"));
  CHECK(try_listen(*all));
  const auto named = resolve_listen({"localhost", 0});
  REQUIRE(named);
  CHECK(is_loopback(named->host));
  CHECK(named->host != "localhost");
}

TEST_CASE("each reason why a connection fails has an error", "[sockets]") {
  constexpr std::chrono::milliseconds kShort{300};
  const auto refused = try_connect({"127.0.0.1", 1}, kShort);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kNetwork);
  CHECK(has(refused.error().message, "127.0.0.1:1: connection refused"));
  const auto unknown = try_connect({"no-such-host.invalid", 7000}, kShort);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::kNetwork);
  // The second where there is no name server to ask.
  CHECK((has(unknown.error().message, "no such host") ||
         has(unknown.error().message, "name server")));
}
