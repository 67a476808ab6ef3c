#include "cli/sweep_grid.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace cli;
namespace {

using Texts = std::vector<std::string>;

std::vector<SweepAxis> axes(const Texts& texts) {
  std::vector<SweepAxis> made;
  for (const auto& text : texts) made.push_back(parse_axis(text).value());
  return made;
}

std::string refusal(const std::string& text) {
  const auto axis = parse_axis(text);
  REQUIRE_FALSE(axis);
  CHECK(axis.error().code == Errc::kUsage);
  return axis.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an axis is a range, a list or one value") {
  CHECK(parse_axis("seed=1..3").value() == SweepAxis{"seed", {"1", "2", "3"}});
  CHECK(parse_axis("seed=-1..1").value() == SweepAxis{"seed", {"-1", "0", "1"}});
  CHECK(parse_axis("seed=7..7").value() == SweepAxis{"seed", {"7"}});
  CHECK(parse_axis("rl.rate=0.1,0.02").value() == SweepAxis{"rl.rate", {"0.1", "0.02"}});
  CHECK(parse_axis("name=a..b").value() == SweepAxis{"name", {"a..b"}});
  CHECK(parse_axis("seed=9223372036854775806..9223372036854775807").value().values.size() == 2);
}

TEST_CASE("commas within quotes and brackets belong to a value") {
  CHECK(parse_axis("a=\"x,y\",z").value().values == Texts{"\"x,y\"", "z"});
  CHECK(parse_axis("a='x,y',[1,2],[3]").value().values == Texts{"'x,y'", "[1,2]", "[3]"});
  CHECK(parse_axis("a=[{name=\"x\",n=1}],[]").value().values == Texts{"[{name=\"x\",n=1}]", "[]"});
}

TEST_CASE("what is no axis is refused with its setting") {
  CHECK(has(refusal("seed"), "'seed' is not a setting"));
  CHECK(has(refusal("=1"), "'=1' is not a setting"));
  CHECK(has(refusal("seed="), "seed: a value is missing"));
  CHECK(has(refusal("seed=1,,2"), "seed: a value is missing"));
  CHECK(has(refusal("seed=5..1"), "the range is empty; write it as 1..5"));
  CHECK(has(refusal("seed=1,2,1"), "the value 1 appears twice"));
  CHECK(has(refusal("seed=0..1000000"), "more than 1000000 numbers"));
  CHECK(has(refusal("seed=1..18446744073709551615"), "these numbers are too large"));
  CHECK(has(refusal("seed=-9223372036854775808..9223372036854775807"), "more than 1000000"));
}

TEST_CASE("a grid has every combination, the last axis changing fastest") {
  const auto runs = sweep_grid(axes({"seed=1..2", "rl.algorithm=grpo,ppo", "rl.tokens=500"}));
  REQUIRE(runs);
  REQUIRE(runs->size() == 4);
  CHECK((*runs)[0].name == "seed-1_algorithm-grpo");
  CHECK((*runs)[0].overrides == Texts{"seed=1", "rl.algorithm=grpo", "rl.tokens=500"});
  CHECK((*runs)[1].name == "seed-1_algorithm-ppo");
  CHECK((*runs)[2].name == "seed-2_algorithm-grpo");
}

TEST_CASE("names of runs tell apart and are plain") {
  CHECK(sweep_grid(axes({"seed=3"})).value()[0].name == "run");
  CHECK(sweep_grid(axes({"a.size=1,2", "b.size=1,2"})).value()[3].name == "a.size-2_b.size-2");
  CHECK(sweep_grid(axes({"a=\"x/../y\",z"})).value()[0].name == "a-x-..-y");
  CHECK(sweep_grid(axes({"a=[x,y],z"})).value()[0].name == "a-x-y");
  const auto same = sweep_grid(axes({"a=x/y,x-y"}));
  REQUIRE_FALSE(same);
  CHECK(has(same.error().message, "both be named a-x-y"));
}

TEST_CASE("a grid without axes or with one key twice is refused") {
  CHECK(has(sweep_grid({}).error().message, "nothing to sweep"));
  CHECK(has(sweep_grid(axes({"seed=1", "seed=2"})).error().message, "seed appears twice"));
}

TEST_CASE("the size of a grid does not overflow") {
  CHECK(grid_size(axes({"a=1..5", "b=x,y"})) == 10);
  const SweepAxis wide{"a", Texts(1000, "")};
  CHECK(grid_size(std::vector<SweepAxis>(20, wide)) == 1'000'000'000'000'000'000u);
}

}  // namespace qstar
