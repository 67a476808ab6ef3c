#include "core/host_port.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

#include "core/ascii.hpp"
#include "core/printable.hpp"

namespace qstar {
namespace {

constexpr std::size_t kLongestName = 253, kLongestLabel = 63;  // RFC 1035

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The shortest form of an IPv6 address, or nothing.
std::optional<std::string> ipv6(const std::string& text) {
  in6_addr address{};
  char shortest[INET6_ADDRSTRLEN];
  if (text.find('\0') != std::string::npos) return std::nullopt;
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  return ::inet_ntop(AF_INET6, &address, shortest, sizeof(shortest));
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return text.find('\0') == std::string::npos && ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return is_digit(c) || is_letter(c) || c == '-' || c == '_';
         });
}

// 10.0.0, 0x7f.1: what ends in a number is a mistyped or ancient IPv4 address, not a name.
bool is_number(std::string_view label) {
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  if (hexadecimal) label.remove_prefix(2);
  return std::all_of(label.begin(), label.end(), [&](char c) {
    return is_digit(c) || (hexadecimal && std::isxdigit(static_cast<unsigned char>(c)) != 0);
  });
}

bool is_name(const std::string& text) {
  if (text.size() > kLongestName) return false;
  std::string_view rest = text;
  while (true) {
    const auto dot = rest.find('.');
    const auto label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, port);
  if (error != std::errc{} || end != last || text.size() > 5) return std::nullopt;
  return port;
}

const char* example(AddressUse use) {
  return use == AddressUse::kListen ? "127.0.0.1:7000, [::1]:7000 or *:7000"
                                    : "10.0.0.1:7000, gpu1:7000 or [fd00::1]:7000";
}

tl::unexpected<Error> refuse(const std::string& text, const std::string& why) {
  return fail(Errc::kUsage, fmt::format("'{}' {}", printable(text), why));
}

// More than one colon, and no brackets.
tl::unexpected<Error> bare_ipv6(const std::string& text) {
  if (text.find("://") != std::string::npos)
    return refuse(text,
                  "is a URL: leave out the part before the host name, as in head.example:7000");
  const auto colon = text.rfind(':');
  const auto address = ipv6(text.substr(0, colon));
  if (address && port_of(std::string_view(text).substr(colon + 1))) {
    return refuse(text, fmt::format("is ambiguous: write an IPv6 address in brackets, as in "
                                    "[{}]:{}",
                                    *address, text.substr(colon + 1)));
  }
  if (const auto whole = ipv6(text))
    return refuse(text, fmt::format("has no port: write [{}]:PORT", *whole));
  return refuse(text, "is not HOST:PORT: an IPv6 address stands in brackets, as in [::1]:7000");
}

Result<std::string> host_without_brackets(const std::string& text, AddressUse use) {
  if (text == "*") {
    if (use == AddressUse::kListen) return text;
    return refuse(text, "stands for all interfaces of a machine that listens: give one address");
  }
  if (is_ipv4(text) || is_name(text)) return text;
  return refuse(text, "is not a host name or an IP address");
}

Result<std::string> bracketed(const std::string& text) {
  const std::string inner = text.substr(1, text.size() - 2);
  if (const auto address = ipv6(inner)) return *address;
  if (inner.find('%') != std::string::npos)
    return refuse(text, "has a zone id, which is not supported: give an address without '%'");
  return refuse(text, "is not an IPv6 address");
}

}  // namespace

Result<std::string> parse_host(const std::string& text, AddressUse use) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') return bracketed(text);
  if (auto address = ipv6(text)) return *address;
  return host_without_brackets(text, use);
}

Result<HostPort> parse_host_port(const std::string& text, AddressUse use) {
  const auto bracket = text.starts_with('[') ? text.rfind(']') : std::string::npos;
  const auto colon = text.rfind(':');
  if (bracket == std::string::npos && std::count(text.begin(), text.end(), ':') > 1)
    return bare_ipv6(text);
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon == bracket + 1);
  if (!has_port) return refuse(text, fmt::format("is not HOST:PORT, as in {}", example(use)));
  const std::string host = text.substr(0, colon);
  if (host.empty()) {
    return refuse(text, use == AddressUse::kListen
                            ? "names no host: write *" + text + " to listen on all interfaces"
                            : "names no host: write HOST" + text);
  }
  auto parsed = bracket == std::string::npos ? host_without_brackets(host, use) : bracketed(host);
  if (!parsed) return tl::unexpected(parsed.error());
  const auto port = port_of(std::string_view(text).substr(colon + 1));
  if (!port || (*port == 0 && use == AddressUse::kConnect)) {
    return refuse(text, fmt::format("has no valid port: write a number from {} to 65535 after the "
                                    "colon",
                                    use == AddressUse::kListen ? 0 : 1));
  }
  return HostPort{std::move(*parsed), *port};
}

bool is_ipv6(const std::string& host) { return host.find(':') != std::string::npos; }

bool is_loopback(const std::string& host) {
  return host == "::1" || host == "localhost" || (host.starts_with("127.") && is_ipv4(host));
}

bool is_any_interface(const std::string& host) {
  return host == "*" || host == "::" || host == "0.0.0.0";
}

std::string print(const HostPort& address) {
  if (is_ipv6(address.host)) return fmt::format("[{}]:{}", address.host, address.port);
  return fmt::format("{}:{}", address.host, address.port);
}

std::string http_url(const HostPort& address) { return "http://" + print(address); }

}  // namespace qstar
