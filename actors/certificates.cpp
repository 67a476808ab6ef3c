#include "actors/certificates.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace qstar {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Key new_key() { return Key(EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  if (X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value)) {
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
}

// Signed by `issuer` (itself for a CA).
Certificate new_certificate(const std::string& name, EVP_PKEY* key, X509* issuer,
                            EVP_PKEY* issuer_key, int days) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1 | 1);
  // Clocks of other machines may be a little behind.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -300);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * days);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  add_extension(certificate.get(), signer, NID_basic_constraints,
                issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate.get(), signer, NID_key_usage,
                issuer == nullptr ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  return X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0 ? std::move(certificate)
                                                                    : nullptr;
}

File create(const std::string& path, bool secret) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
  return File(fd < 0 ? nullptr : ::fdopen(fd, "w"));
}

Status write_pair(const std::string& directory, const std::string& name, X509* certificate,
                  EVP_PKEY* key) {
  const std::string key_path = directory + "/" + name + ".key",
                    certificate_path = directory + "/" + name + ".pem";
  const File key_file = create(key_path, true);
  const File certificate_file = key_file ? create(certificate_path, false) : nullptr;
  if (certificate_file &&
      PEM_write_PrivateKey(key_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      PEM_write_X509(certificate_file.get(), certificate) == 1 &&
      std::fflush(key_file.get()) == 0 && std::fflush(certificate_file.get()) == 0) {
    return {};
  }
  std::error_code ignored;  // what was made here goes; what was there already stays
  if (key_file) fs::remove(key_path, ignored);
  if (certificate_file) fs::remove(certificate_path, ignored);
  return fail(
      Errc::kIo,
      fmt::format("cannot write {} or {}: is one there already, the directory not writable, or "
                  "the disk full? choose another directory",
                  key_path, certificate_path));
}

Certificate read_certificate(const std::string& path) {
  const File file(std::fopen(path.c_str(), "r"));
  return Certificate(file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

Key read_key(const std::string& path) {
  const File file(std::fopen(path.c_str(), "r"));
  return Key(file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

}  // namespace

Status make_certificates(const std::string& directory, const CertificateOptions& options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(Errc::kIo, fmt::format("cannot make {}: {}", directory, error.message()));
  const Key ca_key = new_key();
  const Certificate ca =
      ca_key ? new_certificate("qstar CA", ca_key.get(), nullptr, ca_key.get(), options.days)
             : nullptr;
  if (!ca) return fail(Errc::kIo, "OpenSSL could not make a certificate authority");
  if (auto written = write_pair(directory, "ca", ca.get(), ca_key.get()); !written) return written;
  for (const auto& node : options.nodes) {
    const Key key = new_key();
    const Certificate certificate =
        key ? new_certificate(node, key.get(), ca.get(), ca_key.get(), options.days) : nullptr;
    if (!certificate) return fail(Errc::kIo, "OpenSSL could not make a certificate for " + node);
    if (auto written = write_pair(directory, node, certificate.get(), key.get()); !written)
      return written;
  }
  return {};
}

Result<TlsPaths> find_certificates(const std::string& directory, const std::string& node) {
  const TlsPaths paths{directory + "/ca.pem", directory + "/" + node + ".pem",
                       directory + "/" + node + ".key"};
  for (const auto& path : {paths.ca, paths.certificate, paths.key}) {
    if (!fs::exists(path)) {
      return fail(Errc::kMissingFile,
                  fmt::format("{} is missing: make certificates with 'qstar certs DIR'", path));
    }
  }
  const Certificate ca = read_certificate(paths.ca),
                    certificate = read_certificate(paths.certificate);
  const Key key = read_key(paths.key), ca_key(ca ? X509_get_pubkey(ca.get()) : nullptr);
  const char* wrong = nullptr;
  if (!ca || !certificate || !key)
    wrong = "is unreadable";
  else if (X509_verify(certificate.get(), ca_key.get()) != 1)
    wrong = "is not signed by ca.pem beside it";
  else if (X509_check_private_key(certificate.get(), key.get()) != 1)
    wrong = "does not belong to the key beside it";
  else if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0)
    wrong = "has expired";
  if (wrong == nullptr) return paths;
  return fail(Errc::kCorrupt, fmt::format("{} {}: make certificates anew with 'qstar certs DIR'",
                                          paths.certificate, wrong));
}

}  // namespace qstar
