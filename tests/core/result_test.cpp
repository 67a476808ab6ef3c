#include "core/result.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("every code has a name of its own and a documented exit code") {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(Errc::kInterrupted); ++i) {
    const auto code = static_cast<Errc>(i);
    REQUIRE(to_string(code) != "unknown");
    names.insert(to_string(code));
    REQUIRE(errc_from_string(to_string(code)) == code);
    REQUIRE(exit_code(code) != 0);
    REQUIRE(exit_code(code) != 1);
  }
  REQUIRE(names.size() == static_cast<std::size_t>(Errc::kInterrupted));
  REQUIRE(errc_from_string("no such code") == Errc::kActorFailed);
  REQUIRE(exit_code(Errc::kConfig) == 2);
  REQUIRE(exit_code(Errc::kBadProblem) == 2);
  REQUIRE(exit_code(Errc::kCorrupt) == 3);
  REQUIRE(exit_code(Errc::kDiskFull) == 4);
  REQUIRE(exit_code(Errc::kNetwork) == 5);
  REQUIRE(exit_code(Errc::kActorFailed) == 6);
  REQUIRE(exit_code(Errc::kInterrupted) == 130);
}

TEST_CASE("a failure carries its code and message") {
  const Status status = fail(Errc::kBusy, "run/: another process holds it");
  REQUIRE_FALSE(status);
  REQUIRE(status.error().code == Errc::kBusy);
  REQUIRE(status.error().message == "run/: another process holds it");
}
