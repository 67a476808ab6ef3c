#include "core/sockets.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace qstar {
namespace {

class Socket {
 public:
  explicit Socket(int family)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Error unknown_host(const HostPort& address, int code) {
  const char* why = code == EAI_AGAIN
                        ? "the name server did not answer; check the network, or give "
                          "an IP address"
                        : "no such host; check the name, or give an IP address";
  return {Errc::kNetwork, fmt::format("{}: {}", print(address), why)};
}

Result<Addresses> look_up(const HostPort& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int code = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); code != 0)
    return tl::unexpected(unknown_host(address, code));
  return Addresses(found);
}

HostPort numeric(const addrinfo& entry, std::uint16_t port) {
  char text[NI_MAXHOST] = "";
  ::getnameinfo(entry.ai_addr, entry.ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  return {text, port};
}

// 0, or the system's error.
int bind_error(const addrinfo& entry) {
  const Socket socket(entry.ai_family);
  if (socket.fd() < 0) return errno;
  const int yes = 1, no = 0;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(entry.ai_addr);
  // All interfaces are meant together: IPv4 comes in through the same socket.
  if (entry.ai_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr))
    ::setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  if (::bind(socket.fd(), entry.ai_addr, entry.ai_addrlen) != 0) return errno;
  return ::listen(socket.fd(), 1) == 0 ? 0 : errno;
}

bool has_ipv6() {
  const Socket socket(AF_INET6);
  const int no = 0;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  return socket.fd() >= 0 &&
         ::setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) == 0 &&
         ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0;
}

// Waits for a connection under way: 0, or the system's error.
int wait_connected(int fd, std::chrono::milliseconds timeout) {
  pollfd waiting{fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int connect_error(const addrinfo& entry, std::chrono::milliseconds timeout) {
  const Socket socket(entry.ai_family);
  if (socket.fd() < 0) return errno;
  if (::connect(socket.fd(), entry.ai_addr, entry.ai_addrlen) == 0) return 0;
  return errno == EINPROGRESS ? wait_connected(socket.fd(), timeout) : errno;
}

Error cannot_connect(const HostPort& address, int system_error, std::chrono::milliseconds timeout) {
  const auto name = print(address);
  switch (system_error) {
    case ECONNREFUSED:
      return {Errc::kNetwork,
              fmt::format("{}: connection refused; nothing listens on that port", name)};
    case ETIMEDOUT:
      return {Errc::kNetwork,
              fmt::format("{}: no answer within {} s; is the machine on, and does a firewall let "
                          "this port through?",
                          name, static_cast<double>(timeout.count()) / 1e3)};
    case ENETUNREACH:
    case EHOSTUNREACH:
      return {Errc::kNetwork, fmt::format("{}: no route to that host; check the network", name)};
    default: return {Errc::kNetwork, fmt::format("{}: {}", name, std::strerror(system_error))};
  }
}

}  // namespace

Error listen_error(const HostPort& address, int system_error) {
  const auto name = print(address);
  switch (system_error) {
    case EADDRINUSE:
      return {Errc::kBusy, fmt::format("cannot listen on {}: another process uses that port; "
                                       "choose another, or 0 for any free one",
                                       name)};
    case EACCES:
    case EPERM:
      return {Errc::kIo, fmt::format("cannot listen on {}: ports below 1024 usually need "
                                     "privileges; choose one from 1024 to 65535",
                                     name)};
    case EADDRNOTAVAIL:
    case EINVAL:
    case EAFNOSUPPORT:
      return {Errc::kUsage, fmt::format("cannot listen on {}: that address is not one of this "
                                        "machine; 'ip address' lists them, * means all of them",
                                        name)};
    default:
      return {Errc::kIo, fmt::format("cannot listen on {}: {}", name, std::strerror(system_error))};
  }
}

Result<HostPort> resolve_listen(const HostPort& address) {
  if (address.host == "*") return HostPort{has_ipv6() ? "::" : "0.0.0.0", address.port};
  const auto found = look_up(address);
  if (!found) return tl::unexpected(found.error());
  for (const addrinfo* entry = found->get(); entry != nullptr; entry = entry->ai_next) {
    const int error = bind_error(*entry);
    if (error != EADDRNOTAVAIL && error != EAFNOSUPPORT) return numeric(*entry, address.port);
  }
  return numeric(**found, address.port);
}

Status try_listen(const HostPort& address) {
  const auto found = look_up(address);
  if (!found) return tl::unexpected(found.error());
  if (const int error = bind_error(**found); error != 0)
    return tl::unexpected(listen_error(address, error));
  return {};
}

Result<HostPort> try_connect(const HostPort& address, std::chrono::milliseconds timeout) {
  const auto found = look_up(address);
  if (!found) return tl::unexpected(found.error());
  int error = 0;
  for (const addrinfo* entry = found->get(); entry != nullptr; entry = entry->ai_next) {
    const int latest = connect_error(*entry, timeout);
    if (latest == 0) return numeric(*entry, address.port);
    // What the first address says counts, but a refusal says more than a missing route.
    if (error == 0 || latest == ECONNREFUSED) error = latest;
  }
  return tl::unexpected(cannot_connect(address, error, timeout));
}

}  // namespace qstar
