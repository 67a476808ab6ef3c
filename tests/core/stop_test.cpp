// What may tell work to stop: nothing, a flag, a function.
#include "core/stop.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

TEST_CASE("work is told to stop by nothing, a flag or a function", "[stop]") {
  CHECK_FALSE(Stop()());
  CHECK_FALSE(Stop().is_possible());

  std::atomic<bool> flag = false;
  const Stop by_flag = flag, copy = by_flag;
  CHECK(by_flag.is_possible());
  CHECK_FALSE(copy());
  flag = true;
  CHECK(by_flag());
  CHECK(copy());

  int asked = 0;
  const Stop by_function = [&asked] { return ++asked > 1; };
  CHECK_FALSE(by_function());
  CHECK(by_function());
}

}  // namespace
}  // namespace qstar
