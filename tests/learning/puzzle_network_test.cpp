#include "inference/puzzle_network.hpp"

#include <algorithm>
#include <cmath>

#include "environment/puzzle/lights_out.hpp"
#include "learning/cost_to_go/scrambles.hpp"
#include "model/safetensors.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/lights_out_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace inference;
namespace {

using testing::SmallLightsOut;

const PuzzleNetworkSpec kSmall{.values = "q", .first = 64, .second = 32, .blocks = 2};

std::shared_ptr<const environment::Puzzle> small() { return std::make_shared<SmallLightsOut>(); }

// Fresh weights with none of them zero.
PuzzleModel busy_model(const environment::Puzzle& puzzle, const PuzzleNetworkSpec& spec = kSmall) {
  PuzzleModel model = fresh_model(puzzle, spec, 3);
  Rng rng(5);
  for (float& w : model.parameters) w += static_cast<float>(0.1 * rng.normal());
  // The padding of the output layer is not part of the network.
  model = parse_puzzle_model(serialize(model), "m").value();
  return model;
}

std::vector<std::uint8_t> some_states(std::int64_t n) {
  return learning::Scrambles(small(), {.depth = 8, .batch = n}, 2).batch(3).states;
}

std::vector<float> costs_of(PuzzleNetwork& network, std::span<const std::uint8_t> states) {
  std::vector<float> costs(states.size() / 9 * network.outputs());
  network.costs(states, costs);
  return costs;
}

// The documented network, written out over the file's tensors.
std::vector<double> by_the_book(const TensorFile& file, std::span<const std::uint8_t> cells) {
  const auto data = [&](const std::string& name) { return file.tensors.at(name).data; };
  const auto relu = [](std::vector<double> x) {
    for (double& v : x) v = std::max(v, 0.0);
    return x;
  };
  const auto dense = [&](const std::string& name, const std::vector<double>& x) {
    const std::vector<float> weight = data(name + ".weight"), bias = data(name + ".bias");
    std::vector<double> y(bias.begin(), bias.end());
    for (std::size_t n = 0; n < y.size(); ++n)
      for (std::size_t k = 0; k < x.size(); ++k) y[n] += weight[n * x.size() + k] * x[k];
    return y;
  };
  const std::vector<float> table = data("embed.weight"), bias = data("embed.bias");
  std::vector<double> x(bias.begin(), bias.end());
  for (std::size_t c = 0; c < cells.size(); ++c)
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += table[(c * 2 + cells[c]) * x.size() + i];
  x = relu(dense("second", relu(x)));
  for (const char* block : {"blocks.0.", "blocks.1."}) {
    const auto inner =
        dense(std::string(block) + "down", relu(dense(std::string(block) + "up", x)));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += inner[i];
    x = relu(x);
  }
  return dense("head", x);
}

TEST_CASE("the network computes what its file says, in both precisions", "[puzzle_network]") {
  const PuzzleModel model = busy_model(*small());
  const TensorFile file = parse_tensors(serialize(model), "m").value();
  const auto states = some_states(70);
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    auto network = PuzzleNetwork::make(model, small(), "m", precision).value();
    const std::vector<float> costs = costs_of(network, states);
    const double tolerance = precision == Precision::kFloat32 ? 1e-4 : 0.05;
    for (std::size_t i = 0; i < 70; ++i) {
      const auto expected = by_the_book(file, std::span(states).subspan(9 * i, 9));
      for (std::size_t m = 0; m < 9; ++m)
        REQUIRE(costs[9 * i + m] == Approx(expected[m]).margin(tolerance).epsilon(tolerance));
    }
  }
}

TEST_CASE("a position's values do not depend on the batch, nor on the clone", "[puzzle_network]") {
  const auto states = some_states(131);
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    auto network = PuzzleNetwork::make(busy_model(*small()), small(), "m", precision).value();
    auto clone = network.clone();
    const std::vector<float> together = costs_of(network, states);
    for (std::size_t i = 0; i < 131; i += 13) {
      const auto alone = costs_of(clone, std::span(states).subspan(9 * i, 9));
      REQUIRE(std::equal(alone.begin(), alone.end(),
                         together.begin() + static_cast<std::ptrdiff_t>(9 * i)));
    }
  }
}

