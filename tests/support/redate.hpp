// Certificates that are not valid yet, or have expired.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <string>

#include "core/result.hpp"

namespace qstar {

constexpr long kDay = 86400;  // s

// Gives DIRECTORY/NAME.pem other dates, in seconds from now, and signs it again with the CA's key.
inline void redate(const std::string& directory, const std::string& name, long from, long until) {
  const auto open = [](const std::string& path, const char* mode) {
    std::FILE* file = std::fopen(path.c_str(), mode);
    QSTAR_ASSERT(file != nullptr, path);
    return file;
  };
  const std::string path = directory + "/" + name + ".pem";
  std::FILE* file = open(path, "r");
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  file = open(directory + "/ca.key", "r");
  EVP_PKEY* key = PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  QSTAR_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0, path);
  file = open(path, "w");
  QSTAR_ASSERT(PEM_write_X509(file, certificate) == 1, path);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace qstar
