#include "search/text/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "search/text/problem_search.hpp"

namespace qstar::search {
namespace {

// Advances the searches of all problems round by round.
class Lockstep {
 public:
  Lockstep(const SearchModels& models, std::vector<std::unique_ptr<ProblemSearch>> searches)
      : models_(models), searches_(std::move(searches)), results_(searches_.size()) {
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      live_.push_back({i, {}});
      results_[i].complete = false;
    }
  }

  void run() {
    while (collect() && !stopped()) {
      generate();
      score();
    }
  }
  std::vector<SearchResult> take() {
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      if (!results_[i].complete) continue;
      auto found = searches_[i]->found();
      results_[i].group.attempts = std::move(found.attempts);
      results_[i].answers = std::move(found.answers);
    }
    return std::move(results_);
  }

 private:
  struct Live {
    std::size_t problem;
    ProblemSearch::Wants wants;
  };

  bool stopped() const { return models_.stop(); }

  bool collect() {
    for (auto& live : live_) {
      live.wants = searches_[live.problem]->next();
      results_[live.problem].complete = live.wants.empty() && !live.wants.stopped;
    }
    std::erase_if(live_, [](const Live& live) { return live.wants.empty(); });
    return !live_.empty();
  }

  void generate() {
    std::vector<model::GenerateRequest> requests;
    for (auto& [problem, wants] : live_)
      std::move(wants.generations.begin(), wants.generations.end(), std::back_inserter(requests));
    if (requests.empty()) return;
    auto made = models_.policy.generate(requests);
    QSTAR_ASSERT(made.size() == requests.size(), "one generation per request");
    const bool cut = stopped();
    auto next = made.begin();
    for (auto& [problem, wants] : live_) {
      if (wants.generations.empty()) continue;
      const auto end = next + static_cast<std::ptrdiff_t>(wants.generations.size());
      std::vector<model::Generation> own{std::make_move_iterator(next),
                                         std::make_move_iterator(end)};
      next = end;
      if (cut && std::any_of(own.begin(), own.end(), [](const auto& g) { return g.text.empty(); }))
        continue;  // it still wants them, so it is not complete
      for (const auto& generation : own) results_[problem].tokens += generation.tokens.size();
      searches_[problem]->generated(std::move(own));
      wants.generations.clear();
    }
    if (cut) std::erase_if(live_, [](const Live& live) { return !live.wants.generations.empty(); });
  }

  void score() {
    std::vector<model::StepQuery> queries;
    for (auto& [problem, wants] : live_)
      std::move(wants.scores.begin(), wants.scores.end(), std::back_inserter(queries));
    if (queries.empty()) return;
    QSTAR_ASSERT(models_.guide != nullptr, "only guided searches ask for scores");
    auto scores = scores_of(queries);
    if (!scores) return;
    QSTAR_ASSERT(scores->size() == queries.size(), "one score per query");
    // A diverged guide's scores may be anything: NaN counts as the worst score.
    for (float& score : *scores) score = std::isnan(score) ? 0 : std::clamp(score, 0.0F, 1.0F);
    std::size_t next = 0;
    for (auto& [problem, wants] : live_) {
      if (wants.scores.empty()) continue;
      results_[problem].guide_queries += wants.scores.size();
      searches_[problem]->scored(std::span(*scores).subspan(next, wants.scores.size()));
      next += wants.scores.size();
    }
  }

  // In parts where the search may be stopped between them; none when it was. A score does not
  // depend on the other queries.
  std::optional<std::vector<float>> scores_of(std::span<const model::StepQuery> queries) {
    if (!models_.stop.is_possible()) return models_.guide->scores(queries);
    constexpr std::size_t kPart = 512;
    std::vector<float> scores;
    for (std::size_t begin = 0; begin < queries.size(); begin += kPart) {
      if (stopped()) return std::nullopt;
      const auto part = queries.subspan(begin, std::min(kPart, queries.size() - begin));
      const auto more = models_.guide->scores(part);
      scores.insert(scores.end(), more.begin(), more.end());
    }
    return scores;
  }

