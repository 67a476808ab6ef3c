#include "actors/certificates.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

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
  CHECK(made.error().code == Errc::kIo);
  CHECK(std::filesystem::is_empty(folder.path("certs")));
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
