#include "experiment/text/revisits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

namespace qstar::experiment {

using nlohmann::json;

Result<ProblemSource::Proposal> RevisitedProblems::propose(Run& run, const PolicyRef&,
                                                           std::int64_t round) {
  const auto most = static_cast<std::size_t>(std::llround(share_ * static_cast<double>(problems_)));
  const std::size_t again = std::min(most, unsolved_.size());
  Proposal proposal;
  proposal.problems = run.training_problems(fmt::format("{}.{}", stream_, round),
                                            problems_ - static_cast<std::int64_t>(again));
  // Without replacement by weights: the largest u^(1/weight) (Efraimidis & Spirakis 2006).
  Rng rng(run.seed(stream_ + ".revisits", static_cast<std::uint64_t>(round)));
  std::vector<std::pair<double, std::size_t>> keys;
  for (std::size_t i = 0; i < unsolved_.size(); ++i)
    keys.emplace_back(std::log(rng.uniform()) / (1 - unsolved_[i].pass_rate), i);
  std::ranges::sort(keys, std::greater());
  for (std::size_t k = 0; k < again; ++k)
    proposal.problems.push_back(unsolved_[keys[k].second].problem);
  if (share_ > 0) proposal.figures["unsolved"] = static_cast<double>(unsolved_.size());
  return proposal;
}

Result<std::map<std::string, double>> RevisitedProblems::learn(learning::PolicyLearner&,
                                                               const Proposal&,
                                                               std::span<const RatedProblem> rated,
                                                               double) {
  if (share_ == 0) return std::map<std::string, double>{};
  std::unordered_map<std::string, double> latest;
  for (const auto& [problem, pass_rate] : rated)
    if (!problem.empty()) latest[problem] = pass_rate;
  std::erase_if(unsolved_, [&](const Unsolved& u) { return latest.contains(u.problem); });
  for (const auto& [problem, pass_rate] : rated) {
    const auto found = latest.find(problem);
    if (found == latest.end()) continue;  // appeared twice in this round, or was not attempted
    if (found->second < 1) unsolved_.push_back({problem, found->second});
    latest.erase(found);
  }
  if (unsolved_.size() > kMost)
    unsolved_.erase(unsolved_.begin(), unsolved_.end() - static_cast<std::ptrdiff_t>(kMost));
  return std::map<std::string, double>{};
}

std::string RevisitedProblems::save() const {
  json rows = json::array();
  for (const auto& [problem, rate] : unsolved_) rows.push_back({problem, rate});
  return rows.dump();
}

Status RevisitedProblems::load(std::string_view bytes) {
  const auto rows = json::parse(bytes, nullptr, false);
  if (!rows.is_array()) return fail(Errc::kCorrupt, "the saved problems to revisit are damaged");
  std::vector<Unsolved> unsolved;
  for (const auto& row : rows) {
    if (!row.is_array() || row.size() != 2 || !row[0].is_string() || !row[1].is_number())
      return fail(Errc::kCorrupt, "the saved problems to revisit are damaged");
    unsolved.push_back({row[0], row[1]});
  }
  unsolved_ = std::move(unsolved);
  return {};
}

}  // namespace qstar::experiment
