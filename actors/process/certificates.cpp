#include "actors/process/certificates.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "actors/process/x509.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::actors {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kLongestName = 64;  // X.509's limit for a common name

struct NewFile {
  std::string name, content;
  bool secret = false;
};

Status cannot_write(const std::string& path, int error) {
  if (error != EEXIST) return io_error("cannot write", path, error);
  return fail(Errc::kIo, fmt::format("cannot write {}: {}; nothing is overwritten: remove that "
                                     "file, or choose another name or directory",
                                     printable(path), std::strerror(error)));
}

// Never onto another file. 0, or the system's error; some file systems can do one and not the
// other.
int move(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

// A directory with what is being written into it: all files appear together, or nothing is left.
class Delivery {
 public:
  explicit Delivery(std::string directory) : directory_(std::move(directory)) {}
  ~Delivery() {
    std::error_code ignored;
    if (!draft_.empty()) fs::remove_all(draft_, ignored);
    if (delivered_) return;
    for (const auto& path : moved_) fs::remove(path, ignored);
    remove_empty_folders(made_);
  }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  Status deliver(const std::vector<NewFile>& files) {
    if (auto made = make_directories(); !made) return made;
    std::string draft = directory_ + "/.certificates-XXXXXX";
    if (::mkdtemp(draft.data()) == nullptr) return cannot_write(directory_, errno);
    draft_ = draft;
    ::chmod(draft_.c_str(), 0700);  // whatever the umask took away
    for (const auto& file : files) {
      auto written =
          write_new_file(draft_ + "/" + file.name, file.content, file.secret ? 0600 : 0644);
      if (!written) return written;
    }
    for (const auto& file : files) {
      const std::string path = directory_ + "/" + file.name;
      if (const int error = move(draft_ + "/" + file.name, path); error != 0)
        return cannot_write(path, error);
      moved_.push_back(path);
    }
    delivered_ = true;
    return {};
  }

 private:
  Status make_directories() {
    const auto error = make_folders(directory_, made_);
    if (!error) return {};
    return fail(Errc::kIo, fmt::format("cannot create the directory {}: {}", printable(directory_),
                                       error.message()));
  }

  std::string directory_, draft_;
  std::vector<std::string> moved_, made_;  // what is there because of us; the innermost first
  bool delivered_ = false;
};

bool is_letter_or_digit(unsigned char c) { return c < 0x80 && std::isalnum(c) != 0; }

Status check_request(const std::string& directory, const std::vector<std::string>& nodes) {
  if (directory.empty()) return fail(Errc::kUsage, "the name of the directory is empty");
  for (auto it = nodes.begin(); it != nodes.end(); ++it) {
    if (auto valid = check_node_name(*it); !valid) return valid;
    if (std::find(nodes.begin(), it, *it) != it)
      return fail(Errc::kUsage,
                  fmt::format("node {} is named twice: give every node a name of its own", *it));
  }
  return {};
}

// Adds NODE.key and NODE.pem.
void add_files(std::vector<NewFile>& files, const std::string& name, const x509::Issued& issued) {
  files.push_back({name + ".key", x509::pem(*issued.key), true});
  files.push_back({name + ".pem", x509::pem(*issued.certificate)});
}

Status add_nodes(std::vector<NewFile>& files, const CertificateOptions& options,
                 const x509::Issued& ca) {
  for (const auto& node : options.nodes) {
    const auto issued = x509::issue(node, options.days, &ca);
    if (!issued) return tl::unexpected(issued.error());
    add_files(files, node, *issued);
  }
  return {};
}

Status check_pair(const x509::Issued& pair, const std::string& certificate,
                  const std::string& key) {
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) == 1) return {};
  return fail(Errc::kCorrupt,
              fmt::format("{} is not the key of {}: copy both files again from where they were "
                          "made",
                          key, certificate));
}

// A certificate and its key, both sound.
Result<x509::Issued> read_pair(const std::string& certificate_path, const std::string& key_path) {
  auto certificate = x509::read_certificate(certificate_path);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = x509::read_key(key_path);
  if (!key) return tl::unexpected(key.error());
  if (auto safe = x509::check_private(key_path); !safe) return tl::unexpected(safe.error());
  x509::Issued pair{std::move(*key), std::move(*certificate)};
  if (auto fits = check_pair(pair, certificate_path, key_path); !fits)
    return tl::unexpected(fits.error());
  if (auto valid = x509::check_dates(*pair.certificate, certificate_path); !valid)
    return tl::unexpected(valid.error());
  return pair;
}

