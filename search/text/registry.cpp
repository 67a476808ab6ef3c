// The searches by name: a new one is its class and a row here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "search/text/problem_search.hpp"

namespace qstar::search {
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

constexpr std::array kSearches = {
    SearchMethod{
        .name = "greedy", .summary = "generate the likeliest token each time", .make = make_greedy},
    SearchMethod{.name = "sample",
                 .summary = "sample independent attempts, each of them an answer",
                 .fields = kSampled,
                 .make = make_sample},
    SearchMethod{.name = "majority",
                 .summary = "choose the most frequent answer of several attempts",
                 .least_samples = 2,
                 .fields = kSampled,
                 .make = make_majority},
    SearchMethod{.name = "best_of_n",
                 .summary = "choose the attempt that the guide values most",
                 .guided = true,
                 .least_samples = 2,
                 .by_order = true,
                 .fields = kScored,
                 .make = make_best_of_n},
    SearchMethod{.name = "weighted_vote",
                 .summary = "choose the answer whose attempts have the largest sum of values",
                 .guided = true,
                 .least_samples = 2,
                 .fields = kScored,
                 .make = make_weighted_vote},
    SearchMethod{.name = "beam",
                 .summary = "keep the best states after every step",
                 .guided = true,
                 .least_samples = 2,
                 .by_order = true,
                 .fields = and_also(kScored, reads(kBeam)),
                 .make = make_step_beam},
    SearchMethod{.name = "astar",
                 .summary = "expand the state with the smallest sum of cost so far and cost to go",
                 .guided = true,
                 .least_samples = 2,
                 .endless = true,
                 .fields = and_also(kScored, reads(kWeight, kStepCost, kRepeatCost)),
                 .make = make_step_astar},
    SearchMethod{.name = "qstar",
                 .summary = "take the step with the smallest sum of cost so far and cost to go",
                 .guided = true,
                 .least_samples = 2,
                 .endless = true,
                 .fields = and_also(kScored, reads(kWeight, kStepCost, kRepeatCost, kPriority)),
                 .make = make_step_qstar},
    SearchMethod{.name = "mcts",
                 .summary = "simulate with the policy's priors and the guide's values",
                 .guided = true,
                 .least_samples = 2,
                 .fields = and_also(kScored, reads(kMcts)),
                 .make = make_step_mcts},
};

}  // namespace

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const auto& row : kSearches) names.emplace_back(row.name);
  return names;
}

Result<Search> make_search(std::string_view name) {
  for (const auto& row : kSearches) {
    if (row.name == name) return Search(row);
  }
  return fail(Errc::kUsage, fmt::format("there is no search '{}'; choose one of {}", name,
                                        fmt::join(search_names(), ", ")));
}

}  // namespace qstar::search
