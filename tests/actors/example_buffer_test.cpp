#include "actors/example_buffer.hpp"

#include <limits>

#include "actors/messages.hpp"
#include "tests/support/corridor_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

ExampleBatch batch_at(std::uint64_t index, std::uint64_t version) {
  return {index, version, {{1, 2}, {0, 1}, {}, {}}, {1, 3.5F}};
}

ExampleBatch without_targets(std::uint64_t index) {
  constexpr float kUnknown = std::numeric_limits<float>::infinity();
  return {index, 0, {{1, 2}, {0, 1}, {1, kUnknown}, {1, -0.0F}}, {}};
}

TEST_CASE("batches are taken in order, each once", "[example_buffer]") {
  ExampleBuffer buffer(0);
  REQUIRE_FALSE(buffer.take(1));
  buffer.insert(4, {batch_at(8, 1), batch_at(9, 1)});
  buffer.insert(2, {batch_at(4, 1)});
  REQUIRE(buffer.size() == 3);
  REQUIRE(buffer.tasks() == std::vector<std::uint64_t>{2, 4});
  REQUIRE(buffer.take(1)->index == 8);
  REQUIRE(buffer.tasks() == std::vector<std::uint64_t>{2, 4});  // half of it is still here
  REQUIRE(buffer.take(1)->index == 9);
  REQUIRE(buffer.tasks() == std::vector<std::uint64_t>{2});
  REQUIRE(buffer.take(1) == batch_at(4, 1));
  REQUIRE(buffer.removed() == 3);
  REQUIRE(buffer.size() == 0);
}

TEST_CASE("targets that are too old are dropped, those still to be made are not",
          "[example_buffer]") {
  ExampleBuffer buffer(2);
  buffer.insert(0, {batch_at(0, 1), batch_at(1, 2), without_targets(2), batch_at(3, 4)});
  REQUIRE(buffer.take(4)->index == 1);  // two behind; the one before was three behind
  REQUIRE(buffer.dropped_stale() == 1);
  REQUIRE(buffer.take(100)->index == 2);
  REQUIRE_FALSE(buffer.take(100));
  REQUIRE(buffer.dropped_stale() == 2);
  REQUIRE(buffer.removed() == 4);
}

TEST_CASE("batches cross as bytes, infinities too", "[example_batch]") {
  const std::vector<ExampleBatch> batches = {batch_at(7, 3), without_targets(8)};
  const std::string bytes = pack(batches);
  REQUIRE(unpack_batches(bytes).value() == batches);
  REQUIRE(std::signbit(unpack_batches(bytes).value()[1].examples.move_bounds[1]));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const auto half = unpack_batches(std::string_view(bytes).substr(0, cut));
    REQUIRE((!half || half->size() == 1));  // a cut between two batches leaves whole ones
  }
  REQUIRE(unpack_batches("no examples").error().code == Errc::kCorrupt);
}

TEST_CASE("where several outputs are taught, there is a target for each, or none",
          "[example_batch]") {
  const testing::Corridor puzzle;
  ExampleBatch batch = batch_at(0, 1);
  REQUIRE_FALSE(check(batch, puzzle, 3));
  batch.targets.resize(3 * batch.examples.size(), std::numeric_limits<float>::quiet_NaN());
  REQUIRE(check(batch, puzzle, 3));
}

TEST_CASE("a batch that no network took part in is never stale", "[example_buffer]") {
  ExampleBuffer buffer(0);
  buffer.insert(0, {batch_at(0, 0)});
  REQUIRE(buffer.take(100)->index == 0);
  REQUIRE(buffer.dropped_stale() == 0);
}

TEST_CASE("batches that no scrambler sends are refused", "[example_batch]") {
  const testing::Corridor puzzle;
  REQUIRE(check(batch_at(0, 1), puzzle, 1));
  REQUIRE(check(without_targets(0), puzzle, 1));
  ExampleBatch bad = batch_at(0, 1);
  SECTION("a position too few") { bad.examples.states.pop_back(); }
  SECTION("a target too few") { bad.targets.pop_back(); }
  SECTION("a move that is none") { bad.examples.moves[0] = 2; }
  SECTION("a target that is no number") {
    bad.targets[0] = std::numeric_limits<float>::quiet_NaN();
  }
  SECTION("neither targets nor bounds") { bad.targets.clear(); }
  REQUIRE(check(bad, puzzle, 1).error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar
