// What tasks compute, and that it depends on the task alone.
#include "experiment/executor.hpp"

#include <catch2/catch.hpp>

#include "core/sha256.hpp"
#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "experiment/engine.hpp"
#include "model/models.hpp"
#include "persistence/store.hpp"
#include "tests/support/models.hpp"

using namespace qstar;
using namespace qstar::experiment;

namespace {

std::shared_ptr<const environment::Environment> sums() {
  environment::EnvironmentConfig config;
  return environment::make_environment(config).value();
}

std::vector<std::string> problems(std::size_t n) {
  Rng rng(3);
  std::vector<std::string> drawn;
  while (drawn.size() < n)
    drawn.push_back(sums()->sample_problem(rng, environment::Split::kTraining));
  return drawn;
}

// A scorer with weights of no meaning.
model::ModelFile random_scorer(const std::string& role) {
  auto model = testing::random_model(5);
  model.metadata["role"] = role;
  Rng rng(6);
  for (const auto& [name, shape] : inference::scorer_shapes(model.spec, false)) {
    model::NamedTensor tensor{shape, {}};
    std::int64_t n = 1;
    for (const auto extent : shape) n *= extent;
    for (; n > 0; --n) tensor.data.push_back(static_cast<float>(0.3 * rng.normal()));
    model.tensors[name] = std::move(tensor);
  }
  return model;
}

AttemptTask sampling(const PolicyRef& policy, std::size_t n, std::int64_t samples) {
  return {.policy = policy,
          .how = {.samples = samples, .max_tokens = 16, .seed = 9, .first_group = 100},
          .problems = problems(n)};
}

}  // namespace