Status check_ca(const std::string& path, X509& ca) {
  if (X509_check_ca(&ca) == 1) return x509::check_dates(ca, path);
  return fail(Errc::kCorrupt,
              fmt::format("{} is not the certificate of a CA: copy ca.pem again from where "
                          "it was made",
                          path));
}

Result<x509::Issued> read_ca(const std::string& directory) {
  const std::string key = directory + "/ca.key";
  if (!is_there(key))
    return fail(Errc::kMissingFile,
                fmt::format("{} is missing: only the directory where the CA was made can issue "
                            "further certificates",
                            key));
  auto ca = read_pair(directory + "/ca.pem", key);
  if (!ca) return ca;
  if (auto valid = check_ca(directory + "/ca.pem", *ca->certificate); !valid)
    return tl::unexpected(valid.error());
  return ca;
}

// The nodes that have a certificate in the directory, for an error.
std::string nodes_in(const std::string& directory) {
  std::vector<std::string> nodes;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".pem" && it->path().stem() != "ca")
      nodes.push_back(printable(it->path().stem().string()));
  }
  std::sort(nodes.begin(), nodes.end());
  return fmt::format("{}", fmt::join(nodes, ", "));
}

Status check_presence(const std::string& directory, const std::string& node) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return fail(Errc::kMissingFile,
                fmt::format("there is no directory {}: make certificates with 'qstar certs {}'",
                            directory, directory));
  }
  const std::string nodes = nodes_in(directory);
  if (nodes.empty() || is_there(directory + "/" + node + ".pem")) return {};
  return fail(Errc::kMissingFile,
              fmt::format("{}/{}.pem is missing: there are certificates for {}; issue one with "
                          "'qstar certs DIR --node {}' where the CA was made",
                          directory, node, nodes, node));
}

}  // namespace

Status check_node_name(const std::string& name) {
  const bool valid = !name.empty() && name.size() <= kLongestName && is_letter_or_digit(name[0]) &&
                     std::all_of(name.begin(), name.end(),
                                 [](unsigned char c) {
                                   return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
                                 }) &&
                     name != "ca" && !name.ends_with(".pem") && !name.ends_with(".key");
  if (valid) return {};
  return fail(Errc::kUsage,
              fmt::format("'{}' is not a node name: use 1 to 64 letters, digits, '-', '_' and '.', "
                          "beginning with a letter or digit and not ending in .pem or .key; 'ca' "
                          "is the name of the CA",
                          printable(name.substr(0, kLongestName))));
}

Status make_certificates(const std::string& directory, const CertificateOptions& options) {
  if (auto valid = check_request(directory, options.nodes); !valid) return valid;
  const auto ca = x509::issue("qstar CA", options.days, nullptr);
  if (!ca) return tl::unexpected(ca.error());
  std::vector<NewFile> files;
  add_files(files, "ca", *ca);
  if (auto added = add_nodes(files, options, *ca); !added) return added;
  return Delivery(directory).deliver(files);
}

bool holds_ca(const std::string& directory) {
  return !directory.empty() && (is_there(directory + "/ca.pem") || is_there(directory + "/ca.key"));
}

Status add_certificates(const std::string& directory, const CertificateOptions& options) {
  if (auto valid = check_request(directory, options.nodes); !valid) return valid;
  const auto ca = read_ca(directory);
  if (!ca) return tl::unexpected(ca.error());
  std::vector<NewFile> files;
  if (auto added = add_nodes(files, options, *ca); !added) return added;
  return Delivery(directory).deliver(files);
}

Result<TlsPaths> find_certificates(const std::string& directory, const std::string& node) {
  if (auto valid = check_node_name(node); !valid) return tl::unexpected(valid.error());
  if (auto there = check_presence(directory, node); !there) return tl::unexpected(there.error());
  const TlsPaths paths{directory + "/ca.pem", directory + "/" + node + ".pem",
                       directory + "/" + node + ".key"};
  const auto ca = x509::read_certificate(paths.ca);
  if (!ca) return tl::unexpected(ca.error());
  if (auto valid = check_ca(paths.ca, **ca); !valid) return tl::unexpected(valid.error());
  const auto pair = read_pair(paths.certificate, paths.key);
  if (!pair) return tl::unexpected(pair.error());
  const x509::Key ca_key(X509_get_pubkey(ca->get()));
  if (X509_verify(pair->certificate.get(), ca_key.get()) == 1) return paths;
  return fail(Errc::kCorrupt,
              fmt::format("{} was not issued by {}: use certificates of one CA on all machines, "
                          "made with 'qstar certs DIR'",
                          paths.certificate, paths.ca));
}

}  // namespace qstar::actors
