// The figures of a whole run against what is counted here, for a policy whose work is known.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "core/metrics.hpp"
#include "experiment/run_stages.hpp"
#include "experiment/text/domains.hpp"
#include "experiment/text/stages.hpp"
#include "persistence/store.hpp"
#include "search/text/evaluate.hpp"
#include "tests/support/scripted_engine.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace environment;
using namespace search;
using namespace experiment;
namespace {

// Works as it is written here, whatever the weights: problems with one operator are solved right,
// of the others those that begin with an odd digit with a leap to the answer, and the rest wrong.
class KnownPolicy final : public model::Policy {
 public:
  KnownPolicy(const Environment& environment, std::string proposal, std::uint64_t version)
      : environment_(environment), proposal_(std::move(proposal)), version_(version) {}

  static bool leaps(const std::string& problem) {
    return !plain(problem) && (problem.front() - '0') % 2 == 1;
  }
  static bool plain(const std::string& problem) {
    return std::count_if(problem.begin(), problem.end(),
                         [](char c) { return c == '+' || c == '-' || c == '*'; }) == 1;
  }
  static std::string work(const Environment& environment, const std::string& problem,
                          const std::string& line) {
    const auto state = environment.reset(line);
    const auto steps = state ? environment.solve(*state) : tl::unexpected(state.error());
    if (!steps || steps->empty() || (!plain(problem) && !leaps(problem))) return "99;";
    if (leaps(problem)) return steps->back() + ";";
    std::string text;
    for (const auto& step : *steps) text += step + "=";
    text.back() = ';';
    return text;
  }

  std::vector<model::Generation> generate(
      std::span<const model::GenerateRequest> requests) override {
    std::vector<model::Generation> made;
    for (const auto& request : requests) {
      const auto& prompt = request.prompt;
      const auto begin = prompt.rfind(';') + 1;  // what is earlier is of other problems
      const auto lines = prompt.substr(begin, prompt.size() - 1 - begin);
      const auto problem = lines.substr(0, lines.find('='));
      std::string text = proposal_ + ";";
      if (!problem.empty()) text = work(environment_, problem, lines.substr(lines.rfind('=') + 1));
      if (request.stop_at_step) text.resize(text.find_first_of("=;") + 1);
      made.push_back({text, std::vector<std::int32_t>(text.size(), model::Tokenizer::kFirstDigit),
                      std::vector<float>(text.size(), -1), true});
    }
    return made;
  }
  std::uint64_t version() const override { return version_; }

 private:
  const Environment& environment_;
  std::string proposal_;
  std::uint64_t version_;
};

// What a report has to say of the known policy at these problems, counted here.
struct Expected {
  Expected(const Environment& environment, const std::vector<std::string>& problems)
      : n(static_cast<double>(problems.size())) {
    for (const auto& problem : problems) {
      right += KnownPolicy::plain(problem) || KnownPolicy::leaps(problem) ? 1 : 0;
      leapt += KnownPolicy::leaps(problem) ? 1 : 0;
      tokens += static_cast<double>(KnownPolicy::work(environment, problem, problem).size());
    }
  }
  double n = 0, right = 0, leapt = 0, tokens = 0;

  void check(const nlohmann::json& figures) const {
    CHECK(figures.at("n") == n);
    CHECK(figures.at("accuracy").get<double>() == Approx(right / n));
    CHECK(figures.at("tokens_per_problem").get<double>() == Approx(tokens / n));
    const auto interval =
        wilson95(static_cast<std::uint64_t>(right), static_cast<std::uint64_t>(n));
    CHECK(figures.at("ci95")[0].get<double>() == Approx(interval.low));
    CHECK(figures.at("ci95")[1].get<double>() == Approx(interval.high));
    const double cpu = figures.at("cpu_seconds");
    CHECK(std::isfinite(cpu));
    CHECK(cpu >= 0);
  }
  // Greedy and sampled alike.
  void check_both(const nlohmann::json& section) const {
    for (const auto* how : {"greedy", "sampled"}) {
      INFO(how);
      check(section.at(how));
      CHECK(section.at(how).at("lucky").get<double>() == Approx(leapt / right));
    }
  }
};

// A run by the known policy, and everything that it kept.
struct KnownRun {
  Experiment config = testing::small_experiment();
  std::shared_ptr<const Environment> environment;
  std::map<std::uint64_t, AttemptGroup> kept;
  std::vector<std::string> labels;  // in the order of their groups' ids
  nlohmann::json report;
  std::vector<std::string> problems, curve_problems;

