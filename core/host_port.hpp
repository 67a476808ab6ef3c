// Network addresses as people write them: "HOST:PORT".
//
// A host is a name (gpu1.example), an IPv4 address, or an IPv6 address, which stands in brackets
// before a port ([fe80::1]:7000), as in a URL (RFC 3986). To listen, "*" means all interfaces. Zone
// ids (%eth0) are refused: CAF cannot use them.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace qstar {

struct HostPort {
  std::string host;  // without brackets; IPv6 in its shortest form (RFC 5952)
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// What an address is for. To listen, the host may be "*" and the port 0 (any free port).
enum class AddressUse : std::uint8_t { kConnect, kListen };

// kUsage says what is wrong and how the address is written.
Result<HostPort> parse_host_port(const std::string& text, AddressUse use);
// A host alone, in brackets or without; kUsage likewise.
Result<std::string> parse_host(const std::string& text, AddressUse use);

// Whether a host from parse_host() is an IPv6 address.
bool is_ipv6(const std::string& host);
// Whether only this machine can reach that host: 127.0.0.0/8, ::1, or the name localhost.
bool is_loopback(const std::string& host);
// Whether it stands for all interfaces: "*", "::" or "0.0.0.0".
bool is_any_interface(const std::string& host);

// As it is written: IPv6 addresses in brackets. print(parse_host_port(x)) parses to the same.
std::string print(const HostPort& address);
// The start of a URL: "http://[::1]:8080".
std::string http_url(const HostPort& address);

}  // namespace qstar
