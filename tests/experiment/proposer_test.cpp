// The proposer of self-play: its checks, the batches that it imitates, and training a policy to
// propose.
#include <catch2/catch.hpp>

#include "data/attempt.hpp"
#include "experiment/text/proposed_problems.hpp"
#include "model/models.hpp"
#include "tests/support/scripted_engine.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace environment;
using namespace experiment;
namespace {

// Generates the given texts in turn, whatever the request.
class Writer final : public model::Policy {
 public:
  explicit Writer(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  std::vector<model::Generation> generate(
      std::span<const model::GenerateRequest> requests) override {
    std::vector<model::Generation> made;
    for (const auto& request : requests) {
      REQUIRE(request.prompt == ";=");
      model::Generation generation;
      generation.text = texts_[made.size() % texts_.size()];
      generation.tokens.assign(generation.text.size(), 3);
      generation.logprobs.assign(generation.text.size(), -0.5F);
      generation.finished = generation.text.back() == ';';
      made.push_back(std::move(generation));
    }
    return made;
  }
  std::uint64_t version() const override { return 1; }

 private:
  std::vector<std::string> texts_;
};

// A training problem of the small family, and a held-out one.
std::string problem_of(const Environment& environment, Split split) {
  Rng rng(1);
  return environment.sample_problem(rng, split);
}

TEST_CASE("proposals: malformed, held out, foreign and repeated ones are not admitted") {
  const auto run = testing::small_run();
  const auto& environment = run.environment();
  const auto fresh = problem_of(environment, Split::kTraining);
  const auto held_out = problem_of(environment, Split::kHeldOut);
  Writer writer({fresh + ";", fresh + ";", held_out + ";", "9*9;", "1+;", fresh + "=3;"});
  Proposer proposer(environment, {});
  const auto made = proposer.propose(writer, 6, 0);
  CHECK(made.problems == std::vector{fresh});
  CHECK(made.fresh == Approx(1.0 / 6));
  CHECK(made.valid == Approx(3.0 / 6));  // held out and repeated are problems
  CHECK(made.written.attempts.size() == 6);
  CHECK(made.tokens > 0);
  // Known for ever, after a save too.
  Proposer again(environment, {});
  REQUIRE(again.load(proposer.save()).has_value());
  CHECK(again.propose(writer, 6, 1).fresh == 0);
  CHECK_FALSE(again.load("damaged").has_value());
  CHECK(again.propose(writer, 6, 2).fresh == 0);  // as it was
  CHECK(again.propose(writer, 0, 3).written.attempts.empty());
}

std::map<std::string, int> counts_of(const ImitationBatches& batches) {
  std::map<std::string, int> counts;
  for (const auto& rows : batches)
    for (const auto& problem : rows) ++counts[problem];
  return counts;
}

TEST_CASE("a proposer imitates problems of the latest rounds in proportion to their worth") {
  const auto run = testing::small_run();
  Proposer proposer(run.environment(), {.seed = 5, .updates = 10, .rows = 1000, .window = 2});
  // 4p(1 - p): 1, 0.75, 0, 0.
  const std::vector<RatedProblem> first = {
      {"half", 0.5}, {"quarter", 0.25}, {"won", 1}, {"lost", 0}};
  const auto batches = proposer.imitation_batches(first);
  REQUIRE(batches.size() == 10);
  auto counts = counts_of(batches);
  CHECK(counts.size() == 2);
  CHECK(counts["half"] == Approx(10000 / 1.75).epsilon(0.05));
  CHECK(counts["quarter"] == Approx(7500 / 1.75).epsilon(0.05));
  // The same from a save, and both rounds together.
  Proposer copy(run.environment(), {.seed = 9, .updates = 10, .rows = 1000, .window = 2});
  REQUIRE(copy.load(proposer.save()).has_value());
  const std::vector<RatedProblem> second = {{"new", 0.5}};
  const auto both = proposer.imitation_batches(second);
  CHECK(copy.imitation_batches(second) == both);
  counts = counts_of(both);
  CHECK(counts["new"] == Approx(10000 / 2.75).epsilon(0.05));
  CHECK(counts["half"] == Approx(10000 / 2.75).epsilon(0.05));
  // The first round has left the window, and nothing of the third is worth anything.
  counts = counts_of(proposer.imitation_batches(std::vector<RatedProblem>{{"won", 1}}));
  CHECK(counts == std::map<std::string, int>{{"new", 10000}});
  CHECK(proposer.imitation_batches({}).empty());
}

TEST_CASE("a proposer's problems come first, and their learnability is reported separately") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.problems = 4;
  const auto environment = testing::small_problems(experiment).environment;
  Rng rng(1);
  const auto one = environment->sample_problem(rng, Split::kTraining);
  auto two = one;
  while (two == one) two = environment->sample_problem(rng, Split::kTraining);
  auto host = local_host(experiment);
  // A share of 0.75 has three texts written; the third is no problem.
  host.engine = std::make_shared<testing::ScriptedEngine>(environment, [&](std::uint64_t) {
    return std::make_unique<Writer>(std::vector{one + ";", two + ";", std::string("1+;")});
  });
  auto run = testing::small_run(experiment, host);
  learning::PolicyLearner policy(run.model("base"));
  ProposedProblems source(run, {"test", {.share = 0.75}, config});
  const auto proposal =
      source.propose(run, run.publish(policy.model(), 1, "test").value(), 0).value();
  REQUIRE(proposal.problems.size() == 4);
  CHECK(proposal.proposed == 2);
  CHECK(proposal.problems[0] == one);
  CHECK(proposal.problems[1] == two);
  CHECK(proposal.tokens == static_cast<std::int64_t>(one.size() + two.size() + 5));
  std::vector<AttemptGroup> groups;
  for (const std::size_t wins : {2U, 1U, 4U, 0U}) {  // of four: worth 1, 0.75, 0, 0
    AttemptGroup group;
    for (std::size_t a = 0; a < 4; ++a) {
      group.attempts.emplace_back().problem = proposal.problems[groups.size()];
      group.attempts.back().outcome = a < wins ? Outcome::kWon : Outcome::kLost;
    }
    groups.push_back(std::move(group));
  }
  const auto figures = source.learn(policy, proposal, rated_problems(groups), 1).value();
  CHECK(figures.at("learnability") == Approx(0.875));
  CHECK(figures.at("uniform_learnability") == 0);
}

TEST_CASE("a policy learns to write problems that the solver solves about half of the time") {
  const ProposerConfig proposer{.share = 0.5,
                                .optimizer = {.muon_rate = 0.02, .adamw_rate = 0.01, .warmup = 0}};
  auto run = testing::small_run(testing::small_base());
  const auto& environment = run.environment();
  Rng rng(2);
  std::string taught = environment.sample_problem(rng, Split::kTraining), known = taught;
  while (known == taught) known = environment.sample_problem(rng, Split::kTraining);
  learning::PolicyLearner policy(run.model("base"));
  const auto preference = [&] {
    double difference = 0;
    for (const auto& [text, sign] : {std::pair{taught, 1.0}, {known, -1.0}}) {
      const std::vector<std::string> row = {";=" + text + ";"};
      const std::vector<float> weight = {1.0F};
      difference -= sign * policy.loss(learning::batch_of_solutions(run.tokenizer(), row, weight));
    }
    return difference;
  };
  const double before = preference();
  ProposedProblems source(run, {"test", proposer, testing::small_reinforce()});
  for (std::int64_t round = 0; round < 5; ++round) {
    const auto proposal =
        source.propose(run, run.publish(policy.model(), 1, "test").value(), round).value();
    REQUIRE(proposal.problems.size() == 12);
    for (const auto& problem : proposal.problems) CHECK_FALSE(is_held_out(problem));
    std::vector<AttemptGroup> groups;
    for (const auto& problem : {taught, known}) {
      Trajectory won, lost;
      won.problem = lost.problem = problem;
      won.outcome = Outcome::kWon;
      lost.outcome = problem == taught ? Outcome::kLost : Outcome::kWon;
      groups.push_back({groups.size(), {won, lost}});
    }
    REQUIRE(source.learn(policy, proposal, rated_problems(groups), 1).has_value());
  }
  CHECK(preference() > before + 0.1);
}

}  // namespace
}  // namespace qstar