  KnownRun() {
    limit_tokens();
    auto& annotator = testing::settings<FeedbackConfig>(config, "rlhf").annotator;
    annotator.kind = "recorded";
    annotator.file = "rankings.jsonl";
    Experiment shipped;
    REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/qstar.toml", {}, describe_of(shipped)));
    config.targets = shipped.targets;
    const auto sound = check(config);
    INFO((sound ? "" : sound.error().message));
    REQUIRE(sound);
    const auto where = testing::small_problems(config);
    environment = where.environment;
    problems = held_out_problems(*environment, config.evaluation.problems);
    curve_problems = held_out_problems(*environment, config.evaluation.curve_problems, 1);
    const FinishedStages finished = {
        [](const std::string&) -> Result<std::optional<FinishedStage>> { return std::nullopt; },
        [this](const std::string&, const FinishedStage& stage) {
          labels = stage.labels;
          return Status{};
        }};
    const auto outcome = run_stages(config, where, host(), stage_function, finished);
    INFO((outcome ? "" : outcome.error().message));
    REQUIRE(outcome.has_value());
    report = outcome->report;
  }

  const nlohmann::json& results() const { return report.at("results"); }

  // The groups that a run kept under this label, in order.
  std::vector<AttemptGroup> groups_of(const std::string& label) const {
    const auto found = std::find(labels.begin(), labels.end(), label);
    std::vector<AttemptGroup> groups;
    if (found == labels.end()) return groups;
    const auto first = static_cast<std::uint64_t>(found - labels.begin()) * 1'000'000'000;
    for (auto it = kept.find(first); it != kept.end(); it = kept.find(first + groups.size()))
      groups.push_back(it->second);
    return groups;
  }

  // Of a run of reinforcement learning: its figures, and its curve by what it kept.
  void check_run(const nlohmann::json& section, const std::string& label,
                 const Expected& measured) const {
    INFO(label);
    measured.check_both(section);
    const Expected curve(*environment, curve_problems);
    const auto groups = groups_of(label);
    const auto small = testing::small_reinforce();
    const auto in_round = static_cast<std::size_t>(small.problems);
    REQUIRE(groups.size() == in_round * section.at("curve").size());
    double tokens = 0, attempts = 0, wins = 0, lucky = 0;
    for (std::size_t round = 0; round < section.at("curve").size(); ++round) {
      std::vector<std::string> asked;
      for (std::size_t g = round * in_round; g < (round + 1) * in_round; ++g)
        asked.push_back(groups[g].attempts.front().problem);
      const Expected expected(*environment, asked);
      const auto samples = static_cast<double>(small.samples);
      tokens += expected.tokens * samples;
      attempts += expected.n * samples;
      wins += expected.right * samples;
      lucky += expected.leapt * samples;
      const auto& point = section.at("curve")[round];
      CHECK(point.at("tokens") == tokens);
      CHECK(point.at("attempts") == attempts);
      CHECK(point.at("wins") == wins);
      CHECK(point.at("accuracy").get<double>() == Approx(curve.right / curve.n));
      CHECK(point.at("pass_rate").get<double>() == Approx(expected.right / expected.n));
      CHECK(point.at("lucky").get<double>() == Approx(expected.leapt / expected.right));
    }
    CHECK(section.at("tokens") == tokens);
    CHECK(section.at("rounds") == section.at("curve").size());
    CHECK(section.at("attempts") ==
          nlohmann::json{{"n", attempts}, {"wins", wins}, {"lucky", lucky}});
    for (const auto* busy : {"learner_busy", "executors_busy"}) {
      const double share = section.at(busy);
      CHECK(share >= 0);
      CHECK(share <= 1);
    }
  }

 private:
  void limit_tokens() {
    for (const auto* name : {"rl", "rewards"})
      testing::settings<CompareConfig>(config, name).reinforce.tokens = 600;
    testing::settings<SelfPlayConfig>(config, "selfplay").reinforce.tokens = 600;
    testing::settings<ReinforceStageConfig>(config, "final").reinforce.tokens = 600;
    testing::settings<FeedbackConfig>(config, "rlhf").reinforce.tokens = 300;
  }

