#include "core/config.hpp"

#include <cmath>

#include "core/rng.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

struct Optimiser {
  double rate = 0.5;
  std::int64_t steps = 1500;
  void describe(FieldVisitor& v) {
    v.value({"rate", "learning rate", 0, 1}, rate);
    v.value({"steps", "optimiser steps", 0, 1e7}, steps);
  }
};

struct Pretrain {
  Optimiser optimiser;
  std::int64_t batch = 64;
  void describe(FieldVisitor& v) {
    section(v, "optimiser", "how to descend", optimiser);
    v.value({"batch", "sequences per step", 1}, batch);
  }
};

struct Config {
  std::int64_t seed = 1;
  bool verbose = false;
  std::string family = "C";
  std::string note;
  double drift = 0;
  Pretrain pretrain;
  void describe(FieldVisitor& v) {
    section(v, "pretrain", "next-token pre-training", pretrain);
    v.value({"seed", "of the whole run"}, seed);
    v.value({"verbose", "say more"}, verbose);
    v.value({"family", "of problems", -1, 1, "B|C|custom"}, family);
    v.value({"note", "free text"}, note);
    v.value({"drift", "any number"}, drift);
  }
};

Status parse(Config& config, std::string_view toml, std::vector<std::string> overrides = {}) {
  return parse_config(toml, "a.toml", overrides, describe_of(config));
}

std::string error_of(std::string_view toml, std::vector<std::string> overrides = {}) {
  Config config;
  const Status status = parse(config, toml, std::move(overrides));
  REQUIRE_FALSE(status);
  REQUIRE(status.error().code == Errc::kConfig);
  return status.error().message;
}

std::string print(Config config) { return print_config(describe_of(config)); }
std::string hash(Config config) { return config_hash(describe_of(config)); }

}  // namespace

TEST_CASE("a file sets the fields that it names") {
  Config config;
  REQUIRE(parse(config,
                "seed = 7\nverbose = true\nfamily = 'B'\n"
                "[pretrain]\nbatch = 8\n[pretrain.optimiser]\nrate = 1\n"));
  REQUIRE(config.seed == 7);
  REQUIRE(config.verbose);
  REQUIRE(config.family == "B");
  REQUIRE(config.pretrain.batch == 8);
  REQUIRE(config.pretrain.optimiser.rate == 1.0);
  REQUIRE(config.pretrain.optimiser.steps == 1500);
}

TEST_CASE("overrides come after the file, in order; a bare word is text") {
  Config config;
  REQUIRE(parse(config, "seed = 7",
                {"seed=8", "seed=9", "family=B", "note=a b = \"c\"", "pretrain.optimiser.rate=1e-3",
                 "verbose=true"}));
  REQUIRE(config.seed == 9);
  REQUIRE(config.family == "B");
  REQUIRE(config.note == "a b = \"c\"");
  REQUIRE(config.pretrain.optimiser.rate == 1e-3);
  REQUIRE(config.verbose);
  SECTION("text that would be another type in TOML stays text") {
    REQUIRE(parse(config, "", {"note=12"}));
    REQUIRE(config.note == "12");
    REQUIRE(parse(config, "", {"note=\"quoted\""}));
    REQUIRE(config.note == "quoted");
  }
}

TEST_CASE("an unknown key names its line and the nearest known key") {
  REQUIRE(error_of("seed = 1\nfamly = 'C'\n") ==
          "a.toml:2: famly is not a known key; did you mean family?");
  REQUIRE(error_of("[pretrain]\n\nbacth = 1\n") ==
          "a.toml:3: pretrain.bacth is not a known key; did you mean pretrain.batch?");
  REQUIRE(error_of("[pretrian]\nbatch = 1\n") ==
          "a.toml:1: pretrian is not a known key; did you mean pretrain?");
  REQUIRE(error_of("rate = 1\n") ==
          "a.toml:1: rate is not a known key; did you mean pretrain.optimiser.rate?");
  REQUIRE(error_of("xylophone_concert = 1") == "a.toml:1: xylophone_concert is not a known key");
  REQUIRE(error_of("", {"pretrain.optimiser.step=3"}) ==
          "override \"pretrain.optimiser.step=3\": pretrain.optimiser.step is not a known key; "
          "did you mean pretrain.optimiser.steps?");
}

