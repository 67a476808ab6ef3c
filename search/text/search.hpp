// Ways of using a policy, and a guide that scores its steps, to answer a problem: pure algorithms
// over core's model interfaces.
//
// A search is immutable; its result for a problem depends on the problem, the options and the
// models alone, not on the other problems: they are attempted together only so that the models can
// batch. A search uses no verdict and no win: from the environment it takes the next line, and the
// answer that finished work gives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "core/stop.hpp"
#include "environment/environment.hpp"
#include "model/models.hpp"

namespace qstar::search {

// How the scores of several steps make one value.
enum class Aggregation : std::uint8_t {
  kMinimum,  // work is as good as its worst step (Lightman et al. 2023 compare it with the product)
  kProduct,  // the probability that all steps are right, if they are independent of each other
  kLast,     // the last score is about the whole work, as that of a critic or outcome model is
};

// Which step Q* takes first.
enum class EdgePriority : std::uint8_t {
  kCost,  // the smallest λ·g − log value (Agostinelli et al. 2021, with −log Q as cost to go)
  kUtility,  // the largest value of the path so far + λ·Q (Wang et al. 2024)
};

// A search reads the fields of the first group, and those that its row in the registry names.
struct SearchOptions {
  std::int64_t samples = 1;       // whole attempts, or steps proposed in a state; ≥ 1
  double temperature = 1;         // of sampling, > 0
  std::int32_t max_tokens = 96;   // generated tokens of an attempt, ≥ 1
  std::uint64_t seed = 0;         // attempt s of group g uses attempt_seed(seed, g, s)
  std::uint64_t first_group = 0;  // problem p makes group first_group + p
  // Generated tokens per problem, including what was discarded; 0: no limit. A round of proposals
  // that has begun is finished; whole attempts may exceed the budget by less than one attempt.
  std::int64_t budget = 0;

  std::optional<Aggregation> aggregation = {};  // unset: aggregation_of(the guide's role)
  std::int64_t beam = 1;                        // states kept, ≥ 1
  double stop_below = 0;     // in [0, 1]: resample where every proposed step scores less
  std::int64_t retries = 3;  // resamplings per problem at most, ≥ 0
  double weight = 1;         // λ ≥ 0
  double step_cost = 0.1;    // per step, ≥ 0, in nats like −log value
  // Added to a state's cost each time that it has been expanded, in the priority's unit: the state
  // is queued again, and has other steps proposed once everything else costs more. 0: a state is
  // expanded once.
  double repeat_cost = 0;  // ≥ 0
  EdgePriority priority = EdgePriority::kCost;
  double exploration = 1;         // c of PUCT, ≥ 0
  std::int64_t simulations = 32;  // per problem, ≥ 1
  friend bool operator==(const SearchOptions&, const SearchOptions&) = default;
};

// The numeric options of the search of that name, for configuration files; those that have no
// effect on it are refused. No name, or an unknown one: all options.
void describe(FieldVisitor& v, SearchOptions& options, std::string_view search);

Aggregation aggregation_of(model::ScorerRole role);
// The value of work with value `so_far` after a step of that score; work without steps has value 1.
double aggregate(Aggregation aggregation, double so_far, float score);

// What a search works with.
struct SearchModels {
  model::Policy& policy;
  model::StepScorer* guide = nullptr;
  // Asked between batches of work: true ends the search early (see SearchResult::complete). A
  // policy that asks the same gives empty generations for what it did not finish.
  Stop stop = {};
};

// The result of searching one problem.
struct SearchResult {
  // Everything that was tried, judged: whole attempts in order, or every path of the tree from the
  // root to a leaf, in the order in which the leaves were made (steps that paths share are in each
  // of them). The guide's scores are in the steps: `q` of a critic, otherwise `reward_score`. A
  // problem that the policy cannot read (see DecoderPool::add) has attempts without steps.
  AttemptGroup group;
  // Which attempts are the answers: one, or all of "sample". Finished work when there is any,
  // otherwise the longest.
  std::vector<std::size_t> answers;
  std::uint64_t tokens = 0;         // generated, each counted once
  std::uint64_t guide_queries = 0;  // steps that the guide scored
  // False: SearchModels::stop ended the search before this problem was done; the group and the
  // answers are empty.
  bool complete = true;

  const Trajectory& answer() const { return group.attempts[answers.front()]; }
  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

// The groups alone, in order.
std::vector<AttemptGroup> groups_of(std::vector<SearchResult> results);

// The options of SearchOptions that not every search reads.
enum class SearchField : std::uint16_t {
  kSamples = 1,
  kTemperature = 2,
  kBudget = 4,
  kAggregation = 8,
  kBeam = 16,  // beam, stop_below, retries
  kWeight = 32,
  kStepCost = 64,
  kPriority = 128,
  kRepeatCost = 256,
  kMcts = 512,  // exploration, simulations
};

struct SearchMethod;  // a row of the registry, search/text/problem_search.hpp

class Search {
 public:
  explicit Search(const SearchMethod& method) : method_(&method) {}
  // The name in the registry.
  std::string_view name() const;
  // What it does, as a short phrase.
  std::string_view summary() const;
  bool needs_guide() const;
  bool reads(SearchField field) const;

  // kUsage names the option and the remedy: out of its range, or needed and not given.
  Status check(const SearchOptions& options) const;
  // The same, and whether the guide fits: one that is needed, or none where none is read.
  Status check(const SearchOptions& options, const model::StepScorer* guide) const;
  // One result per problem, in order. kUsage: see check().
  Result<std::vector<SearchResult>> attempt(const environment::Environment& environment,
                                            const SearchModels& models,
                                            std::span<const std::string> problems,
                                            const SearchOptions& options) const;

 private:
  const SearchMethod* method_;
};

// Names in the registry, in its order: from the plainest to the most involved.
std::vector<std::string> search_names();
// kUsage names the known ones.
Result<Search> make_search(std::string_view name);

}  // namespace qstar::search
