// The searches that sample whole attempts and then choose among them.
#include <algorithm>
#include <map>

#include "data/attempt.hpp"
#include "model/models.hpp"
#include "search/text/problem_search.hpp"
#include "search/text/sampling.hpp"

namespace qstar::search {
namespace {

using Attempts = std::vector<Trajectory>;
using Values = std::vector<double>;  // of the attempts; 1 each when nothing scored them
// Which of the judged attempts are the answers; empty when none of them is.
using Choice = std::vector<std::size_t> (*)(const Attempts&, const Values&);

// A step of an attempt, and the query that scores it.
struct Scored {
  std::size_t attempt, step, query;
};

class WholeAttempts final : public ProblemSearch {
 public:
  WholeAttempts(const ProblemTask& task, Choice choice, bool scores)
      : task_(task), choice_(choice), scores_(scores) {}

  Wants next() override {
    Wants round;
    for (auto n = next_round(), sample = made_.size(); n > 0; --n, ++sample)
      round.generations.push_back(request_of(task_.problem, task_.options,
                                             task_.options.first_group,
                                             static_cast<std::uint32_t>(sample)));
    if (!round.empty()) return round;
    if (attempts_.empty()) collect();
    if (!scores_ || scored_) return {};
    auto wants = Wants{{}, queries()};
    scored_ = wants.empty();
    return wants;
  }

  void generated(std::vector<model::Generation> made) override {
    for (auto& generation : made) {
      spent_ += static_cast<std::int64_t>(generation.tokens.size());
      made_.push_back(std::move(generation));
    }
  }

  void scored(std::span<const float> scores) override {
    for (const auto& [attempt, step, query] : asked_) {
      score_of(attempts_[attempt].steps[step], task_.guide) = scores[query];
      values_[attempt] = task_.aggregated(values_[attempt], scores[query]);
    }
    scored_ = true;
  }

  Found found() override {
    for (auto& attempt : attempts_)
      environment::judge(task_.environment, attempt.outcome != Outcome::kUnfinished, attempt);
    auto answers = choice_(attempts_, values_);
    if (answers.empty()) answers = {longest()};
    return {std::move(attempts_), std::move(answers)};
  }

 private:
  // As many attempts as keep the budget even if each of them uses all its tokens; at least one
  // while any of it is left.
  std::size_t next_round() const {
    const auto left = static_cast<std::size_t>(task_.options.samples) - made_.size();
    if (task_.options.budget == 0 || left == 0) return left;
    const auto tokens = task_.options.budget - spent_;
    if (tokens <= 0 && !made_.empty()) return 0;
    const auto fit = std::max<std::int64_t>(tokens / task_.options.max_tokens, 1);
    return std::min(left, static_cast<std::size_t>(fit));
  }

  void collect() {
    SearchOptions made = task_.options;
    made.samples = static_cast<std::int64_t>(made_.size());
    auto groups = groups_of(task_.environment.name(), std::vector{task_.problem}, made, made_,
                            task_.policy_version, 0);
    attempts_ = std::move(groups.front().attempts);
    values_.assign(attempts_.size(), 1.0);
  }

  // Every closed step of every attempt; steps that attempts share are asked about once.
  std::vector<model::StepQuery> queries() {
    std::vector<model::StepQuery> queries;
    std::map<std::string, std::size_t> known;
    for (std::size_t a = 0; a < attempts_.size(); ++a) {
      const std::string text = text_of(attempts_[a]);
      std::size_t step = 0, begin = prompt_of(task_.problem, {}).size();
      for (std::size_t i = begin; i < text.size(); ++i) {
        if (text[i] != kStepSeparator && text[i] != kEndSeparator) continue;
        const auto [at, fresh] = known.try_emplace(text.substr(0, i + 1), queries.size());
        if (fresh) queries.push_back({text.substr(0, begin), text.substr(begin, i + 1 - begin)});
        asked_.push_back({a, step++, at->second});
        begin = i + 1;
      }
    }
    return queries;
  }

  std::size_t longest() const {
    const auto at =
        std::max_element(attempts_.begin(), attempts_.end(),
                         [](const auto& a, const auto& b) { return tokens_of(a) < tokens_of(b); });
    return static_cast<std::size_t>(at - attempts_.begin());
  }

  const ProblemTask task_;
  const Choice choice_;
  const bool scores_;
  std::vector<model::Generation> made_;
  std::int64_t spent_ = 0;
  Attempts attempts_;
  Values values_;
  std::vector<Scored> asked_;
  bool scored_ = false;
};

std::vector<std::size_t> all(const Attempts& attempts, const Values&) {
  std::vector<std::size_t> answers(attempts.size());
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] = i;
  return answers;
}

std::vector<std::size_t> best(const Attempts& attempts, const Values& values) {
  std::vector<std::size_t> answers;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i].outcome == Outcome::kUnfinished) continue;
    if (answers.empty() || values[i] > values[answers[0]]) answers = {i};
  }
  return answers;
}

// The answer with the largest sum of votes, the first such one among equals; of the attempts that
// give it the one with the largest vote, or the first.
std::vector<std::size_t> elected(const Attempts& attempts, const Values& votes) {
  std::map<std::string, double> sums;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (!attempts[i].answer.empty()) sums[attempts[i].answer] += votes[i];
  }
  std::vector<std::size_t> winner;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto& answer = attempts[i].answer;
    if (answer.empty()) continue;
    const bool same = !winner.empty() && attempts[winner[0]].answer == answer;
    if (winner.empty() ||
        (same ? votes[i] > votes[winner[0]] : sums[answer] > sums[attempts[winner[0]].answer]))
      winner = {i};
  }
  return winner.empty() ? best(attempts, votes) : winner;
}

}  // namespace

std::unique_ptr<ProblemSearch> make_greedy(const ProblemTask& task) {
  ProblemTask greedy = task;
  greedy.options.samples = 1;
  greedy.options.temperature = 0;
  return std::make_unique<WholeAttempts>(greedy, all, false);
}
std::unique_ptr<ProblemSearch> make_sample(const ProblemTask& task) {
  return std::make_unique<WholeAttempts>(task, all, false);
}
std::unique_ptr<ProblemSearch> make_majority(const ProblemTask& task) {
  return std::make_unique<WholeAttempts>(task, elected, false);
}
std::unique_ptr<ProblemSearch> make_best_of_n(const ProblemTask& task) {
  return std::make_unique<WholeAttempts>(task, best, true);
}
std::unique_ptr<ProblemSearch> make_weighted_vote(const ProblemTask& task) {
  return std::make_unique<WholeAttempts>(task, elected, true);
}

}  // namespace qstar::search