TEST_CASE("a wrong type says what is expected and what was found") {
  REQUIRE(error_of("seed = 1.5") ==
          "a.toml:1: seed must be an integer, not a number with a fraction (of the whole run)");
  REQUIRE(error_of("\ndrift = 'x'") == "a.toml:2: drift must be a number, not text (any number)");
  REQUIRE(error_of("verbose = 1") ==
          "a.toml:1: verbose must be true or false, not an integer (say more)");
  REQUIRE(error_of("note = 3") == "a.toml:1: note must be text, not an integer (free text)");
  REQUIRE(error_of("pretrain = 3") ==
          "a.toml:1: pretrain is a section with keys of its own, not an integer");
  REQUIRE(error_of("[seed]\nx = 1") ==
          "a.toml:1: seed must be an integer, not a section (of the whole run)");
  REQUIRE(error_of("", {"seed=12x"}) ==
          "override \"seed=12x\": seed must be an integer, not text (of the whole run)");
  REQUIRE(error_of("seed = 99999999999999999999").starts_with("a.toml:1: "));
}

TEST_CASE("a value out of range says the range; its ends are allowed") {
  REQUIRE(error_of("[pretrain.optimiser]\nrate = 1.5") ==
          "a.toml:2: pretrain.optimiser.rate must be from 0 to 1, not 1.5 (learning rate)");
  REQUIRE(error_of("", {"pretrain.batch=0"}) ==
          "override \"pretrain.batch=0\": pretrain.batch must be at least 1, not 0 "
          "(sequences per step)");
  Config config;
  REQUIRE(parse(config, "[pretrain.optimiser]\nrate = 1.0\nsteps = 10000000"));
  REQUIRE(parse(config, "[pretrain.optimiser]\nrate = 0\nsteps = 0"));
}

TEST_CASE("numbers are finite, with bounds and without") {
  REQUIRE(error_of("drift = nan") ==
          "a.toml:1: drift must be a finite number, not nan (any number)");
  REQUIRE(error_of("drift = inf") ==
          "a.toml:1: drift must be a finite number, not inf (any number)");
  REQUIRE(error_of("", {"drift=-inf"}) ==
          "override \"drift=-inf\": drift must be a finite number, not -inf (any number)");
  for (const std::string value : {"nan", "+nan", "-nan", "inf", "+inf", "-inf"}) {
    REQUIRE(error_of("[pretrain.optimiser]\nrate = " + value).find("finite") != std::string::npos);
    REQUIRE(error_of("", {"pretrain.optimiser.rate=" + value}).find("finite") != std::string::npos);
  }
}

TEST_CASE("a word outside the choices lists them") {
  REQUIRE(error_of("family = 'custm'") ==
          "a.toml:1: family must be one of B, C, custom, not \"custm\"; did you mean custom?");
  REQUIRE(error_of("family = ''") == "a.toml:1: family must be one of B, C, custom, not \"\"");
}

TEST_CASE("malformed text is an error with a line") {
  REQUIRE(error_of("seed = 1\nseed = 2").starts_with("a.toml:2: "));
  REQUIRE(error_of("seed 1").starts_with("a.toml:1: "));
  REQUIRE(error_of("", {"seed"}) == "override \"seed\": must read dotted.key=value");
  REQUIRE(error_of("", {"=1"}) == "override \"=1\": must read dotted.key=value");
  REQUIRE(error_of("", {"a..b=1"}) == "override \"a..b=1\": must read dotted.key=value");
  REQUIRE(error_of("", {"note=\xff"}).ends_with("the value is not valid UTF-8"));
}