TEST_CASE("the first moves' costs and V are those of all, and at once", "[puzzle_network]") {
  PuzzleNetworkSpec spec = kSmall;
  spec.values = "qv";
  const auto puzzle =
      std::make_shared<environment::LightsOut>(3, 2);  // 45 moves: two panels of outputs
  const PuzzleModel model = busy_model(*puzzle, spec);
  const auto states = learning::Scrambles(puzzle, {.depth = 8, .batch = 70}, 2).batch(3).states;
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    auto network = PuzzleNetwork::make(model, puzzle, "m", precision).value();
    std::vector<float> all(70 * 45), values(70), only(70);
    network.costs(states, all);
    network.values(states, only);
    for (const std::size_t count : {4U, 32U, 33U}) {
      std::vector<float> some(70 * count), alone(70 * count);
      network.costs_and_values(states, some, values);
      network.costs(states, alone);
      REQUIRE(values == only);
      REQUIRE(alone == some);
      for (std::size_t i = 0; i < some.size(); ++i)
        REQUIRE(some[i] == all[i / count * 45 + i % count]);
    }
  }
}

TEST_CASE("a value network has one output", "[puzzle_network]") {
  PuzzleNetworkSpec spec = kSmall;
  spec.values = "v";
  const PuzzleModel model = busy_model(*small(), spec);
  auto network = PuzzleNetwork::make(model, small()).value();
  REQUIRE(network.outputs() == 1);
  REQUIRE(outputs_of(model) == 1);
  // 18·64 + 64, 64·32 + 32, four of 32·32 + 32, 32 + 1
  REQUIRE(parameters_of(model) == 1216 + 2080 + 4 * 1056 + 33);
  REQUIRE(costs_of(network, some_states(3)).size() == 3);
}

TEST_CASE("a network survives its file, byte for byte", "[puzzle_network]") {
  PuzzleModel model = busy_model(*small());
  model.metadata = {{"seed", "3"}, {"updates", "100"}};
  const std::string bytes = serialize(model);
  REQUIRE(parse_puzzle_model(bytes, "m").value() == model);
  REQUIRE(serialize(parse_puzzle_model(bytes, "m").value()) == bytes);
  const TemporaryFolder folder;
  REQUIRE(write_puzzle_model(model, folder.path("m.safetensors")));
  REQUIRE(read_puzzle_model(folder.path("m.safetensors")).value() == model);
  REQUIRE(read_puzzle_model(folder.path("none")).error().code == Errc::kMissingFile);
}

TEST_CASE("a network of another puzzle or size is refused with both named", "[puzzle_network]") {
  const PuzzleModel model = busy_model(*small());
  const auto larger = std::make_shared<SmallLightsOut>(5);
  const auto made = PuzzleNetwork::make(model, larger, "q.safetensors");
  REQUIRE_FALSE(made);
  REQUIRE(made.error().code == Errc::kConfig);
  REQUIRE(made.error().message.starts_with("q.safetensors: "));
  REQUIRE(made.error().message.find("small_lights_out (9 cells, 2 symbols, 9 moves)") !=
          std::string::npos);
  REQUIRE(made.error().message.find("small_lights_out (25 cells, 2 symbols, 25 moves)") !=
          std::string::npos);
  const auto other = std::make_shared<SmallLightsOut>(3, "pressing");
  REQUIRE(PuzzleNetwork::make(model, other).error().message.find("pressing") != std::string::npos);
}

TEST_CASE("files that are no network of a puzzle are refused", "[puzzle_network]") {
  const TensorFile good = parse_tensors(serialize(busy_model(*small())), "m").value();
  const auto refused = [](const TensorFile& file, const std::string& what) {
    const auto parsed = parse_puzzle_model(serialize(file), "m");
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().code == Errc::kCorrupt);
    INFO(parsed.error().message);
    REQUIRE(parsed.error().message.find(what) != std::string::npos);
  };
  const auto with = [&](const std::string& key, const std::string& value) {
    TensorFile file = good;
    file.metadata[key] = value;
    return file;
  };
  REQUIRE(parse_puzzle_model(serialize(good), "m"));
  refused(with("role", "policy"), "role");
  refused(with("role", "puzzle_v"), "disagree");
  for (const char* number : {"", "0", "-1", "9x", "99999999999999999999"})
    refused(with("cells", number), "cells");
  refused(with("cells", "60000"), "wrong shape");
  refused(with("network", "first = 33"), "multiple of 32");
  refused(with("network", "first = 128"), "wrong shape");
  refused(with("network", "nonsense = 1"), "nonsense");
  TensorFile file = good;
  file.tensors.erase("head.bias");
  refused(file, "'head.bias' is missing");
}

TEST_CASE("widths that do not fit are refused with a remedy", "[puzzle_network]") {
  REQUIRE(check(kSmall));
  REQUIRE(check(PuzzleNetworkSpec{.first = 100}).error().message ==
          "network.first = 100 is not a multiple of 32; choose 128");
}

}  // namespace
}  // namespace qstar