  const SearchModels& models_;
  std::vector<std::unique_ptr<ProblemSearch>> searches_;
  std::vector<SearchResult> results_;
  std::vector<Live> live_;
};

Status check_ranges(const SearchOptions& o) {
  const auto at_least = [](const char* option, double value, double least) -> Status {
    if (value >= least) return {};
    return fail(Errc::kUsage,
                fmt::format("{} = {} is out of range: give at least {}", option, value, least));
  };
  const auto whole = [](std::int64_t value) { return static_cast<double>(value); };
  const std::pair<const char*, std::pair<double, double>> least[] = {
      {"samples", {whole(o.samples), 1}},
      {"max_tokens", {o.max_tokens, 1}},
      {"budget", {whole(o.budget), 0}},
      {"beam", {whole(o.beam), 1}},
      {"stop_below", {o.stop_below, 0}},
      {"retries", {whole(o.retries), 0}},
      {"weight", {o.weight, 0}},
      {"step_cost", {o.step_cost, 0}},
      {"repeat_cost", {o.repeat_cost, 0}},
      {"exploration", {o.exploration, 0}},
      {"simulations", {whole(o.simulations), 1}}};
  for (const auto& [option, limit] : least)
    if (auto ok = at_least(option, limit.first, limit.second); !ok) return ok;
  if (!(o.temperature > 0)) return fail(Errc::kUsage, "temperature must be above 0");
  constexpr double kMost = 65536;  // steps that a problem has proposed at once
  if (whole(o.samples) * whole(o.beam) > kMost)
    return fail(Errc::kUsage,
                fmt::format("samples × beam = {:.0f} is out of range: give at most {:.0f}",
                            whole(o.samples) * whole(o.beam), kMost));
  if (o.stop_below > 1) return fail(Errc::kUsage, "stop_below must be from 0 to 1, as scores are");
  return {};
}

// A preference model's scores mean nothing but their order.
Status check_order(const SearchMethod& method, const SearchOptions& options,
                   const model::StepScorer* guide) {
  if (guide == nullptr || guide->role() != model::ScorerRole::kPreference) return {};
  const bool last = options.aggregation.value_or(Aggregation::kLast) == Aggregation::kLast;
  if (method.by_order && last && options.stop_below == 0) return {};
  return fail(Errc::kUsage,
              fmt::format("only the order of a preference model's scores means anything: it can "
                          "guide best_of_n and beam, with aggregation 'last' and without "
                          "stop_below, but not '{}' with these options",
                          method.name));
}

// Problems that are searched together: enough for full batches, few enough that their trees fit
// into memory.
constexpr std::size_t kTogether = 2048;

}  // namespace

void describe(FieldVisitor& v, SearchOptions& o, std::string_view search) {
  const auto known = make_search(search);
  const auto option = [&](SearchField field, const FieldInfo& info, auto& value) {
    if (!known || known->reads(field)) return v.value(info, value);
    v.refuse(info.name, fmt::format("has no effect on the search {}; remove it", search));
  };
  using enum SearchField;
  option(kSamples, {"samples", "Attempts per problem, or steps proposed per state", 1, 65536},
         o.samples);
  option(kTemperature, {"temperature", "Sampling temperature", 0.001, 10}, o.temperature);
  option(kBudget, {"budget", "Most generated tokens per problem (0: no limit)", 0, 1e12}, o.budget);
  option(kBeam, {"beam", "Beam search: states kept after every step", 1, 65536}, o.beam);
  option(kBeam,
         {"stop_below",
          "Beam search: resample when every proposed step scores below this (0: never)", 0, 1},
         o.stop_below);
  if (known && known->reads(kBeam) && o.stop_below == 0)
    v.refuse("retries", "has no effect without stop_below; remove it");
  else
    option(kBeam, {"retries", "Beam search: most resamplings per problem", 0, 1e6}, o.retries);
  option(kWeight, {"weight", "A* and Q*: weight of the cost so far", 0, 1e6}, o.weight);
  option(kStepCost, {"step_cost", "A* and Q*: cost per step, nats", 0, 1e6}, o.step_cost);
  option(
      kRepeatCost,
      {"repeat_cost",
       "A* and Q*: cost added each time that a state is expanded again (0: expand once)", 0, 1e6},
      o.repeat_cost);
  option(kMcts, {"exploration", "Monte-Carlo tree search: exploration constant c of PUCT", 0, 1e6},
         o.exploration);
  option(kMcts, {"simulations", "Monte-Carlo tree search: simulations per problem", 1, 1e8},
         o.simulations);
}

