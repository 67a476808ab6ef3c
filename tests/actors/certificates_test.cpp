#include "actors/process/certificates.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <set>

#include "actors/process/x509.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/redate.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.insert(entry.path().filename().string());
  return names;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Error refusal(const std::string& directory, const std::string& node = "head") {
  const auto found = find_certificates(directory, node);
  REQUIRE_FALSE(found);
  return found.error();
}

}  // namespace

TEST_CASE("certificates are made once, private, and found again", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  REQUIRE(make_certificates(path, {{"head", "gpu-1"}, 30}));
  for (const auto* node : {"head", "gpu-1"}) {
    const auto tls = find_certificates(path, node);
    REQUIRE(tls);
    struct stat status {};
    REQUIRE(::stat(tls->key.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  const auto again = make_certificates(path, {{"head"}, 30});
  REQUIRE_FALSE(again);
  CHECK(again.error().message.find(path) != std::string::npos);
  CHECK(find_certificates(path, "head"));
}

TEST_CASE("a key is private from its first moment", "[certificates]") {
  const TemporaryFolder folder;
  // The first mask takes nothing away; the second shows that the mode is the one of opening, since
  // a later chmod would not heed it.
  std::filesystem::create_directories(folder.path("certs"));
  const auto [mask, mode] = GENERATE(table<mode_t, mode_t>({{0000, 0600}, {0200, 0400}}));
  const mode_t before = ::umask(mask);
  const auto made = make_certificates(folder.path("certs"), {{"head"}, 30});
  ::umask(before);
  REQUIRE(made);
  for (const auto* name : {"/ca.key", "/head.key"}) {
    struct stat status {};
    REQUIRE(::stat((folder.path("certs") + name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == mode);
  }
}

TEST_CASE("a certificate that is not written whole is an error, and leaves nothing",
          "[certificates]") {
  const TemporaryFolder folder;
  const auto before_signal = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  const auto made = make_certificates(folder.path("certs"), {});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, before_signal);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::kDiskFull);
  CHECK_FALSE(std::filesystem::exists(folder.path("certs")));
  CHECK(make_certificates(folder.path("certs"), {}));
}

TEST_CASE("what cannot be trusted is refused by name", "[certificates]") {
  const TemporaryFolder folder;
  const auto ours = folder.path("ours"), theirs = folder.path("theirs");
  REQUIRE(make_certificates(ours, {}));
  REQUIRE(make_certificates(theirs, {}));
  const auto missing = find_certificates(ours, "nobody");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kMissingFile);
  CHECK(missing.error().message.find("nobody") != std::string::npos);

  CHECK(has(missing.error().message, "head, worker"));  // the nodes that are there

  const auto replace = [&](const std::string& name, const std::string& from) {
    std::filesystem::copy_file(from, ours + "/" + name,
                               std::filesystem::copy_options::overwrite_existing);
  };
  std::filesystem::copy(ours, folder.path("spare"));
  replace("head.key", theirs + "/head.key");
  CHECK(find_certificates(ours, "head").error().code == Errc::kCorrupt);
  replace("head.pem", theirs + "/head.pem");  // a fitting pair of another CA
  CHECK(find_certificates(ours, "head").error().code == Errc::kCorrupt);
  replace("head.pem", folder.path("spare") + "/head.pem");
  replace("head.key", folder.path("spare") + "/head.key");
  CHECK(find_certificates(ours, "head"));
  std::ofstream(ours + "/head.pem", std::ios::trunc) << "garbage";
  CHECK(find_certificates(ours, "head").error().code == Errc::kCorrupt);
}

TEST_CASE("a certificate or CA out of date is refused with its dates", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  REQUIRE(make_certificates(path, {}));
  redate(path, "head", -2 * kDay, 2 * kDay);
  CHECK(find_certificates(path, "head"));
  redate(path, "head", kDay, 2 * kDay);
  CHECK(has(refusal(path).message, path + "/head.pem is not valid yet"));
  CHECK(has(refusal(path).message, " UTC to 20"));
  redate(path, "head", -2 * kDay, -kDay);
  CHECK(refusal(path).code == Errc::kCorrupt);
  CHECK(has(refusal(path).message, path + "/head.pem has expired"));
  CHECK(find_certificates(path, "worker"));
  redate(path, "ca", -2 * kDay, -kDay);
  CHECK(has(refusal(path, "worker").message, path + "/ca.pem has expired"));
  redate(path, "ca", kDay, 2 * kDay);
  CHECK(has(refusal(path, "worker").message, path + "/ca.pem is not valid yet"));
  CHECK(has(add_certificates(path, {{"late"}}).error().message, "not valid yet"));
}

TEST_CASE("every damaged file is blamed by its own name", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  REQUIRE(make_certificates(path, {}));
  const auto [name, content, words] = GENERATE(table<std::string, std::string, std::string>(
      {{"head.key", "", "is empty"},
       {"head.pem", "", "is empty"},
       {"ca.pem", "", "is empty"},
       {"head.key", "no key", "holds no private key"},
       {"head.pem", "no certificate", "holds no certificate"},
       {"ca.pem", std::string(2 << 20, 'x'), "is too large"},
       {"head.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "holds no private key in PEM format without a passphrase"}}));
  std::ofstream(path + "/" + name, std::ios::trunc) << content;
  CHECK(refusal(path).code == Errc::kCorrupt);
  CHECK(has(refusal(path).message, path + "/" + name + " " + words));
  std::filesystem::remove(path + "/" + name);
  std::filesystem::create_directory(path + "/" + name);
  CHECK(has(refusal(path).message, path + "/" + name + " is not a file"));
  std::filesystem::remove(path + "/" + name);
  CHECK(refusal(path).code == Errc::kMissingFile);
  CHECK(has(refusal(path).message, path + "/" + name + " is missing"));
}

TEST_CASE("a key of another certificate and a foreign CA have different errors", "[certificates]") {
  const TemporaryFolder folder;
  const auto ours = folder.path("ours"), theirs = folder.path("theirs");
  REQUIRE(make_certificates(ours, {}));
  REQUIRE(make_certificates(theirs, {}));
  const auto copy = [&](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  };
  copy(ours + "/head.pem", folder.path("head.pem"));
  copy(theirs + "/ca.pem", ours + "/ca.pem");
  CHECK(has(refusal(ours).message, "head.pem was not issued by " + ours + "/ca.pem"));
  copy(ours + "/worker.key", ours + "/head.key");
  CHECK(has(refusal(ours).message, "head.key is not the key of " + ours + "/head.pem"));
  copy(ours + "/worker.pem", ours + "/ca.pem");
  CHECK(has(refusal(ours).message, "ca.pem is not the certificate of a CA"));
}

TEST_CASE("a key that others can read is refused with the command to run", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  REQUIRE(make_certificates(path, {}));
  for (const mode_t mode : {0640, 0604, 0660, 0610}) {
    REQUIRE(::chmod((path + "/head.key").c_str(), mode) == 0);
    CHECK(refusal(path).code == Errc::kConfig);
    CHECK(has(refusal(path).message, "chmod 600 " + path + "/head.key"));
  }
  REQUIRE(::chmod((path + "/head.key").c_str(), 0400) == 0);
  CHECK(find_certificates(path, "head"));
  REQUIRE(::chmod((path + "/ca.key").c_str(), 0644) == 0);
  CHECK(has(add_certificates(path, {{"late"}}).error().message, "chmod 600 " + path + "/ca.key"));
}

TEST_CASE("only names of nodes become files", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  for (const auto& name :
       {std::string("../v2"), std::string(), std::string("."), std::string(".."),
        std::string(".hidden"), std::string("a/b"), std::string("a b"), std::string("a\nb"),
        std::string("g\xc3\xbc"), std::string("ca"), std::string("ca.pem"), std::string("gpu1.key"),
        std::string("-x"), std::string(65, 'a'), std::string("a\0b", 3)}) {
    const auto made = make_certificates(path, {{"head", name}});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::kUsage);
    CHECK(find_certificates(path, name).error().code == Errc::kUsage);
  }
  CHECK(has(make_certificates(path, {{"a", "b", "a"}}).error().message, "a is named twice"));
  CHECK(make_certificates("", {}).error().code == Errc::kUsage);
  CHECK(std::filesystem::is_empty(folder.path("")));
  REQUIRE(make_certificates(path, {{"gpu-1.rack_2", std::string(64, 'a')}}));
  CHECK(find_certificates(path, "gpu-1.rack_2"));
}

TEST_CASE("a node is added later, and all else stays as it was", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  CHECK_FALSE(holds_ca(path));
  REQUIRE(make_certificates(path, {}));
  REQUIRE(holds_ca(path));
  std::map<std::string, std::string> before;
  for (const auto& name : names_in(path)) before[name] = text_of(path + "/" + name);
  REQUIRE(add_certificates(path, {{"gpu3", "gpu4"}}));
  for (const auto& [name, text] : before) CHECK(text_of(path + "/" + name) == text);
  CHECK(names_in(path).size() == before.size() + 4);
  CHECK(find_certificates(path, "gpu3"));
  CHECK(find_certificates(path, "gpu4"));

  // gpu3 is there already: gpu5 is not left behind.
  const auto again = add_certificates(path, {{"gpu5", "gpu3"}});
  REQUIRE_FALSE(again);
  CHECK(has(again.error().message, "gpu3"));
  CHECK(names_in(path).size() == before.size() + 4);

  std::filesystem::remove(path + "/ca.key");
  const auto without = add_certificates(path, {{"gpu5"}});
  REQUIRE_FALSE(without);
  CHECK(without.error().code == Errc::kMissingFile);
  CHECK(has(without.error().message, path + "/ca.key is missing"));
}

TEST_CASE("no certificate outlives its CA", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("certs");
  REQUIRE(make_certificates(path, {.days = 10}));
  REQUIRE(add_certificates(path, {.nodes = {"late"}, .days = 300}));
  const auto end_of = [&](const char* name) {
    const auto certificate = x509::read_certificate(path + "/" + name);
    REQUIRE(certificate);
    const ASN1_TIME* end = X509_get0_notAfter(certificate->get());
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(end)));
  };
  CHECK(end_of("late.pem") == end_of("ca.pem"));
}

TEST_CASE("what was there before stays when making certificates fails", "[certificates]") {
  const TemporaryFolder folder;
  const auto path = folder.path("deep/down/certs");
  REQUIRE(make_certificates(path, {}));
  const auto taken = folder.path("taken");
  std::filesystem::create_directory(taken);
  std::ofstream(taken + "/worker.key") << "somebody else's";
  const auto made = make_certificates(taken, {});
  REQUIRE_FALSE(made);
  CHECK(has(made.error().message, taken + "/worker.key"));
  CHECK(names_in(taken) == std::set<std::string>{"worker.key"});
  CHECK(text_of(taken + "/worker.key") == "somebody else's");
  std::ofstream(folder.path("file")) << "a file";
  CHECK_FALSE(make_certificates(folder.path("file"), {}));
  CHECK_FALSE(make_certificates(folder.path("file/below"), {}));
  CHECK(text_of(folder.path("file")) == "a file");
}
