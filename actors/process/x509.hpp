// The little of OpenSSL that certificates need: keys, certificates, and reading them from files.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "core/result.hpp"

namespace qstar::actors::x509 {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

struct Issued {
  Key key;
  Certificate certificate;
};
// A key and its certificate, valid from five minutes ago for `days` days; signed by `issuer`, or
// by itself when there is none: that is a CA. kIo when OpenSSL cannot.
Result<Issued> issue(const std::string& name, int days, const Issued* issuer);

// PEM files. kMissingFile; kCorrupt: empty, too large, not a regular file, or not what it should
// be.
Result<Certificate> read_certificate(const std::string& path);
Result<Key> read_key(const std::string& path);

// kCorrupt with both dates unless the certificate in that file is valid now.
Status check_dates(const X509& certificate, const std::string& path);
// kConfig when anybody but its owner may read the file.
Status check_private(const std::string& path);

// The parts as PEM text; empty when OpenSSL cannot.
std::string pem(const X509& certificate);
std::string pem(const EVP_PKEY& key);

}  // namespace qstar::actors::x509
