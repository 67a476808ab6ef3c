// A setting of an environment has an effect or is refused, and what is printed is what is used.
#include <catch2/catch.hpp>

#include "tests/support/environment_config.hpp"

namespace qstar {
using namespace environment;
namespace {

EnvironmentConfig read(std::string_view toml, const std::vector<std::string>& overrides = {}) {
  EnvironmentConfig config;
  const auto ok = parse_config(toml, "test", overrides, describe_of(config));
  REQUIRE((ok ? "" : ok.error().message) == std::string());
  return config;
}

std::string printed(EnvironmentConfig config) { return print_config(describe_of(config)); }

// What make_environment or make_puzzle says about the settings; "made" when it has no objection.
std::string verdict(const EnvironmentConfig& config) {
  if (is_text(config.name)) {
    const auto made = make_environment(config);
    return made ? "made" : made.error().message;
  }
  const auto made = make_puzzle(config);
  return made ? "made" : made.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("settings: a preset fills, and keys beside it or after it change single values") {
  const auto b = read("family = 'B'");
  CHECK(b.family == "B");
  CHECK(b.max_products == 2);
  CHECK(b.max_value == 99);
  const auto changed = read("max_value = 60\nfamily = 'B'");
  CHECK(changed.family == "custom");
  CHECK(changed.max_products == 2);
  CHECK(changed.max_value == 60);
  const auto five = read("", {"operator_counts=5"});
  CHECK(five.family == "custom");
  CHECK(five.operator_counts == std::vector<std::int64_t>{5});
  CHECK(five.max_value == 40);
  CHECK(read("family = 'B'", {"operator_counts=5"}).max_products == 2);
  CHECK(read("family = 'B'", {"operator_counts=5", "family=hard"}) == read("family = 'hard'"));
  // Values that are the preset's own change nothing.
  CHECK(read("family = 'B'\nmax_value = 99").family == "B");
  // Without a preset the settings are as they are given.
  const auto sums = read("family = 'custom'\noperators = '+-'\nmax_value = 18");
  CHECK(sums.operators == "+-");
  CHECK(sums.operator_counts == std::vector<std::int64_t>{2, 3, 3, 4, 4});
}

TEST_CASE("settings: the order of words on a command line does not matter") {
  const std::vector<std::string> words = {"environment.operator_counts=5", "seed=3",
                                          "environment.family=B", "environment.name=arithmetic"};
  const auto ordered = environment_overrides(words, "environment.");
  CHECK(ordered == std::vector<std::string>{"environment.name=arithmetic", "environment.family=B",
                                            "environment.operator_counts=5", "seed=3"});
  const std::vector<std::string> bare = {"operator_counts=5", "family=B"};
  const auto config = read("", environment_overrides(bare));
  CHECK(config.operator_counts == std::vector<std::int64_t>{5});
  CHECK(config.max_products == 2);
}

TEST_CASE("settings: what is printed is what is used") {
  for (const auto& name : environment_names()) {
    for (const bool large : {false, true}) {
      const auto config = environment_config(name, large);
      INFO(printed(config));
      CHECK(read(printed(config)) == config);
      CHECK(verdict(config) == "made");
    }
  }
  for (const std::string family : {"C", "B", "hard"}) {
    EnvironmentConfig assigned;  // in code, with the other fields as they were
    assigned.family = family;
    CHECK(read(printed(assigned)) == read("family = '" + family + "'"));
  }
  auto five = read("family = 'hard'", {"operator_counts=5"});
  CHECK(read(printed(five)) == five);
  Rng rng(1);
  const auto environment = make_environment(five).value();
  for (int i = 0; i < 20; ++i) {
    const auto problem = environment->sample_problem(rng, Split::kHeldOut);
    CHECK(std::count_if(problem.begin(), problem.end(), [](char c) {
            return std::string_view("+-*/").find(c) != std::string_view::npos;
          }) == 5);
  }
}

// A value that is not the default, of every setting but the name.
const std::vector<std::string> kGiven = {
    "family=custom",  "operators=+", "min_operand=2", "max_operand=8", "operator_counts=3",
    "max_products=2", "min_value=1", "max_value=39",  "parentheses=1", "long_work=true",
    "size=5",         "turns=2",     "repeats=true",  "chase=true"};

// As versions that ignored the settings beside a preset wrote it.
std::string written_earlier(const std::string& family) {
  auto text = printed(read("family = 'custom'"));
  const std::string custom = "\"custom\"";
  return text.replace(text.find(custom), custom.size(), '"' + family + '"');
}

TEST_CASE("settings: files of earlier versions are not misread") {
  CHECK(read(written_earlier("C")) == read(""));  // its values are C's own
  for (const std::string family : {"B", "hard"}) {
    auto old = read(written_earlier(family));
    CHECK(contains(verdict(old), "environment.family = \"" + family + "\" stands beside"));
    CHECK(contains(verdict(old), "family = \"custom\""));
    CHECK(old == read(printed(old)));
    old.settle();  // a model file's metadata
    CHECK(old == read("family = '" + family + "'"));
    CHECK(verdict(old) == "made");
    // An override settles it, too.
    CHECK(read(written_earlier(family), {"family=custom"}).max_value == 40);
  }
}

TEST_CASE("settings: a model's metadata are read as they were used") {
  for (const auto& name : environment_names()) {
    auto idle = read("name = '" + name + "'", kGiven);
    const bool puzzle = name != "arithmetic";
    idle.settle();
    CHECK(verdict(idle).find("no effect") == std::string::npos);
    CHECK(idle.long_work != puzzle);
    CHECK((idle.family == "custom") != puzzle);
    CHECK((idle.turns == 2) == (name == "cube3" || name == "lights_out"));
    CHECK((idle.size == 5) == puzzle);
  }
}

TEST_CASE("settings: the metadata of models of earlier versions are still read") {
  // Operator counts were text.
  const auto with = [](const std::string& counts) {
    auto text = printed(read("", {"max_value=60"}));
    const std::string list = "[2, 3, 3, 4, 4]";
    return text.replace(text.find(list), list.size(), counts);
  };
  const auto old = read_metadata(with("\"2,5\""), "old.safetensors");
  REQUIRE(old.has_value());
  CHECK(old->operator_counts == std::vector<std::int64_t>{2, 5});
  CHECK(old->max_value == 60);
  CHECK(verdict(*old) == "made");
  CHECK(read_metadata(with("[2, 5]"), "new.safetensors").value() == *old);
  CHECK(read_metadata("", "", {.name = "pancake"})->name == "pancake");
  const auto damaged = read_metadata(with("\"2,x\""), "bad.safetensors");
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().message.starts_with("bad.safetensors:"));
  // Only metadata are: a configuration is refused with the list to write.
  EnvironmentConfig config;
  const auto refused = parse_config(with("\"2,5\""), "config.toml", {}, describe_of(config));
  REQUIRE_FALSE(refused.has_value());
  CHECK(contains(refused.error().message, "write operator_counts = [2, 5]"));
}

TEST_CASE("settings: an edited copy of a printed configuration is not ignored") {
  auto text = printed(read(""));
  text.replace(text.find("2, 3, 3, 4, 4"), 13, "5");
  CHECK(contains(verdict(read(text)), "environment.family = \"C\" stands beside"));
}

TEST_CASE("settings: values that make no sense are refused with field and range") {
  for (const std::string counts :
       {"999", "0", "[2,3,999]", "", "[]", "[2,,3]", "2,3", "2;3", "two", "-1", "2.5"}) {
    EnvironmentConfig config;
    const std::vector<std::string> overrides = {"operator_counts=" + counts};
    const auto ok = parse_config("", "test", overrides, describe_of(config));
    INFO(counts);
    REQUIRE_FALSE(ok);
    CHECK(contains(ok.error().message, ": operator_counts"));
  }
  for (const auto& counts : std::vector<std::vector<std::int64_t>>{{}, {0}, {2, 65}}) {
    const auto made = verdict({.family = "custom", .operator_counts = counts});
    CHECK(made == "environment.operator_counts must have at least one element, each from 1 to 64");
  }
  CHECK(contains(verdict(read("", {"operators=+%"})), "environment.operators"));
  CHECK(contains(verdict(read("", {"min_operand=9", "max_operand=8"})), "environment.min_operand"));
  CHECK(contains(verdict(read("", {"min_value=41"})), "environment.min_value"));
  CHECK(contains(verdict(read("", {"parentheses=0.5", "operator_counts=1"})),
                 "environment.parentheses"));
  CHECK(verdict(read("", {"parentheses=0.5"})) == "made");
  CHECK(contains(verdict(read("name='cube3'", {"repeats=true"})), "environment.repeats"));
  CHECK(verdict(read("name='cube3'", {"repeats=true", "turns=2"})) == "made");
  for (const std::string bad : {"parentheses=nan", "parentheses=2", "max_operand=1e30", "size=2",
                                "min_operand=-1", "turns=4", "family=D", "name=chess"}) {
    EnvironmentConfig config;
    const std::vector<std::string> overrides = {bad};
    const auto ok = parse_config("", "test", overrides, describe_of(config));
    INFO(bad);
    REQUIRE_FALSE(ok);
    CHECK(contains(ok.error().message, bad.substr(0, bad.find('='))));
  }
}

TEST_CASE("settings: those of one environment are refused by the others") {
  for (const auto& name : environment_names()) {
    for (const auto& given : kGiven) {
      const auto setting = given.substr(0, given.find('='));
      const auto config = read("name = '" + name + "'", {given});
      INFO(name << " " << given);
      const auto refused = check_settings(config);
      REQUIRE(refused.has_value() == environment_reads(name, setting));
      const std::vector<std::string> words = {"environment." + given, "seed=1"};
      REQUIRE(check_environment_overrides(config, words, "environment.").has_value() ==
              environment_reads(name, setting));
      if (refused) continue;
      CHECK(refused.error().code == Errc::kConfig);
      CHECK(contains(refused.error().message, "environment." + setting));
      CHECK(contains(refused.error().message, name));
      CHECK(verdict(config) == refused.error().message);
    }
  }
  CHECK(environment_reads("arithmetic", "operators"));
  CHECK(environment_reads("pancake", "size"));
  CHECK_FALSE(environment_reads("pancake", "turns"));
  CHECK_FALSE(environment_reads("arithmetic", "size"));
  // As an override a setting is refused whatever its value.
  const std::vector<std::string> usual = {"size=3"};
  CHECK(contains(check_environment_overrides({}, usual).error().message, "size=3 has no effect"));
}

TEST_CASE("settings: another name begins with that environment's defaults") {
  const auto sums = "family = 'custom'\noperators = '+-'\nlong_work = true";
  CHECK(read(sums, {"name=countdown"}) == EnvironmentConfig{.name = "countdown"});
  CHECK(verdict(read(sums, {"name=countdown", "size=4"})) == "made");
  CHECK(read("name = 'lights_out'\nsize = 5\nturns = 2", {"name=pancake"}).size == 3);
}

}  // namespace
}  // namespace qstar
