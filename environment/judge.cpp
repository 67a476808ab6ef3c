#include <zlib.h>

#include "environment/environment.hpp"

namespace qstar::environment {

bool is_held_out(std::string_view problem) {
  static const auto prefix = crc32(0, reinterpret_cast<const Bytef*>("q*"), 2);
  const auto* bytes = reinterpret_cast<const Bytef*>(problem.data());
  return crc32_z(prefix, bytes, problem.size()) % 10 == 0;
}

void judge(const Environment& environment, bool finished, Trajectory& attempt) {
  attempt.outcome = Outcome::kUnfinished;
  attempt.answer.clear();
  for (Step& step : attempt.steps) step.verdict = Verdict::kUnknown;
  auto state = environment.reset(attempt.problem);
  if (!state) return;
  StepResult last;
  bool all_right = true;
  for (Step& step : attempt.steps) {
    last = environment.step(*state, step.text);
    step.verdict = last.verdict;
    all_right = all_right && last.verdict == Verdict::kRight;
    *state = last.next;
  }
  if (!finished) return;
  if (last.done) attempt.answer = environment.answer(last.next);
  attempt.outcome = !last.win ? Outcome::kLost : all_right ? Outcome::kWon : Outcome::kLucky;
}

void judge(const Environment& environment, std::span<AttemptGroup> groups) {
  for (auto& group : groups) {
    for (auto& attempt : group.attempts)
      judge(environment, attempt.outcome != Outcome::kUnfinished, attempt);
  }
}

}  // namespace qstar::environment
