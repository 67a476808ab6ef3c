// Plain TCP sockets, used to find out why an address cannot be used, before a library is asked to
// use it: what libraries say of it is not fit for users, and some block without a limit.
#pragma once

#include <chrono>

#include "core/host_port.hpp"

namespace qstar {

// The numeric address to bind for a host to listen on: the first of a name's that is one of this
// machine. "*" becomes "::", which takes IPv4 connections as well, or "0.0.0.0" where there is no
// IPv6. kNetwork: no such host.
Result<HostPort> resolve_listen(const HostPort& address);

// Binds the address (numeric), listens, and closes it again. kBusy: the port is taken; kIo: it
// needs privileges; kUsage: the address is not one of this machine.
Status try_listen(const HostPort& address);
// The same words for an error of the system that somebody else met on binding.
Error listen_error(const HostPort& address, int system_error);

// Connects and closes the connection again; gives the numeric address that accepted it. kNetwork
// says whether the host is unknown, the connection was refused, the network is unreachable or the
// time ran out (per address of the host). Looking up a name is limited by the system alone. Do not
// let CAF connect to the same peer at once: CAF knows connections by their descriptors, and may
// take the end of this one for that of the next, which gets the same descriptor.
Result<HostPort> try_connect(const HostPort& address, std::chrono::milliseconds timeout);

}  // namespace qstar
