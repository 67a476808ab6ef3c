// Lights Out: n x n lamps; pressing one toggles it and its neighbours; the aim is all lamps off.
//
// A problem is its rows of 0 and 1 from the top, e.g. "110/100/000". A move is "row,column" from 1,
// e.g. "1,1"; it is its own inverse. Every legal press is right, any other text malformed: only the
// result counts. The solver eliminates over GF(2) (Anderson, Feil 1998, "Turning Lights Out with
// Linear Algebra"); its solution need not be the shortest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "environment/registry.hpp"

namespace qstar {

class LightsOut final : public Environment {
 public:
  // kConfig when the side is not from 3 to 8.
  static Result<std::unique_ptr<Environment>> make(const EnvironmentConfig& config);

  std::string_view name() const override { return "lights_out"; }
  std::string_view alphabet() const override { return {}; }
  // Solvable by construction, and not solved yet.
  std::string sample_problem(Rng& rng, Split split) const override;
  Result<State> reset(std::string_view problem) const override;
  StepResult step(const State& state, std::string_view step) const override;
  // "solved" once done.
  std::string answer(const State& state) const override;
  std::vector<std::string> legal_steps(const State& state) const override;
  std::optional<std::string> inverse(const State& state, std::string_view step) const override;
  Result<std::vector<std::string>> solve(const State& state) const override;
  std::vector<std::uint8_t> encode(const State& state) const override;  // one 0 or 1 a lamp
  std::string render(const State& state) const override;

 private:
  explicit LightsOut(std::size_t side);
  std::optional<std::size_t> cell_of(std::string_view move) const;
  std::string move_of(std::size_t cell) const;
  std::string text_of(std::uint64_t lamps, std::string_view row_end) const;

  std::size_t side_;
  std::vector<std::uint64_t> toggles_;  // by pressed cell: the lamps it toggles, bit r * side + c
};

}  // namespace qstar
