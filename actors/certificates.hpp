// Certificates by which the processes of a run trust each other: a private CA and one certificate a
// node.
//
// EC P-256 keys, X.509 v3, made with OpenSSL. Whoever holds a certificate of the CA is fully
// trusted.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar {

struct CertificateOptions {
  std::vector<std::string> nodes = {"head", "worker"};
  int days = 365;  // of validity
};

// Writes ca.pem, ca.key and NODE.pem, NODE.key a node into the directory (made if need be); keys
// are readable by their owner alone. kIo: a file is there already (nothing is overwritten), or
// cannot be written.
Status make_certificates(const std::string& directory, const CertificateOptions& options);

struct TlsPaths {
  std::string ca, certificate, key;
};
// kMissingFile names the file and the remedy; kCorrupt: unreadable, not signed by the CA, expired,
// or the key belongs to another certificate.
Result<TlsPaths> find_certificates(const std::string& directory, const std::string& node);

}  // namespace qstar