TEST_CASE("what the TOML reader quotes of a mistake does not break the line") {
  Config config;
  const auto read = parse_config("a = n\n", "file", {}, describe_of(config));
  REQUIRE_FALSE(read);
  REQUIRE(read.error().message.find('\n') == std::string::npos);
}

TEST_CASE("the printed configuration says of every field what it means and its range") {
  REQUIRE(print({}) ==
          "seed = 1  # of the whole run\n"
          "verbose = false  # say more\n"
          "family = \"C\"  # of problems (B|C|custom)\n"
          "note = \"\"  # free text\n"
          "drift = 0.0  # any number\n"
          "\n[pretrain]  # next-token pre-training\n"
          "batch = 64  # sequences per step (at least 1)\n"
          "\n[pretrain.optimiser]  # how to descend\n"
          "rate = 0.5  # learning rate (from 0 to 1)\n"
          "steps = 1500  # optimiser steps (from 0 to 10000000)\n");
}

TEST_CASE("settings are listed by section with the values they have") {
  Config config;
  config.pretrain.batch = 8;
  const auto sections = list_config(describe_of(config));
  REQUIRE(sections.size() == 3);
  REQUIRE(sections[0].path.empty());
  REQUIRE(sections[1].path == "pretrain");
  REQUIRE(sections[1].fields.at(0).name == "batch");
  REQUIRE(sections[1].fields.at(0).value == "8");
  REQUIRE(sections[2].path == "pretrain.optimiser");
}

TEST_CASE("printing and parsing gives the same values back, for random values") {
  Rng rng(20240);
  for (int round = 0; round < 500; ++round) {
    Config config;
    config.seed = static_cast<std::int64_t>(rng.next());
    config.verbose = rng.bernoulli(0.5);
    config.drift = rng.normal() * std::pow(10.0, static_cast<double>(rng.between(-300, 300)));
    config.pretrain.optimiser.rate = rng.uniform();
    config.pretrain.batch = rng.between(1, std::numeric_limits<std::int64_t>::max());
    const auto length = rng.below(20);
    for (std::uint64_t i = 0; i < length; ++i) config.note += static_cast<char>(rng.below(128));
    Config back;
    const Status status = parse(back, print(config));
    INFO(print(config) << (status ? "" : status.error().message));
    REQUIRE(status);
    REQUIRE(back.seed == config.seed);
    REQUIRE(back.verbose == config.verbose);
    REQUIRE(back.note == config.note);
    REQUIRE(back.drift == config.drift);
    REQUIRE(back.pretrain.optimiser.rate == config.pretrain.optimiser.rate);
    REQUIRE(back.pretrain.batch == config.pretrain.batch);
    REQUIRE(hash(back) == hash(config));
  }
}

TEST_CASE("extreme numbers survive the round trip") {
  for (const double x :
       {-0.0, 1e-320, 1e300, -1.7976931348623157e308, 0.1, 1e15, 123456789012345680.0}) {
    Config config;
    config.drift = x;
    Config back;
    REQUIRE(parse(back, print(config)));
    REQUIRE(back.drift == x);
    REQUIRE(std::signbit(back.drift) == std::signbit(x));
  }
}

TEST_CASE("the hash depends on the values, and on nothing else") {
  REQUIRE(hash({}).size() == 16);
  REQUIRE(hash({}) == hash({}));
  Config other;
  other.pretrain.batch = 65;
  REQUIRE(hash(other) != hash({}));
  other.pretrain.batch = 64;
  REQUIRE(hash(other) == hash({}));
}

TEST_CASE("the nearest word is near, or none") {
  const std::vector<std::string> words = {"steps", "seed", "temperature"};
  REQUIRE(nearest_word("stpes", words) == "steps");
  REQUIRE(nearest_word("sead", words) == "seed");
  REQUIRE(nearest_word("tempratur", words) == "temperature");
  REQUIRE(nearest_word("zzzz", words).empty());
  REQUIRE(nearest_word("", words).empty());
  REQUIRE(nearest_word("steps", {}).empty());
}
