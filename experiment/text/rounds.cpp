#include "experiment/text/rounds.hpp"

#include <algorithm>

namespace qstar::experiment {
namespace {

using nlohmann::json;

// The search for solutions to learn from: Q* guided by the critic.
search::SearchOptions search_for_data(std::int64_t samples) {
  return {.samples = 4, .budget = 24 * samples, .repeat_cost = 1};
}

json json_of(const PendingRound& pending) {
  return {
      {"problems", pending.proposal.problems}, {"proposed", pending.proposal.proposed},
      {"tokens", pending.proposal.tokens},     {"figures", pending.proposal.figures},
      {"policy", pending.models.policy.hash},  {"version", pending.models.policy.version},
      {"critic", pending.models.critic},       {"critic_updates", pending.models.critic_updates},
      {"first_group", pending.first_group}};
}

RoundModels models_of(const json& saved) {
  return {
      {saved.at("policy"), saved.at("version")}, saved.at("critic"), saved.at("critic_updates")};
}

PendingRound pending_of(const json& saved) {
  return {{saved.at("problems"), saved.at("proposed"), saved.at("tokens"), saved.at("figures")},
          models_of(saved),
          saved.at("first_group")};
}

}  // namespace

Status Rounds::begin(const RoundModels& models, std::int64_t number, std::int64_t wanted) {
  const auto ahead = number == 0 ? 0 : plan_.staleness;
  const auto most = std::min(ahead + 1, wanted);
  while (static_cast<std::int64_t>(pending_.size()) < most) {
    const auto round = number + static_cast<std::int64_t>(pending_.size());
    auto proposal = source_.propose(run_, models.policy, round);
    if (!proposal) return tl::unexpected(proposal.error());
    PendingRound pending{std::move(*proposal), models, groups_};
    groups_ += static_cast<std::int64_t>(pending.proposal.problems.size());
    pending.parts = submit_in_parts(run_.engine(), task_of(pending));
    pending_.push_back(std::move(pending));
  }
  return {};
}

AttemptTask Rounds::task_of(const PendingRound& pending) const {
  const auto& critic = pending.models.critic;
  AttemptTask task{.policy = pending.models.policy,
                   .scorer = plan_.scorer.empty() ? critic : plan_.scorer,
                   .search = plan_.searches ? "qstar" : "sample",
                   .problems = pending.proposal.problems};
  if (plan_.searches) task.guide = critic.empty() ? plan_.guide : critic;
  if (plan_.searches) task.how = search_for_data(plan_.samples);
  if (!plan_.searches) task.how.samples = plan_.samples;
  const auto defaults = run_.options(plan_.stream, static_cast<std::uint64_t>(pending.first_group));
  task.how.temperature = plan_.temperature;
  task.how.max_tokens = defaults.max_tokens;
  task.how.seed = defaults.seed;
  task.how.first_group = defaults.first_group;
  task.origin = run_.origin(task, plan_.label, static_cast<std::uint64_t>(pending.first_group));
  if (!critic.empty()) task.origin->critic_version = pending.models.critic_updates;
  return task;
}

Result<Rounds::Attempts> Rounds::collect() {
  const auto& pending = pending_.front();
  auto results = wait_for_all(run_.engine(), pending.parts);
  if (!results) return tl::unexpected(results.error());
  Attempts made{{}, std::move(results->records), pending.proposal.tokens};
  for (const auto& found : results->found) made.tokens += static_cast<std::int64_t>(found.tokens);
  tokens_ = made.tokens;
  made.groups = search::groups_of(std::move(results->found));
  return made;
}

PendingRound Rounds::next() {
  auto pending = std::move(pending_.front());
  pending_.pop_front();
  return pending;
}

void Rounds::withdraw() {
  for (const auto& pending : pending_) run_.engine().cancel(pending.parts);
  pending_.clear();
}

bool Rounds::uses(const ModelHash& model) const {
  return std::ranges::any_of(pending_, [&](const PendingRound& pending) {
    return pending.models.policy.hash == model || pending.models.critic == model;
  });
}

json Rounds::save() const {
  json saved = {{"groups", groups_}, {"round_tokens", tokens_}, {"rounds", json::array()}};
  for (const auto& pending : pending_) saved["rounds"].push_back(json_of(pending));
  return saved;
}

void Rounds::restore(const json& saved) {
  groups_ = saved.at("groups");
  tokens_ = saved.at("round_tokens");
  for (const auto& round : saved.at("rounds")) {
    auto pending = pending_of(round);
    pending.parts = submit_in_parts(run_.engine(), task_of(pending));
    pending_.push_back(std::move(pending));
  }
}

std::vector<RoundModels> Rounds::models_in(const json& saved) {
  std::vector<RoundModels> models;
  for (const auto& round : saved.at("rounds")) models.push_back(models_of(round));
  return models;
}

}  // namespace qstar::experiment
