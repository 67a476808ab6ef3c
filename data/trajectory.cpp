#include "data/trajectory.hpp"

#include <algorithm>
#include <array>

namespace qstar {
namespace {

constexpr std::array<std::string_view, 6> kVerdicts = {"unknown",     "right",     "wrong_value",
                                                       "wrong_order", "malformed", "not_a_rewrite"};
constexpr std::array<std::string_view, 4> kOutcomes = {"unfinished", "lost", "lucky", "won"};

template <class Enum, std::size_t N>
Enum parse(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto* it = std::find(names.begin(), names.end(), text);
  return it == names.end() ? Enum{} : static_cast<Enum>(it - names.begin());
}

}  // namespace

std::string_view to_string(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }
Verdict verdict_from_string(std::string_view text) { return parse<Verdict>(kVerdicts, text); }
std::string_view to_string(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }
Outcome outcome_from_string(std::string_view text) { return parse<Outcome>(kOutcomes, text); }

double AttemptGroup::pass_rate() const {
  if (attempts.empty()) return 0;
  const auto wins =
      std::count_if(attempts.begin(), attempts.end(), [](const Trajectory& t) { return t.win(); });
  return static_cast<double>(wins) / static_cast<double>(attempts.size());
}

std::uint64_t AttemptGroup::policy_version() const {
  std::uint64_t version = 0;
  for (const auto& attempt : attempts) {
    for (const auto& step : attempt.steps) version = std::max(version, step.policy_version);
  }
  return version;
}

}  // namespace qstar
