#include <fmt/format.h>

#include "persistence/store.hpp"
#include "trajectory.pb.h"

namespace qstar::persistence {
namespace {

constexpr std::uint32_t kRecordSchema = 1;

void put(const Step& step, record::Step& out) {
  out.set_text(step.text);
  out.mutable_tokens()->Add(step.tokens.begin(), step.tokens.end());
  out.mutable_logprobs()->Add(step.logprobs.begin(), step.logprobs.end());
  out.set_policy_version(step.policy_version);
  out.set_verdict(static_cast<std::uint32_t>(step.verdict));
  if (step.q) out.set_q(*step.q);
  if (step.reward_score) out.set_reward_score(*step.reward_score);
  out.set_time_us(step.time_us);
  out.set_model(step.model);
}

Step step_of(const record::Step& in) {
  Step step;
  step.text = in.text();
  step.tokens.assign(in.tokens().begin(), in.tokens().end());
  step.logprobs.assign(in.logprobs().begin(), in.logprobs().end());
  step.policy_version = in.policy_version();
  step.verdict = static_cast<Verdict>(in.verdict());
  if (in.has_q()) step.q = in.q();
  if (in.has_reward_score()) step.reward_score = in.reward_score();
  step.time_us = in.time_us();
  step.model = in.model();
  return step;
}

bool enums_known(const record::Trajectory& in) {
  for (const auto& step : in.steps()) {
    if (step.verdict() > static_cast<std::uint32_t>(Verdict::kNotARewrite)) return false;
  }
  return in.outcome() <= static_cast<std::uint32_t>(Outcome::kWon);
}

}  // namespace

std::string encode(const Trajectory& t) {
  record::Trajectory out;
  out.set_schema(kRecordSchema);
  out.set_group(t.id.group);
  out.set_sample(t.id.sample);
  out.set_environment(t.environment);
  out.set_problem(t.problem);
  for (const auto& step : t.steps) put(step, *out.add_steps());
  out.set_outcome(static_cast<std::uint32_t>(t.outcome));
  out.set_answer(t.answer);
  out.set_seed(t.seed);
  out.set_temperature(t.temperature);
  if (t.critic_version) out.set_critic_version(*t.critic_version);
  out.set_run(t.provenance.run);
  out.set_node(t.provenance.node);
  out.set_code_version(t.provenance.code_version);
  out.set_critic_model(t.critic_model);
  out.set_reward_model(t.reward_model);
  return out.SerializeAsString();
}

Result<Trajectory> decode_trajectory(std::string_view bytes) {
  record::Trajectory in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "a trajectory record is damaged");
  }
  if (in.schema() > kRecordSchema) {
    return fail(
        Errc::kSchema,
        fmt::format(
            "a trajectory record has schema {}, this qstar reads up to {}: use a later qstar",
            in.schema(), kRecordSchema));
  }
  if (in.schema() == 0 || !enums_known(in))
    return fail(Errc::kCorrupt, "a trajectory record is damaged");
  Trajectory t;
  t.id = {in.group(), in.sample()};
  t.environment = in.environment();
  t.problem = in.problem();
  for (const auto& step : in.steps()) t.steps.push_back(step_of(step));
  t.outcome = static_cast<Outcome>(in.outcome());
  t.answer = in.answer();
  t.seed = in.seed();
  t.temperature = in.temperature();
  if (in.has_critic_version()) t.critic_version = in.critic_version();
  t.provenance = {in.run(), in.node(), in.code_version()};
  t.critic_model = in.critic_model();
  t.reward_model = in.reward_model();
  return t;
}

}  // namespace qstar::persistence