Aggregation aggregation_of(model::ScorerRole role) {
  return role == model::ScorerRole::kProcess ? Aggregation::kMinimum : Aggregation::kLast;
}

double aggregate(Aggregation aggregation, double so_far, float score) {
  const auto next = static_cast<double>(score);
  switch (aggregation) {
    case Aggregation::kMinimum: return std::min(so_far, next);
    case Aggregation::kProduct: return so_far * next;
    case Aggregation::kLast: return next;
  }
  return next;
}

std::optional<float>& score_of(Step& step, model::ScorerRole role) {
  return role == model::ScorerRole::kCritic ? step.q : step.reward_score;
}

std::string_view Search::name() const { return method_->name; }
std::string_view Search::summary() const { return method_->summary; }
bool Search::needs_guide() const { return method_->guided; }
bool Search::reads(SearchField field) const {
  return (method_->fields & static_cast<std::uint16_t>(field)) != 0;
}

Status Search::check(const SearchOptions& options, const model::StepScorer* guide) const {
  if (method_->guided && guide == nullptr)
    return fail(Errc::kUsage,
                fmt::format("search '{}' needs a guide: give a critic or a reward model (--guide)",
                            method_->name));
  if (!method_->guided && guide != nullptr)
    return fail(Errc::kUsage, fmt::format("search '{}' takes no guide (--guide)", method_->name));
  if (auto ok = check(options); !ok) return ok;
  return check_order(*method_, options, guide);
}

Status Search::check(const SearchOptions& options) const {
  if (auto ok = check_ranges(options); !ok) return ok;
  if (options.samples < method_->least_samples)
    return fail(Errc::kUsage, fmt::format("search '{}' needs samples of at least {} (--samples)",
                                          method_->name, method_->least_samples));
  if (method_->endless && options.budget == 0)
    return fail(Errc::kUsage,
                fmt::format("search '{}' may never end: limit the generated tokens per problem "
                            "(--budget)",
                            method_->name));
  return {};
}

Result<std::vector<SearchResult>> Search::attempt(const environment::Environment& environment,
                                                  const SearchModels& models,
                                                  std::span<const std::string> problems,
                                                  const SearchOptions& options) const {
  if (auto ok = check(options, models.guide); !ok) return tl::unexpected(ok.error());
  ProblemTask task{environment, {}, options, models.policy.version()};
  if (models.guide != nullptr) task.guide = models.guide->role();
  task.stop = models.stop;
  std::vector<SearchResult> results;
  for (std::size_t begin = 0; begin < problems.size(); begin += kTogether) {
    std::vector<std::unique_ptr<ProblemSearch>> searches;
    for (std::size_t p = begin; p < std::min(problems.size(), begin + kTogether); ++p) {
      task.problem = problems[p];
      task.options.first_group = options.first_group + p;
      searches.push_back(method_->make(task));
    }
    Lockstep lockstep(models, std::move(searches));
    lockstep.run();
    for (auto& result : lockstep.take()) results.push_back(std::move(result));
    if (models.stop()) break;
  }
  for (std::size_t done = results.size(); done < problems.size(); ++done)
    results.emplace_back().complete = false;
  for (std::size_t p = 0; p < results.size(); ++p) results[p].group.group = options.first_group + p;
  return results;
}

std::vector<AttemptGroup> groups_of(std::vector<SearchResult> results) {
  std::vector<AttemptGroup> groups;
  for (auto& result : results) groups.push_back(std::move(result.group));
  return groups;
}

}  // namespace qstar::search
