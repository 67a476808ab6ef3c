// The referee of self-play: what a proposal is worth, whatever the setter writes.
#include <catch2/catch.hpp>

#include "story/setter.hpp"
#include "tests/support/small_story.hpp"

namespace qstar {
namespace {

// Writes the same texts to whoever asks, in turn.
class Writer final : public Policy {
 public:
  explicit Writer(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::vector<Generation> made;
    for (const auto& request : requests) {
      REQUIRE(request.prompt == ";=");
      Generation generation;
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

// A training problem of the small family, and one that is held out.
std::string problem_of(const Environment& environment, Split split) {
  Rng rng(1);
  return environment.sample_problem(rng, split);
}

TEST_CASE("proposals: malformed, held out, foreign and repeated ones are not admitted") {
  auto config = testing::small_story_config();
  config.rl.problems = 12;
  config.selfplay.setter_share = 0.5;  // six proposals
  auto story = testing::small_story(config);
  const auto& environment = story.environment();
  const auto fresh = problem_of(environment, Split::kTraining);
  const auto held_out = problem_of(environment, Split::kHeldOut);
  Writer writer({fresh + ";", fresh + ";", held_out + ";", "9*9;", "1+;", fresh + "=3;"});
  Setter setter(story, "test");
  const auto proposal = setter.propose(story, writer, 0).value();
  REQUIRE(proposal.problems.size() == 12);
  CHECK(proposal.problems.front() == fresh);
  CHECK(proposal.figures.at("fresh") == Approx(1.0 / 6));
  CHECK(proposal.figures.at("valid") == Approx(3.0 / 6));  // held out and repeated are problems
  for (const auto& problem : proposal.problems) CHECK_FALSE(is_held_out(problem));
  // Known for ever, after a save too.
  Setter again(story, "test");
  REQUIRE(again.load(setter.save()).has_value());
  CHECK(again.propose(story, writer, 1).value().figures.at("fresh") == 0);
  CHECK_FALSE(again.load("damaged").has_value());
}

TEST_CASE("a setter learns to write what the solver half knows") {
  auto config = testing::small_story_config();
  config.selfplay.optimizer = {.muon_rate = 0.02, .adamw_rate = 0.01, .warmup = 0};
  auto story = testing::small_story(config);
  const auto& environment = story.environment();
  Rng rng(2);
  std::string taught = environment.sample_problem(rng, Split::kTraining), known = taught;
  while (known == taught) known = environment.sample_problem(rng, Split::kTraining);
  PolicyLearner policy(story.models.at("base"));
  const auto preference = [&] {
    double difference = 0;
    for (const auto& [text, sign] : {std::pair{taught, 1.0}, {known, -1.0}}) {
      const std::vector<std::string> row = {";=" + text + ";"};
      const std::vector<float> weight = {1.0F};
      difference -= sign * policy.loss(batch_of_solutions(story.tokenizer(), row, weight));
    }
    return difference;
  };
  const double before = preference();
  for (std::int64_t round = 0; round < 5; ++round) {
    // The tokens are those of the texts, so that the update speaks of them.
    class Speller final : public Policy {
     public:
      Speller(const Tokenizer& tokenizer, std::vector<std::string> texts)
          : tokenizer_(tokenizer), texts_(std::move(texts)) {}
      std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
        std::vector<Generation> made;
        for (std::size_t i = 0; i < requests.size(); ++i) {
          const auto& text = texts_[i % texts_.size()];
          const auto tokens = tokenizer_.encode(text).value();
          made.push_back({text, tokens, std::vector<float>(tokens.size(), -1.0F), true});
        }
        return made;
      }
      std::uint64_t version() const override { return 1; }

     private:
      const Tokenizer& tokenizer_;
      std::vector<std::string> texts_;
    } speller(story.tokenizer(), {taught + ";", known + ";"});
    Setter setter(story, "test");
    const auto proposal = setter.propose(story, speller, round).value();
    std::vector<AttemptGroup> groups;
    for (const auto& problem : proposal.problems) {
      Trajectory won, lost;
      won.outcome = Outcome::kWon;
      lost.outcome = problem == taught ? Outcome::kLost : Outcome::kWon;
      groups.push_back({groups.size(), {won, lost}});
    }
    setter.learn(policy, groups, 1);
  }
  CHECK(preference() > before + 0.1);
}

}  // namespace
}  // namespace qstar
