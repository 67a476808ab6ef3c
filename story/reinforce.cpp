#include "story/reinforce.hpp"

#include <fmt/format.h>

#include "core/metrics.hpp"
#include "learning/decoder_scorer.hpp"
#include "story/revisits.hpp"
#include "story/verifiers.hpp"

namespace qstar {
namespace {

using nlohmann::json;

// The search for solutions to learn from: Q* guided by the critic.
SearchOptions search_for_data(std::int64_t samples) {
  return {.samples = 4, .budget = 24 * samples, .repeat_cost = 1};
}

std::string digits_of(const std::vector<bool>& bits) {
  std::string text;
  for (const bool bit : bits) text += bit ? '1' : '0';
  return text;
}
std::vector<bool> bits_of(const std::string& digits) {
  std::vector<bool> bits;
  for (const char c : digits) bits.push_back(c == '1');
  return bits;
}

class Run {
 public:
  Run(Story& story, const ReinforcePlan& plan, const Algorithm& algorithm)
      : story_(story),
        plan_(plan),
        algorithm_(algorithm),
        start_(story.models.at(plan.start)),
        learner_(start_),
        improver_(algorithm.make({.config = plan.config,
                                  .value = story.config().verifiers.reward,
                                  .critic = story.config().verifiers.critic,
                                  .max_tokens = story.config().attempts.max_tokens,
                                  .tokenizer = &story.tokenizer(),
                                  .start = &start_,
                                  .measure_kl = plan.reward == RewardKind::kProxy,
                                  .seed = story.seed(stream() + ".improver")})),
        problems_(plan.config.problems, plan.revisit_share, stream() + ".problems"),
        source_(plan.source != nullptr ? *plan.source : problems_) {}

  Result<Reinforced> run() {
    if (auto ready = prepare(); !ready) return tl::unexpected(ready.error());
    while (result_.tokens < plan_.config.tokens && !result_.tokens_to_target) {
      const double cpu = process_cpu_seconds();
      auto values = round();
      if (!values) return tl::unexpected(values.error());
      result_.cpu_seconds += process_cpu_seconds() - cpu;
      if (auto noted = note(std::move(*values)); !noted) return tl::unexpected(noted.error());
    }
    // Kept until the stage ends, so that a resumed run does not repeat this one.
    if (auto kept = save(true); !kept) return tl::unexpected(kept.error());
    result_.policy = learner_.model();
    return std::move(result_);
  }

 private:
  const std::string& stream() const { return plan_.stream.empty() ? plan_.label : plan_.stream; }

  Status prepare() {
    if (!plan_.reward_model.empty()) {
      auto model = RewardLearner::from_model(story_.models.at(plan_.reward_model));
      if (!model) return tl::unexpected(model.error());
      reward_model_.emplace(std::move(*model));
    }
    if (algorithm_.searches) {
      auto guide = DecoderScorer::make(story_.models.at("critic"));
      if (!guide) return tl::unexpected(guide.error());
      guide_ = std::move(*guide);
    }
    const auto saved = story_.host().load(plan_.label);
    if (!saved) return tl::unexpected(saved.error());
    return saved->empty() ? Status{} : load(*saved);
  }

  // Problems, attempts, rewards, updates.
  Result<std::map<std::string, double>> round() {
    const auto model = learner_.model();
    auto policy = story_.host().policy(model, static_cast<std::uint64_t>(rounds_ + 1));
    if (!policy) return tl::unexpected(policy.error());
    auto proposal = source_.propose(story_, model, rounds_);
    if (!proposal) return tl::unexpected(proposal.error());
    result_.tokens += proposal->tokens;
    auto groups = attempt(**policy, proposal->problems);
    if (!groups) return tl::unexpected(groups.error());
    auto values = std::move(proposal->figures);
    values["lucky"] = lucky_share(*groups);
    values["pass_rate"] = pass_rate(*groups);
    if (reward_model_) write_scores(*reward_model_, *groups);
    auto rewards = rewards_of(plan_.reward, *groups);
    values["reward"] = mean(rewards);
    if (auto kept = story_.keep(*groups); !kept) return tl::unexpected(kept.error());
    const double rate = rate_factor();
    const auto learned = source_.learn(learner_, *groups, rate);
    if (!learned) return tl::unexpected(learned.error());
    values.insert(learned->begin(), learned->end());
    for (const auto& [name, value] :
         improver_->improve(learner_, {std::move(*groups), std::move(rewards), rate}))
      values[name] = value;
    ++rounds_;
    return values;
  }

  Result<std::vector<AttemptGroup>> attempt(Policy& policy,
                                            const std::vector<std::string>& problems) {
    const auto first = static_cast<std::uint64_t>(groups_);
    groups_ += static_cast<std::int64_t>(problems.size());
    auto how = algorithm_.searches ? search_for_data(plan_.config.samples) : SearchOptions{};
    const auto defaults = story_.options(stream(), first);
    if (!algorithm_.searches) how.samples = plan_.config.samples;
    how.temperature = plan_.config.temperature;
    how.max_tokens = defaults.max_tokens;
    how.seed = defaults.seed;
    how.first_group = defaults.first_group;
    const auto search = make_search(algorithm_.searches ? "qstar" : "sample").value();
    auto results = search.attempt(story_.environment(), {policy, guide_.get()}, problems, how);
    if (!results) return tl::unexpected(results.error());
    for (const auto& made : *results) result_.tokens += static_cast<std::int64_t>(made.tokens);
    auto groups = groups_of(std::move(*results));
    // Runs with the same stream share their seeds but not their group ids in the store.
    for (std::size_t g = 0; g < groups.size(); ++g) {
      groups[g].group = Story::group_id(plan_.label, first + g);
      for (auto& made : groups[g].attempts) made.id.group = groups[g].group;
    }
    return groups;
  }