TEST_CASE("attempts do not depend on how a task is cut into parts", "[executor]") {
  LocalEngine engine(sums(), 16);
  const PolicyRef policy{engine.publish(serialize(testing::random_model(1))).value(), 4};
  auto whole = sampling(policy, 120, 8);  // three parts
  whole.origin = {.run = "night", .first_group = 2'000'000'000, .policy = 3};
  const auto parts = submit_in_parts(engine, whole);
  REQUIRE(parts.size() == 3);
  auto cut = wait_for_all(engine, parts).value();
  auto once = engine.wait(engine.submit(whole)).value();
  CHECK(cut.found == once.found);
  REQUIRE(once.found.size() == 120);
  CHECK(once.found[7].group.group == 2'000'000'007);
  CHECK(once.found[7].group.attempts[3].steps.front().model == 3);
  CHECK(once.found[7].group.attempts.size() == 8);
  CHECK(once.found[7].group.attempts[3].steps.front().policy_version == 4);
  CHECK(once.cpu_seconds > 0);
  // What is stored is what the executor encoded.
  CHECK(cut.records == once.records);
  CHECK(once.records == persistence::pack(search::groups_of(once.found)));
}

TEST_CASE("a scorer's scores are written into every closed step, a critic's as q", "[executor]") {
  LocalEngine engine(sums(), 16);
  const PolicyRef policy{engine.publish(serialize(testing::random_model(1))).value(), 1};
  for (const std::string role : {"prm", "critic"}) {
    INFO(role);
    auto task = sampling(policy, 10, 2);
    task.scorer = engine.publish(serialize(random_scorer(role))).value();
    const auto scored = engine.wait(engine.submit(task)).value();
    const auto scorer = inference::DecoderScorer::make(random_scorer(role)).value();
    std::size_t closed = 0;
    std::vector<AttemptGroup> plain;
    for (const auto& found : scored.found) {
      for (const auto& attempt : found.group.attempts) {
        std::string state = prompt_of(attempt.problem, {});
        for (std::size_t s = 0; s < attempt.steps.size(); ++s) {
          const auto& step = attempt.steps[s];
          const auto& score = role == "critic" ? step.q : step.reward_score;
          const auto& other = role == "critic" ? step.reward_score : step.q;
          CHECK_FALSE(other.has_value());
          CHECK(score.has_value() == (s < closed_steps(attempt)));
          if (!score) continue;
          const bool ends = text_of(attempt).size() == state.size() + step.text.size() + 1;
          const std::vector<model::StepQuery> query = {
              {state, step.text + text_of(attempt)[state.size() + step.text.size()]}};
          CHECK(*score == scorer->scores(query).front());
          state += query.front().step;
          closed += ends || score ? 1 : 0;
        }
      }
      plain.push_back(found.group);
      for (auto& attempt : plain.back().attempts)
        for (auto& step : attempt.steps) step.q = step.reward_score = std::nullopt;
    }
    CHECK(closed > 10);
    // The same scores when they are asked for later.
    const auto later = engine.wait(engine.submit(ScoreTask{task.scorer, plain})).value();
    for (std::size_t g = 0; g < plain.size(); ++g) CHECK(later.groups[g] == scored.found[g].group);
  }
}

TEST_CASE("verdicts are given again, whatever was written there", "[executor]") {
  LocalEngine engine(sums(), 16);
  const PolicyRef policy{engine.publish(serialize(testing::random_model(1))).value(), 1};
  const auto made = engine.wait(engine.submit(sampling(policy, 20, 2))).value();
  VerifyTask task;
  for (const auto& found : made.found) {
    task.groups.push_back(found.group);
    for (auto& attempt : task.groups.back().attempts)
      for (auto& step : attempt.steps) step.verdict = Verdict::kUnknown;
  }
  const auto judged = engine.wait(engine.submit(task)).value();
  for (std::size_t g = 0; g < made.found.size(); ++g)
    CHECK(judged.groups[g] == made.found[g].group);
}

TEST_CASE("completions are those of the policy, and an unreadable prompt has none", "[executor]") {
  LocalEngine engine(sums(), 16);
  const auto model = testing::random_model(1);
  EnginePolicy policy(engine, {engine.publish(serialize(model)).value(), 2});
  std::vector<model::GenerateRequest> requests(400, {";1+2=", 0, 1, 8, false});
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].seed = i;
  requests[5].prompt = "?";
  inference::DecoderPolicy direct(inference::DecoderWeights::make(model, 2).value(), 16);
  CHECK(policy.generate(requests) == direct.generate(requests));
  CHECK(policy.status().has_value());
  CHECK(policy.version() == 2);
}

TEST_CASE("likelihoods are those that sampling recorded, and texts that do not fit are refused",
          "[executor]") {
  LocalEngine engine(sums(), 16);
  const auto model = testing::random_model(1);
  const PolicyRef policy{engine.publish(serialize(model)).value(), 2};
  EnginePolicy sampler(engine, policy);
  const auto tokenizer = inference::DecoderWeights::make(model, 2).value()->tokenizer();
  EngineLogprobs asked(engine, policy);
  for (const float temperature : {1.0F, 0.6F, 0.0F}) {
    std::vector<model::GenerateRequest> prompts(40, {";1+2=", 0, temperature, 90, false});
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      prompts[i].seed = i;
      if (i % 3 == 0) prompts[i].prompt = ";3+4+5=";
    }
    const auto made = sampler.generate(prompts);
    std::vector<model::LogprobRequest> requests;
    for (std::size_t i = 0; i < made.size(); ++i) {
      auto tokens = tokenizer.encode(prompts[i].prompt).value();
      const auto first = static_cast<std::uint32_t>(tokens.size());
      tokens.insert(tokens.end(), made[i].tokens.begin(), made[i].tokens.end());
      requests.push_back({std::move(tokens), first, temperature});
    }
    asked.ask(requests);
    const auto found = asked.next().value();
    for (std::size_t i = 0; i < made.size(); ++i) CHECK(found[i] == made[i].logprobs);
  }
  const std::vector<std::int32_t> text = {0, 5, 7};
  for (const auto& bad : {model::LogprobRequest{text, 0},
                          {text, 3},
                          {{}, 1},
                          {{0, -1}, 1},
                          {{0, 1000}, 1},
                          {std::vector<std::int32_t>(1000, 5), 1}}) {
    asked.ask({{text, 1}, bad});
    CHECK(asked.next().error().code == Errc::kUsage);
  }
}

TEST_CASE("models whose bytes have another hash are refused, and unknown ones are named",
          "[executor]") {
  const auto bytes = serialize(testing::random_model(1));
  ModelCache damaged([&](const ModelHash&) -> Result<std::string> { return bytes + "x"; });
  CHECK(damaged.model(sha256(bytes).hex()).error().code == Errc::kCorrupt);
  int fetched = 0;
  ModelCache sound([&](const ModelHash&) -> Result<std::string> {
    ++fetched;
    return bytes;
  });
  const PolicyRef policy{sha256(bytes).hex(), 1};
  CHECK(sound.policy(policy).value() == sound.policy(policy).value());
  CHECK(sound.model(policy.hash).has_value());
  CHECK(fetched == 1);
  Executor executor(sums(),
                    std::make_shared<ModelCache>([](const ModelHash& hash) -> Result<std::string> {
                      return fail(Errc::kMissingFile, "no " + hash);
                    }),
                    {});
  const auto failed = executor.run(sampling({"abc", 1}, 1, 1));
  CHECK(failed.error().message == "no abc");
}

TEST_CASE("an executor that is to stop says so", "[executor]") {
  const auto bytes = serialize(testing::random_model(1));
  const auto models =
      std::make_shared<ModelCache>([&](const ModelHash&) -> Result<std::string> { return bytes; });
  Executor executor(sums(), models, {16, Stop([] { return true; })});
  CHECK(executor.run(sampling({sha256(bytes).hex(), 1}, 5, 2)).error().code == Errc::kInterrupted);
}
