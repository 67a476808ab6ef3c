// What the stages' settings need from others, and which contradict each other.
#include <fmt/format.h>

#include <algorithm>

#include "experiment/experiment.hpp"
#include "experiment/text/algorithms.hpp"
#include "experiment/text/stage_configs.hpp"
#include "learning/unused_settings.hpp"

namespace qstar::experiment {
namespace {

Status wrong(std::string message) { return fail(Errc::kConfig, std::move(message)); }

Status check_row(const SearchTableConfig& config, std::size_t index, const std::string& list) {
  const auto& row = config.methods[index];
  const auto key = fmt::format("{}[{}]", list, index + 1);
  const auto search = search::make_search(row.name);
  if (!search) return wrong(fmt::format("{}: {}", key, search.error().message));
  if (auto ok = search->check(row.how); !ok)
    return wrong(fmt::format("{}: {}", key, ok.error().message));
  const auto first = std::find(config.methods.begin(), config.methods.end(), row);
  const auto earlier = static_cast<std::size_t>(first - config.methods.begin());
  if (earlier < index)
    return wrong(
        fmt::format("{} is the same as {}[{}]; remove one of them", key, list, earlier + 1));
  if (search->needs_guide() && config.guides.empty())
    return wrong(fmt::format("{}: guides is empty, but {} needs a guide; name one", key, row.name));
  return {};
}

Status check_proposer(const ProposerConfig& proposer, const std::string& key) {
  learning::UnusedSettings unused;
  const ProposerConfig standard;
  const bool writes = proposer.share > 0;
  const auto why = key + ".share is 0";
  unused.want(writes, key + ".steps", proposer.steps, standard.steps, why);
  unused.want(writes, key + ".updates", proposer.updates, standard.updates, why);
  return unused.status();
}

}  // namespace

// ---- pre-training and fine-tuning ------------------------------------------------------------

Status PretrainStageConfig::check(const Experiment& experiment, const std::string& key) const {
  if (length <= experiment.model.context) return {};
  return wrong(
      fmt::format("{0}.length = {1} is more than model.context = {2}: lower {0}.length or "
                  "raise model.context",
                  key, length, experiment.model.context));
}

// ---- judges and searches ---------------------------------------------------------------------

std::vector<std::string> JudgesConfig::makes(const std::string&) const {
  auto made = models;
  if (!label_file.empty()) made.emplace_back("prm_labels");
  return made;
}

Status JudgesConfig::check(const Experiment&, const std::string& key) const {
  if (models.empty() && label_file.empty())
    return wrong(
        fmt::format("{0}.models is empty, so the stage has nothing to do; name one, or set "
                    "{0}.skip = true",
                    key));
  learning::UnusedSettings unused;
  learning::note_unused(critic, JudgesConfig().critic, key + ".critic", unused);
  return unused.status();
}

std::vector<Need> SearchTableConfig::needs() const {
  std::vector<Need> needs = {{policy, "policy"}};
  for (const auto& guide : guides) needs.push_back({guide, "guides"});
  return needs;
}

Status SearchTableConfig::check(const Experiment&, const std::string& key) const {
  for (std::size_t i = 0; i < methods.size(); ++i)
    if (auto row = check_row(*this, i, key + ".methods"); !row) return row;
  return {};
}

std::string options_of(const SearchRow& row) {
  const auto fields_of = [](SearchRow of) { return list_config(describe_of(of)).front().fields; };
  const auto usual = fields_of({row.name, {}});
  std::string text;
  for (auto& [name, value, doc] : fields_of(row)) {
    const bool is_usual = std::any_of(usual.begin(), usual.end(), [&](const auto& field) {
      return field.name == name && field.value == value;
    });
    if (is_usual) continue;
    if (value.ends_with(".0")) value.resize(value.size() - 2);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

std::vector<SearchRow> default_searches() {
  return {{"greedy", {}},
          {"sample", {.samples = 4}},
          {"majority", {.samples = 4}},
          {"majority", {.samples = 16}},
          {"best_of_n", {.samples = 4}},
          {"best_of_n", {.samples = 16}},
          {"weighted_vote", {.samples = 16}},
          {"beam", {.samples = 4}},
          {"beam", {.samples = 4, .stop_below = 0.5, .retries = 3}},
          {"beam", {.samples = 8, .beam = 2}},
          {"astar", {.samples = 4, .budget = 400, .repeat_cost = 1}},
          {"qstar", {.samples = 4, .budget = 400, .repeat_cost = 1}},
          {"mcts", {.samples = 4, .budget = 400}}};
}

Status MeasureConfig::check(const Experiment&, const std::string& key) const {
  if (policy != "proposer") return {};
  return wrong(
      fmt::format("{}.policy = \"proposer\": a proposer is not evaluated, so that its cost is "
                  "unknown; name another policy",
                  key));
}

std::vector<Need> MeasureConfig::needs() const {
  std::vector<Need> needs = {{base, "base"}};
  if (!policy.empty()) needs.push_back({policy, "policy"});
  return needs;
}

// ---- reinforcement learning ------------------------------------------------------------------

Status FeedbackConfig::check(const Experiment& experiment, const std::string& key) const {
  if (annotator.kind == "recorded" && annotator.file.empty())
    return wrong(
        fmt::format("{}.annotator.file: kind = \"recorded\" needs a file of rankings; "
                    "'qstar label RUN --rankings' writes one",
                    key));
  learning::UnusedSettings unused;
  const AnnotatorConfig standard;
  const auto name = key + ".annotator";
  unused.want(annotator.kind == "recorded", name + ".file", annotator.file, standard.file,
              name + ".kind is \"simulated\"");
  unused.want(annotator.kind == "simulated", name + ".error_rate", annotator.error_rate,
              standard.error_rate, name + ".kind is \"recorded\"");
  unused.want(false, key + ".reinforce.gradient.kl_weight", reinforce.gradient.kl_weight,
              ReinforceConfig().gradient.kl_weight, key + ".kl_weights are the weights");
  if (auto used = unused.status(); !used) return used;
  // The proxy is a score, too.
  return qstar::experiment::check({reinforce, {"grpo"}, {"proxy"}}, experiment, key + ".reinforce");
}

std::vector<ComparedRun> runs_of(const CompareConfig& config) {
  const bool by_reward = config.algorithms.size() == 1 && config.rewards.size() > 1;
  const bool by_both = config.algorithms.size() > 1 && config.rewards.size() > 1;
  std::vector<ComparedRun> runs;
  for (const auto& algorithm : config.algorithms) {
    for (const auto& reward : config.rewards) {
      const auto& one = by_reward ? reward : algorithm;
      runs.push_back({by_both ? fmt::format("{}.{}", algorithm, reward) : one, algorithm, reward});
    }
  }
  return runs;
}

std::vector<Need> CompareConfig::needs() const {
  auto needs = needs_of({reinforce, algorithms, rewards}, "algorithms", "rewards");
  needs.insert(needs.begin(), {start, "start"});
  return needs;
}

Status CompareConfig::check(const Experiment& experiment, const std::string& key) const {
  return qstar::experiment::check({reinforce, algorithms, rewards}, experiment, key + ".reinforce");
}

Status SelfPlayConfig::check(const Experiment& experiment, const std::string& key) const {
  if (proposer.share == 0)
    return wrong(
        fmt::format("{0}.proposer.share = 0 leaves nothing to compare; raise it, or set "
                    "{0}.skip = true",
                    key));
  return qstar::experiment::check({reinforce, {"expert_iteration"}, {"outcome"}}, experiment,
                                  key + ".reinforce");
}

std::vector<Need> ReinforceStageConfig::needs() const {
  auto needs = needs_of({reinforce, {algorithm}, {reward}}, "algorithm", "reward");
  needs.insert(needs.begin(), {start, "start"});
  return needs;
}

std::vector<std::string> ReinforceStageConfig::makes(const std::string& stage) const {
  if (reinforce.critic_updates > 0) return {stage, stage + ".critic"};
  return {stage};
}

Status ReinforceStageConfig::check(const Experiment& experiment, const std::string& key) const {
  if (revisit_share > 0 && proposer.share > 0)
    return wrong(
        fmt::format("{0}.revisit_share and {0}.proposer.share: set one of them to 0; they "
                    "cannot be combined",
                    key));
  if (auto used = check_proposer(proposer, key + ".proposer"); !used) return used;
  return qstar::experiment::check({reinforce, {algorithm}, {reward}}, experiment, key);
}

}  // namespace qstar::experiment
