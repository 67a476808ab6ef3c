#include "actors/process/x509.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace qstar::actors::x509 {
namespace {

constexpr off_t kLargest = 1 << 20;  // bytes of a PEM file; larger ones are something else

using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  if (X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value)) {
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
}

Certificate unsigned_certificate(const std::string& name, EVP_PKEY* key, int days) {
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
  return certificate;
}

// OpenSSL would otherwise ask the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

tl::unexpected<Error> damaged(const std::string& path, const std::string& what) {
  return fail(Errc::kCorrupt, fmt::format("{} {}; make certificates with 'qstar certs DIR', or "
                                          "copy this file again from where they were made",
                                          path, what));
}

Result<File> open(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return fail(Errc::kMissingFile,
                  fmt::format("{} is missing; make certificates with 'qstar certs DIR'", path));
    return fail(Errc::kIo, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return damaged(path, "is not a file");
  if (status.st_size == 0) return damaged(path, "is empty");
  if (status.st_size > kLargest) return damaged(path, "is too large to be a PEM file");
  File file(std::fopen(path.c_str(), "re"));
  if (!file) return fail(Errc::kIo, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  return file;
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", parts);
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<Issued> issue(const std::string& name, int days, const Issued* issuer) {
  const auto failed = fail(Errc::kIo, "OpenSSL could not make a certificate for " + name);
  Issued made{Key(EVP_EC_gen("P-256")), nullptr};
  if (!made.key) return failed;
  made.certificate = unsigned_certificate(name, made.key.get(), days);
  X509* own = made.certificate.get();
  X509* signer = issuer == nullptr ? own : issuer->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(signer));
  // A certificate is of no use after its CA has expired.
  if (ASN1_TIME_compare(X509_get0_notAfter(own), X509_get0_notAfter(signer)) > 0)
    X509_set1_notAfter(own, X509_get0_notAfter(signer));
  add_extension(own, signer, NID_basic_constraints,
                issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(own, signer, NID_key_usage,
                issuer == nullptr ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  EVP_PKEY* key = issuer == nullptr ? made.key.get() : issuer->key.get();
  if (X509_sign(own, key, EVP_sha256()) <= 0) return failed;
  return made;
}

Result<Certificate> read_certificate(const std::string& path) {
  const auto file = open(path);
  if (!file) return tl::unexpected(file.error());
  Certificate certificate(PEM_read_X509(file->get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return damaged(path, "holds no certificate in PEM format");
  return certificate;
}

Result<Key> read_key(const std::string& path) {
  const auto file = open(path);
  if (!file) return tl::unexpected(file.error());
  Key key(PEM_read_PrivateKey(file->get(), nullptr, no_passphrase, nullptr));
  if (!key) return damaged(path, "holds no private key in PEM format without a passphrase");
  return key;
}

Status check_dates(const X509& certificate, const std::string& path) {
  const ASN1_TIME *from = X509_get0_notBefore(&certificate),
                  *until = X509_get0_notAfter(&certificate);
  const std::string range = fmt::format("it is valid from {} to {}", date_of(from), date_of(until));
  if (X509_cmp_current_time(from) >= 0) {
    return fail(Errc::kCorrupt,
                fmt::format("{} is not valid yet: {}; check this machine's clock, or make "
                            "certificates with 'qstar certs DIR'",
                            path, range));
  }
  if (X509_cmp_current_time(until) > 0) return {};
  return fail(Errc::kCorrupt, fmt::format("{} has expired: {}; make new certificates with 'qstar "
                                          "certs DIR' in another directory",
                                          path, range));
}

Status check_private(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return {};
  return fail(Errc::kConfig, fmt::format("other users can read the private key {} (mode {:04o}); "
                                         "run: chmod 600 {}",
                                         path, status.st_mode & 07777U, path));
}

std::string pem(const X509& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_X509(bio.get(), &certificate) == 1 ? text_of(bio.get()) : "";
}

std::string pem(const EVP_PKEY& key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  const bool written =
      bio && PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return written ? text_of(bio.get()) : "";
}

}  // namespace qstar::actors::x509
