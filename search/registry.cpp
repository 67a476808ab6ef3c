// The searches by name: a new one is its class and a row here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "search/problem_search.hpp"

namespace qstar {
namespace {

template <class... Fields>
constexpr std::uint16_t reads(Fields... fields) {
  return static_cast<std::uint16_t>((0 | ... | static_cast<unsigned>(fields)));
}

using enum SearchField;
constexpr auto kSampled = reads(kSamples, kTemperature, kBudget);
constexpr auto kScored = static_cast<std::uint16_t>(kSampled | reads(kAggregation));

constexpr std::uint16_t and_also(std::uint16_t fields, std::uint16_t more) {
  return static_cast<std::uint16_t>(fields | more);
}

constexpr std::array kRows = {
    SearchMethod{"greedy", "always the likeliest token", false, 1, false, 0, make_greedy},
    SearchMethod{"sample", "independent attempts, each an answer", false, 1, false, kSampled,
                 make_sample},
    SearchMethod{"majority", "the most frequent answer of several attempts", false, 2, false,
                 kSampled, make_majority},
    SearchMethod{"best_of_n", "the attempt that the guide values most", true, 2, false, kScored,
                 make_best_of_n},
    SearchMethod{"weighted_vote", "the answer whose attempts' values sum to most", true, 2, false,
                 kScored, make_weighted_vote},
    SearchMethod{"beam", "step by step, the best states go on", true, 2, false,
                 and_also(kScored, reads(kBeam)), make_step_beam},
    SearchMethod{"astar", "the state with the smallest cost so far and to go is expanded", true, 2,
                 true, and_also(kScored, reads(kWeight, kStepCost, kRepeatCost)), make_step_astar},
    SearchMethod{"qstar", "the step with the smallest cost so far and to go is taken", true, 2,
                 true, and_also(kScored, reads(kWeight, kStepCost, kRepeatCost, kPriority)),
                 make_step_qstar},
    SearchMethod{"mcts", "simulations by the policy's priors and the guide's values", true, 2,
                 false, and_also(kScored, reads(kMcts)), make_step_mcts},
};

}  // namespace

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const auto& row : kRows) names.emplace_back(row.name);
  return names;
}

Result<Search> make_search(std::string_view name) {
  for (const auto& row : kRows) {
    if (row.name == name) return Search(row);
  }
  return fail(Errc::kUsage, fmt::format("there is no search '{}'; known: {}", name,
                                        fmt::join(search_names(), ", ")));
}

}  // namespace qstar
