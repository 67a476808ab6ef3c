#include "learning/cost_to_go/puzzle_learner.hpp"

#include <cmath>

#include "learning/cost_to_go/puzzle_targets.hpp"
#include "tests/support/corridor_puzzle.hpp"
#include "tests/support/lights_out_puzzle.hpp"
#include "tests/support/puzzle_learning.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference;
using namespace learning;
namespace {

using testing::Corridor;
using testing::small_config;
using testing::SmallLightsOut;

PuzzleLearner small_learner(const PuzzleLearnerConfig& config, std::uint64_t seed = 1) {
  return PuzzleLearner::make(std::make_shared<SmallLightsOut>(), config, seed).value();
}

void train(PuzzleLearner& learner, const PuzzleLearnerConfig& config, std::int64_t updates) {
  Scrambles scrambles(std::make_shared<SmallLightsOut>(), config.scrambles, 9);
  while (learner.updates() < updates) {
    learner.update(scrambles.batch(static_cast<std::uint64_t>(learner.updates())));
    if (learner.check_due()) learner.check();
  }
}

struct Agreement {
  double solved = 0;      // of all 512 positions, within their distance
  double mean_error = 0;  // |learned − exact| over all outputs of unsolved positions
};
Agreement agreement(const PuzzleLearner& learner) {
  const auto puzzle = std::make_shared<SmallLightsOut>();
  PuzzleNetwork network = PuzzleNetwork::make(learner.model(), puzzle).value();
  BestMoves best(*puzzle, network);
  Agreement result;
  std::size_t solved = 0, outputs = 0;
  for (std::uint32_t presses = 0; presses < 512; ++presses) {
    const std::vector<std::uint8_t> state = puzzle->pressed(presses);
    const int distance = __builtin_popcount(presses);
    solved += solved_share(*puzzle, best, state, distance) == 1.0 ? 1 : 0;
    if (distance == 0) continue;
    std::vector<float> values(network.outputs());
    network.costs(state, values);
    for (std::size_t m = 0; m < values.size(); ++m, ++outputs) {
      const int exact =
          network.outputs() == 1 ? distance : 1 + __builtin_popcount(presses ^ (1U << m));
      result.mean_error += std::abs(values[m] - static_cast<float>(exact));
    }
  }
  result.solved = static_cast<double>(solved) / 512;
  result.mean_error /= static_cast<double>(outputs);
  return result;
}

TEST_CASE("targets of Q, by hand", "[puzzle_learner]") {
  const auto corridor = std::make_shared<Corridor>();
  PuzzleLearnerConfig config = small_config();
  config.hindsight = false;
  auto learner = PuzzleLearner::make(corridor, config, 1).value();
  auto network = PuzzleNetwork::make(learner.model(), corridor).value();
  const std::vector<std::uint8_t> places = {0, 1, 2, 3, 4};
  std::vector<float> q(10);
  network.costs(places, q);
  const auto least = [&](std::size_t place) {  // over the moves that are legal there
    if (place == 4) return q[8];
    return std::min(q[2 * place], q[2 * place + 1]);
  };
  PuzzleExamples examples{{1, 2, 2, 3}, {0, 0, 1, 1}, {1, 2, 2, 3}, {1, 2, 5, 6}};
  REQUIRE(learner.targets(examples) == std::vector<float>{1, std::max(0.0F, 1 + least(1)),
                                                          std::max(0.0F, 2 + least(3)),
                                                          std::max(0.0F, 2 + least(4))});
}

TEST_CASE("hindsight caps targets, and none is below 0", "[puzzle_learner]") {
  const auto corridor = std::make_shared<Corridor>();
  PuzzleLearnerConfig config = small_config();
  config.target_loss = 1e9;  // every check updates the target network
  auto learner = PuzzleLearner::make(corridor, config, 1).value();
  config.hindsight = false;
  auto uncapped = PuzzleLearner::make(corridor, config, 1).value();
  const PuzzleExamples taught{{1, 1, 2, 2, 3, 3}, {0, 1, 0, 1, 0, 1}, {}, {}};
  for (PuzzleLearner* one : {&learner, &uncapped}) {
    for (int i = 0; i < 300; ++i) one->fit(taught, std::vector<float>(6, 5));
    one->check();
  }
  PuzzleExamples examples{{2, 2, 2}, {0, 0, 0}, {0, 0, 0}, {0.25F, -1, 99}};
  const std::vector<float> targets = learner.targets(examples), free = uncapped.targets(examples);
  REQUIRE(free[0] > 0.25F);  // so that there is something to cap
  REQUIRE(targets == std::vector<float>{0.25F, 0, free[2]});
}

TEST_CASE("while it warms up, targets are the scrambles' ways back", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config();
  config.warm_up = 1;
  config.check_period = 1;
  auto learner = PuzzleLearner::make(std::make_shared<Corridor>(), config, 1).value();
  const PuzzleExamples examples{{2, 3}, {0, 1}, {2, 3}, {7, 9}};
  REQUIRE(learner.targets(examples) == examples.move_bounds);
  learner.update(examples);
  REQUIRE(learner.check().target_updated);  // so that bootstrapping begins from what was learned
  REQUIRE_FALSE(learner.targets(examples) == examples.move_bounds);
}

TEST_CASE("targets of V: the goal is worth 0, its neighbour one move", "[puzzle_learner]") {
  const auto corridor = std::make_shared<Corridor>();
  auto learner = PuzzleLearner::make(corridor, small_config("v"), 1).value();
  auto network = PuzzleNetwork::make(learner.model(), corridor).value();
  std::vector<float> v(5);
  network.costs(std::vector<std::uint8_t>{0, 1, 2, 3, 4}, v);
  PuzzleExamples examples{{0, 1, 2, 4}, {1, 0, 0, 0}, {9, 9, 9, 9}, {9, 9, 9, 9}};
  const std::vector<float> targets = learner.targets(examples);
  REQUIRE(targets[0] == 0);
  REQUIRE(targets[1] == std::max(0.0F, std::min(1.0F, 2 + v[2])));
  REQUIRE(targets[2] == std::max(0.0F, std::min(1 + v[1], 2 + v[3])));
  REQUIRE(targets[3] == std::max(0.0F, 1 + v[3]));
}

TEST_CASE("targets of Q beside V, by hand", "[puzzle_learner]") {
  const bool trap = GENERATE(false, true);
  const auto corridor = std::make_shared<Corridor>(trap);
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 2;
  config.warm_up = trap ? 0 : 1;
  config.dead_end = 50;
  auto learner = PuzzleLearner::make(corridor, config, 1).value();
  auto network = PuzzleNetwork::make(learner.target_model(), corridor).value();
  std::vector<float> v(5), q(10);
  const std::vector<std::uint8_t> places = {0, 1, 2, 3, 4};
  network.values(places, v);
  network.costs(places, q);
  for (float& value : v) value = std::max(value, 0.0F);
  v[0] = 0;
  if (trap) v[4] = 50;
  // Each place with one of its moves: then the other one, then the place itself.
  const PuzzleExamples examples{{0, 2, 3}, {1, 0, 1}, {9, 7, 8}, {9, 9, 9}};
  const std::vector<float> targets = learner.targets(examples);
  REQUIRE(targets.size() == 9);
  CHECK(targets[0] == 2 + v[1] - v[0]);
  CHECK(std::isnan(targets[1]));  // below place 0 there is nothing
  CHECK(targets[2] == (trap ? 0 : 9));
  CHECK(targets[3] == 1 + v[1] - v[2]);
  CHECK(targets[4] == 2 + v[3] - v[2]);
  // By the move that Q calls the best, but valued by V behind it.
  const auto bootstrapped = [&](std::size_t place) {
    return q[2 * place] <= q[2 * place + 1] ? 1 + v[place - 1] : 2 + v[place + 1];
  };
  CHECK(targets[5] == (trap ? std::min(bootstrapped(2), 7.0F) : 7));
  CHECK(targets[6] == 2 + v[4] - v[3]);
  CHECK(targets[7] == 1 + v[2] - v[3]);
  config.horizon = 2;
  CHECK(PuzzleLearner::make(corridor, config, 1).error().message.find("horizon") == 0);
  CHECK(targets[8] == (trap ? std::min(bootstrapped(3), 8.0F) : 8));
}

TEST_CASE("Q beside V is written as one Q", "[puzzle_learner]") {
  const auto puzzle = std::make_shared<SmallLightsOut>();
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 4;
  auto learner = small_learner(config);
  train(learner, config, 20);
  const PuzzleModel both = learner.target_model(), q = without_value(both);
  REQUIRE(both.spec.values == "qv");
  REQUIRE(outputs_of(both) == 10);
  REQUIRE(learner.model().spec.values == "q");
  REQUIRE(outputs_of(q) == 9);
  REQUIRE(without_value(q) == q);
  std::vector<float> as_both(9), as_q(9);
  const auto state = puzzle->pressed(0b101010011);
  PuzzleNetwork::make(both, puzzle).value().costs(state, as_both);
  PuzzleNetwork::make(q, puzzle).value().costs(state, as_q);
  REQUIRE(as_both == as_q);
  // The learner plays by the same values as those who get its model.
  auto network = PuzzleNetwork::make(learner.model(), puzzle, "m", Precision::kFloat32).value();
  BestMoves best(*puzzle, network);
  const auto walk = learner.walks(1).at(0);
  REQUIRE_FALSE(walk.values.empty());
  float cost = 0;
  environment::Move move = 0;
  best.find(walk.start, {&cost, 1}, {&move, 1});
  CHECK(cost == Approx(walk.values[0]).epsilon(0.02).margin(0.02));
}

TEST_CASE("Q beside V learns every distance of a small puzzle", "[puzzle_learner][learning]") {
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 3;
  config.warm_up = 2000;
  auto learner = small_learner(config);
  train(learner, config, 16000);
  const Agreement result = agreement(learner);
  CAPTURE(result.solved, result.mean_error);
  REQUIRE(result.solved == 1.0);
  REQUIRE(result.mean_error < 0.4);
}

TEST_CASE("Q learns every distance of a small puzzle", "[puzzle_learner][learning]") {
  const PuzzleLearnerConfig config = small_config();
  auto learner = small_learner(config);
  train(learner, config, 16000);
  const Agreement result = agreement(learner);
  CAPTURE(result.solved, result.mean_error);
  REQUIRE(result.solved == 1.0);  // every position, by a shortest way
  REQUIRE(result.mean_error < 0.4);
}

TEST_CASE("Q learns with each of the options", "[puzzle_learner][learning]") {
  PuzzleLearnerConfig config = small_config();
  SECTION("without the scramble's own way back") { config.hindsight = false; }
  SECTION("choosing by one network, valuing by the other") { config.double_q = true; }
  SECTION("looking three moves ahead") { config.horizon = 3; }
  SECTION("with errors that count linearly") { config.huber = 1; }
  auto learner = small_learner(config);
  train(learner, config, 8000);
  const Agreement result = agreement(learner);
  CAPTURE(result.solved, result.mean_error);
  REQUIRE(result.solved > 0.9);
}

TEST_CASE("V learns every distance of a small puzzle", "[puzzle_learner][learning]") {
  const PuzzleLearnerConfig config = small_config("v");
  auto learner = small_learner(config);
  train(learner, config, 8000);
  const Agreement result = agreement(learner);
  CAPTURE(result.solved, result.mean_error);
  REQUIRE(result.solved == 1.0);
  REQUIRE(result.mean_error < 0.1);
}

TEST_CASE("the same seed gives the same weights, another others", "[puzzle_learner]") {
  const PuzzleLearnerConfig config = small_config();
  auto a = small_learner(config), b = small_learner(config), c = small_learner(config, 2);
  for (PuzzleLearner* learner : {&a, &b, &c}) train(*learner, config, 60);
  REQUIRE(a.model() == b.model());
  REQUIRE_FALSE(a.model() == c.model());
  REQUIRE(a.model().metadata.at("updates") == "60");
}

TEST_CASE("a resumed learner goes on as if it had never stopped", "[puzzle_learner]") {
  const PuzzleLearnerConfig config = small_config();
  auto straight = small_learner(config);
  train(straight, config, 130);
  auto first = small_learner(config);
  train(first, config, 70);
  auto second = small_learner(config, 99);  // whatever it was before
  REQUIRE(second.load(first.save(), "checkpoint"));
  REQUIRE(second.save() == first.save());
  train(second, config, 130);
  REQUIRE(second.save() == straight.save());
}

TEST_CASE("checkpoints of other learners are refused", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config();
  auto learner = small_learner(config);
  const std::string before = learner.save();
  config.network.second = 32;
  const auto other = learner.load(small_learner(config).save(), "c");
  REQUIRE(other.error().code == Errc::kConfig);
  REQUIRE(other.error().message.find("network 128-32-1") != std::string::npos);
  REQUIRE(other.error().message.find("network 128-64-1") != std::string::npos);
  REQUIRE(learner.load(serialize(learner.model()), "c").error().code == Errc::kCorrupt);
  REQUIRE(learner.load(before.substr(0, before.size() / 2), "c").error().code == Errc::kCorrupt);
  REQUIRE(learner.save() == before);
}

TEST_CASE("targets may be made elsewhere, from the target network alone", "[puzzle_learner]") {
  const PuzzleLearnerConfig config = small_config();
  const auto puzzle = std::make_shared<SmallLightsOut>();
  auto whole = small_learner(config), split = small_learner(config);
  Scrambles scrambles(puzzle, config.scrambles, 9);
  for (std::uint64_t i = 0; i < 60; ++i) {
    const PuzzleExamples examples = scrambles.batch(i);
    PuzzleTargets elsewhere(puzzle, config,
                            PuzzleNetwork::make(split.target_model(), puzzle).value());
    whole.update(examples);
    split.fit(examples, elsewhere.of(examples));
    if (i == 49) REQUIRE(whole.check().target_updated == split.check().target_updated);
  }
  REQUIRE(split.target_updates() == 1);
  REQUIRE(split.save() == whole.save());
  REQUIRE_FALSE(split.target_model().parameters == split.model().parameters);
}

TEST_CASE("walks are greedy play on the fixed set", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config("v");
  config.check_positions = 32;
  auto learner = small_learner(config);
  train(learner, config, 400);
  const auto walks = learner.walks(1000);
  REQUIRE(walks.size() == 32);
  double solved = 0;
  for (const PuzzleWalk& walk : walks) {
    REQUIRE(walk.moves.size() <= 12);
    solved += walk.solved ? 1.0 / 32 : 0;
  }
  REQUIRE(solved == learner.check().solved);
  REQUIRE(solved > 0);
  REQUIRE(learner.walks(3).size() == 3);
}

TEST_CASE("the target network is updated when it is due, not before", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config();
  config.target_loss = 0;
  config.patience = 3;
  config.check_moves = 1;
  config.rate = 0;  // nothing is learned: greedy play gets better once, from nothing known
  auto learner = small_learner(config);
  Scrambles scrambles(std::make_shared<SmallLightsOut>(), config.scrambles, 9);
  std::vector<bool> updated;
  for (std::uint64_t i = 0; i < 7; ++i) {
    learner.update(scrambles.batch(i));
    updated.push_back(learner.check().target_updated);
  }
  REQUIRE(updated == std::vector<bool>{true, false, false, true, false, false, true});
  config.target_loss = 1e9;
  auto eager = small_learner(config);
  for (std::uint64_t i = 0; i < 3; ++i) {
    eager.update(scrambles.batch(i));
    REQUIRE(eager.check().target_updates == static_cast<std::int64_t>(i) + 1);
  }
}

TEST_CASE("weights that are no longer finite are reported at once", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config();
  config.rate = 1e39;  // as a float, infinite
  auto learner = small_learner(config);
  Scrambles scrambles(std::make_shared<SmallLightsOut>(), config.scrambles, 9);
  const std::string before = learner.save();
  REQUIRE(std::isnan(learner.update(scrambles.batch(0)).loss));  // the loss itself was finite
  const auto refused = learner.load(learner.save(), "checkpoint");
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().code == Errc::kCorrupt);
  REQUIRE(refused.error().message.starts_with("checkpoint: not a qstar model: tensor '"));
  REQUIRE(learner.load(before, "checkpoint"));
}

TEST_CASE("more taught moves than there are, are refused", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 10;
  const auto refused = PuzzleLearner::make(std::make_shared<SmallLightsOut>(), config, 1);
  REQUIRE(refused.error().code == Errc::kConfig);
  REQUIRE(refused.error().message.find("has 9 moves") != std::string::npos);
}

TEST_CASE("impossible shapes are refused", "[puzzle_learner]") {
  PuzzleLearnerConfig config;
  config.network.second = 7;
  REQUIRE(PuzzleLearner::make(std::make_shared<SmallLightsOut>(), config, 1).error().code ==
          Errc::kConfig);
}

}  // namespace
}  // namespace qstar