  RunHost host() {
    Rng rng(1);
    const auto proposal = environment->sample_problem(rng, Split::kTraining);
    auto host = local_host(config);
    host.engine = std::make_shared<testing::ScriptedEngine>(
        environment, [env = environment, proposal](std::uint64_t version) {
          return std::make_unique<KnownPolicy>(*env, proposal, version);
        });
    host.keep = [this](const std::string& packed) {
      const auto groups = persistence::unpack(packed).value();
      for (const auto& group : groups) kept[group.group] = group;
      return Status{};
    };
    host.rankings["rankings.jsonl"].records.push_back(
        {"1+2", {{{0, 0}, {"4"}, 2}, {{0, 1}, {"3"}, 1}, {{0, 2}, {"2"}, 2}}});
    return host;
  }
};

// Run once for all tests.
const KnownRun& known_run() {
  static const KnownRun run;
  return run;
}

TEST_CASE("every figure of a run is what can be counted, for a policy that is known") {
  const auto& known = known_run();
  auto config = known.config;
  const auto& results = known.results();
  const Expected measured(*known.environment, known.problems);
  REQUIRE(measured.right > measured.leapt);
  REQUIRE(measured.leapt > 0);
  REQUIRE(measured.n > measured.right);

  CHECK(known.report.at("environment") == "arithmetic");
  CHECK(known.report.at("family") == "custom");
  CHECK(known.report.at("seed") == config.seed);
  measured.check_both(results.at("base"));
  const auto& pretraining = testing::settings<PretrainStageConfig>(config, "base");
  CHECK(results.at("base").at("tokens") ==
        pretraining.steps * pretraining.rows * pretraining.length);
  measured.check_both(results.at("sft"));
  CHECK(results.at("sft").at("solutions") == 10);

  const auto& judging = testing::settings<JudgesConfig>(config, "judges");
  const auto& judges = results.at("judges");
  const auto judged =
      Expected(*known.environment, held_out_problems(*known.environment, judging.held_out));
  CHECK(judges.size() == 4);
  for (const auto& [name, role] : {std::pair{"prm", "prm"},
                                   {"orm", "orm"},
                                   {"prm_completions", "prm"},
                                   {"critic", "critic"}}) {
    INFO(name);
    const auto& section = judges.at(name);
    CHECK(section.at("role") == role);
    CHECK(section.at("examples") == judging.problems * judging.samples);
    for (const auto* n : {"4", "8", "16"})  // all attempts at a problem are alike
      CHECK(section.at("best_of").at(n).get<double>() == Approx(judged.right / judged.n));
    std::int64_t steps = 0, in_bins = 0;
    for (const auto& group : known.groups_of("judges.held_out"))
      for (const auto& attempt : group.attempts)
        steps += static_cast<std::int64_t>(attempt.steps.size());
    for (const auto& bin : section.at("bins")) in_bins += bin.at("n").get<std::int64_t>();
    CHECK(steps > 0);
    CHECK(in_bins == steps);
  }

  REQUIRE(results.at("search").size() > 13);  // without a guide and with each
  for (const auto& row : results.at("search")) {
    INFO(row.dump());
    CHECK(row.at("accuracy").get<double>() == Approx(measured.right / measured.n));
    const bool sample = row.at("method") == "sample";  // all of its attempts are answers
    CHECK(row.at("n") == measured.n * (sample ? 4 : 1));
  }

  const auto& rlhf = results.at("rlhf");
  CHECK(rlhf.at("annotator").at("rankings") == 1);
  CHECK(rlhf.at("annotator").at("pairs") == 2);
  CHECK(rlhf.at("annotator").at("skipped") == 0);
  CHECK(rlhf.at("reward_model").at("pair_accuracy") == 0);  // no answers to order
  REQUIRE(rlhf.at("runs").size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(rlhf.at("runs")[i].at("kl_weight") == 0.1 * static_cast<double>(i));
    measured.check(rlhf.at("runs")[i].at("greedy"));
  }
}

TEST_CASE("every figure of the reinforcement learning of a run is what can be counted") {
  const auto& known = known_run();
  auto config = known.config;
  const auto& results = known.results();
  const Expected measured(*known.environment, known.problems);

  const auto& compared = results.at("rl");
  CHECK(compared.size() == testing::settings<CompareConfig>(config, "rl").algorithms.size());
  for (const auto* name : {"expert_iteration", "grpo", "ppo", "q_advantage"})
    known.check_run(compared.at(name), std::string("rl.") + name, measured);
  measured.check_both(compared.at("search_guided"));
  CHECK(results.at("rewards").size() == 4);
  for (const auto* reward : {"outcome", "process", "both", "screened"})
    known.check_run(results.at("rewards").at(reward), std::string("rewards.") + reward, measured);
  for (const auto& point : results.at("rewards").at("outcome").at("curve"))
    CHECK(point.at("reward").get<double>() == Approx(point.at("pass_rate").get<double>()));

  const auto& selfplay = results.at("selfplay");
  CHECK(selfplay.at("target") == testing::settings<SelfPlayConfig>(config, "selfplay").target);
  CHECK(selfplay.at("ratio").is_null());  // nothing is learned, so nobody reaches the target
  known.check_run(selfplay.at("uniform"), "selfplay.uniform", measured);
  CHECK(selfplay.at("uniform").at("tokens_to_target").is_null());
  const auto& played = selfplay.at("selfplay").at("curve");
  // A quarter of twelve is proposed, always the same: new at first, and known ever after.
  for (std::size_t round = 0; round < played.size(); ++round) {
    CHECK(played[round].at("valid") == 1);
    CHECK(played[round].at("fresh").get<double>() == Approx(round == 0 ? 1.0 / 3 : 0));
  }
  for (const auto& player : selfplay.at("ratings")) CHECK(player.at("rating") == Approx(0));
  CHECK(selfplay.at("ratings").size() == played.size());

  const auto& last = testing::settings<ReinforceStageConfig>(config, "final");
  known.check_run(results.at("final"), "final", measured);
  CHECK(results.at("final").at("start") == last.start);
  CHECK(results.at("final").at("algorithm") == last.algorithm);
  CHECK(results.at("final").at("reward") == last.reward);
  CHECK(results.at("final").at("proposer_share") == 0);
  CHECK(results.at("final").at("model") == "models/final.safetensors");
  CHECK_FALSE(results.at("final").contains("critic"));
}

TEST_CASE("every measurement of a run is what can be counted") {
  const auto& known = known_run();
  auto config = known.config;
  const auto& measurements = known.results().at("measure");
  const auto& environment = *known.environment;
  const auto n = testing::settings<MeasureConfig>(config, "measure").problems;

  std::size_t missed = 1;  // the final policy
  std::size_t rows = 0;
  for (const auto& domain : other_domains(config.environment)) {
    INFO(domain.name);
    const auto other = make_environment(domain.config);
    const auto asked =
        other ? domain_problems(environment, **other, n) : std::vector<std::string>{};
    if (asked.empty()) continue;  // there are none
    const Expected expected(environment, asked);
    REQUIRE(measurements.at("out_of_domain").size() > rows);
    const auto& row = measurements.at("out_of_domain")[rows++];
    CHECK(row.at("name") == domain.name);
    for (const auto* model : {"base", "final"}) expected.check(row.at(model));
    missed += expected.right / expected.n < 0.9 ? 1 : 0;
  }
  CHECK(rows > 2);
  CHECK(measurements.at("out_of_domain").size() == rows);
  const auto& contexts = measurements.at("polluted_context");
  REQUIRE(contexts.size() == 9);
  CHECK(contexts[0].at("context") == "none");
  CHECK(contexts[8].at("context") == "2 wrong, 1 right, pruned");
  const Expected after(environment, held_out_problems(environment, n));
  for (const auto& row : contexts)  // the known policy looks at the problem alone
    for (const auto* model : {"base", "final"}) after.check(row.at(model));

  const auto& calculator = measurements.at("calculator");
  CHECK(calculator.at("n") == known.problems.size());
  CHECK(calculator.at("accuracy") == 1);
  CHECK(calculator.at("cpu_seconds") > 0);
  CHECK(calculator.at("cpu_seconds") < 0.1);  // of one pass, not of all that take 0.2 s together
  CHECK(calculator.at("policy_cpu_seconds") ==
        known.results().at("final").at("greedy").at("cpu_seconds"));
  CHECK(calculator.at("times_faster").get<double>() ==
        Approx(calculator.at("policy_cpu_seconds").get<double>() /
               calculator.at("cpu_seconds").get<double>()));

  missed += 3;  // too many leaps under process, both and screened rewards
  missed += 1;  // self-play
  CHECK(known.report.at("failed").size() == missed);
}

TEST_CASE("a run costs the sum of its stages") {
  const auto& known = known_run();
  const auto& stages = known.report.at("stages");
  REQUIRE(stages.size() == known.config.stages.size());
  double cpu = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    CHECK(stages[i].at("name") == known.config.stages[i].name);
    CHECK(stages[i].at("kind") == known.config.stages[i].kind);
    const double spent = stages[i].at("cpu_seconds");
    CHECK(spent > 0);
    cpu += spent;
  }
  CHECK(known.report.at("cost").at("cpu_seconds").get<double>() == Approx(cpu));
}

}  // namespace
}  // namespace qstar