  static double pass_rate(const std::vector<AttemptGroup>& groups) {
    double sum = 0;
    for (const auto& group : groups) sum += group.pass_rate();
    return groups.empty() ? 0 : sum / static_cast<double>(groups.size());
  }

  static double mean(const std::vector<std::vector<double>>& rows) {
    double sum = 0, n = 0;
    for (const auto& row : rows)
      for (const double value : row) sum += value, n += 1;
    return n > 0 ? sum / n : 0;
  }

  // The learning rates fall with the share of tokens already generated.
  double rate_factor() const {
    const auto& optimizer = plan_.algorithm == "expert_iteration" || algorithm_.searches
                                ? plan_.config.optimizer
                                : plan_.config.gradient.optimizer;
    return schedule(optimizer, std::min(result_.tokens, plan_.config.tokens), plan_.config.tokens);
  }

  // Measures the policy, adds a point to the learning curve, reports progress and saves.
  Status note(std::map<std::string, double> values) {
    auto right = story_.quick_evaluation(learner_.model());
    if (!right) return tl::unexpected(right.error());
    const double accuracy = share(*right);
    json point = {{"tokens", result_.tokens}, {"accuracy", accuracy}};
    for (const auto& [name, value] : values) point[name] = value;
    result_.curve.push_back(std::move(point));
    result_.quick_evaluations.push_back(std::move(*right));
    if (plan_.target && accuracy >= *plan_.target) result_.tokens_to_target = result_.tokens;
    values["accuracy"] = accuracy;
    auto on = story_.host().show({plan_.label, std::min(result_.tokens, plan_.config.tokens),
                                  plan_.config.tokens, std::move(values)});
    if (auto kept = save(!on); !kept) return kept;
    return on;
  }

  Status save(bool at_once) {
    return story_.host().save(
        plan_.label, [this] { return parts(); }, at_once);
  }

  std::map<std::string, std::string> parts() const {
    json state = {{"rounds", rounds_},
                  {"groups", groups_},
                  {"tokens", result_.tokens},
                  {"cpu_seconds", result_.cpu_seconds},
                  {"curve", result_.curve},
                  {"quick_evaluations", json::array()},
                  {"reached", result_.tokens_to_target.has_value()}};
    for (const auto& bits : result_.quick_evaluations)
      state["quick_evaluations"].push_back(digits_of(bits));
    return {{"state.json", state.dump()},
            {"learner", learner_.save()},
            {"improver", improver_->save()},
            {"source", source_.save()}};
  }

  Status damaged(std::string_view what) const {
    return fail(Errc::kCorrupt,
                fmt::format("{}: the saved state of this run is damaged ({}); start "
                            "a new run",
                            plan_.label, what));
  }

  Status load(const std::map<std::string, std::string>& parts) {
    for (const auto* part : {"state.json", "learner", "improver", "source"})
      if (!parts.contains(part)) return damaged(std::string(part) + " is missing");
    const auto state = json::parse(parts.at("state.json"), nullptr, false);
    if (state.is_discarded()) return damaged("state.json");
    if (!state.contains("quick_evaluations"))
      return fail(Errc::kSchema, plan_.label +
                                     ": the saved state is of another version of qstar; "
                                     "start a new run, or resume with that version");
    const auto folder = "checkpoints/" + plan_.label;
    if (auto loaded = learner_.load(parts.at("learner"), folder + ": learner"); !loaded)
      return loaded;
    if (auto loaded = improver_->load(parts.at("improver")); !loaded)
      return fail(loaded.error().code, folder + ": improver: " + loaded.error().message);
    if (!source_.load(parts.at("source"))) return damaged("source");
    return load_counters(state);
  }

  Status load_counters(const json& state) {
    try {
      rounds_ = state.at("rounds");
      groups_ = state.at("groups");
      result_.tokens = state.at("tokens");
      result_.cpu_seconds = state.at("cpu_seconds");
      result_.curve = state.at("curve");
      for (const std::string digits : state.at("quick_evaluations"))
        result_.quick_evaluations.push_back(bits_of(digits));
      if (state.at("reached").get<bool>()) result_.tokens_to_target = result_.tokens;
      return {};
    } catch (const json::exception&) {
      return damaged("state.json");
    }
  }

  Story& story_;
  const ReinforcePlan& plan_;
  Algorithm algorithm_;
  const ModelFile& start_;
  PolicyLearner learner_;
  std::unique_ptr<Improver> improver_;
  RevisitedProblems problems_;
  ProblemSource& source_;
  std::optional<RewardLearner> reward_model_;
  std::unique_ptr<DecoderScorer> guide_;
  std::int64_t rounds_ = 0, groups_ = 0;
  Reinforced result_;
};

}  // namespace

Result<json> Reinforced::figures(const Story& story, std::string_view name) const {
  auto figures = story.evaluate(policy, name);
  if (!figures) return tl::unexpected(figures.error());
  figures->update({{"tokens", tokens},
                   {"cpu_seconds", cpu_seconds},
                   {"lucky", figures->at("sampled").at("lucky")},
                   {"curve", curve}});
  return figures;
}

Result<Reinforced> reinforce(Story& story, const ReinforcePlan& plan) {
  const auto algorithm = find_algorithm(plan.algorithm);
  if (!algorithm) return tl::unexpected(algorithm.error());
  return Run(story, plan, *algorithm).run();
}

}  // namespace qstar
