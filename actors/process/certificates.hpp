// Certificates by which the processes of a run trust each other: a private certificate authority
// (CA) and one certificate per node.
//
// EC P-256 keys, X.509 v3, made with OpenSSL. Every holder of a certificate of the CA is fully
// trusted.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar::actors {

struct CertificateOptions {
  std::vector<std::string> nodes = {"head", "worker"};
  int days = 365;  // of validity
};

// Makes a new CA: writes ca.pem, ca.key and per node NODE.pem, NODE.key into the directory, which
// is created if necessary; only their owner can read the keys. All files are written, or none.
// kUsage: a name is not a node's, or is there twice; kIo: a file is there already (nothing is
// overwritten), or cannot be written.
Status make_certificates(const std::string& directory, const CertificateOptions& options);

// Whether the directory holds a CA, or part of one.
bool holds_ca(const std::string& directory);
// Issues certificates for further nodes with the CA in that directory; what is there stays as it
// is. Errors as above; kMissingFile: ca.key is not there.
Status add_certificates(const std::string& directory, const CertificateOptions& options);

struct TlsPaths {
  std::string ca, certificate, key;
};
// The files of a node, checked. Each error names the file and the remedy. kUsage: not a node's
// name; kMissingFile; kCorrupt: empty, unreadable, out of date, of another CA or another key;
// kConfig: other users can read the key.
Result<TlsPaths> find_certificates(const std::string& directory, const std::string& node);

// A node's name is part of file names: 1 to 64 letters, digits, "-", "_" and ".", a letter or digit
// first; not "ca", and not the name of a file of keys (*.pem, *.key). kUsage, stating the rule.
Status check_node_name(const std::string& name);

}  // namespace qstar::actors
