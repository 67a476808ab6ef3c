#include "actors/certificates.hpp"

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
