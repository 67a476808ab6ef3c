#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "data/label_file.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

std::string line_of(const ordered_json& record) {
  return record.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string to_line(const RatedWork& work) {
  ordered_json record = {{"question", {{"problem", work.problem}}}};
  auto& steps = record["label"]["steps"] = ordered_json::array();
  for (std::size_t i = 0; i < work.steps.size(); ++i) {
    const auto& rating = work.ratings[i];
    const ordered_json completion = {{"text", work.steps[i]},
                                     {"rating", rating ? ordered_json(*rating) : ordered_json()}};
    steps.push_back({{"completions", ordered_json::array({completion})},
                     {"human_completion", nullptr},
                     {"chosen_completion", 0}});
  }
  if (work.id) record["qstar"] = {{"group", work.id->group}, {"sample", work.id->sample}};
  return line_of(record);
}

std::string to_line(const Ranking& ranking) {
  ordered_json record = {{"question", {{"problem", ranking.problem}}},
                         {"ranking", ordered_json::array()}};
  for (const auto& attempt : ranking.attempts)
    record["ranking"].push_back({{"group", attempt.id.group},
                                 {"sample", attempt.id.sample},
                                 {"steps", attempt.steps},
                                 {"rank", attempt.rank}});
  return line_of(record);
}

Result<std::vector<std::int64_t>> ranks_of(std::string_view order, std::size_t n) {
  const auto refuse = [&] {
    return fail(Errc::kUsage, fmt::format("give every number from 1 to {} once, the best first; "
                                          "put '=' between equally good ones",
                                          n));
  };
  std::vector<std::int64_t> ranks(n, 0);
  std::int64_t named = 0, rank = 0;
  bool tie = false;
  const char* at = order.data();
  const char* const end = at + order.size();
  for (; at != end;) {
    if (*at == ' ' || *at == '>') {
      ++at;
    } else if (*at == '=') {
      if (tie || named == 0) return refuse();
      tie = true;
      ++at;
    } else {
      std::size_t number = 0;
      const auto [rest, error] = std::from_chars(at, end, number);
      if (error != std::errc() || number < 1 || number > n || ranks[number - 1] != 0)
        return refuse();
      rank = tie ? rank : named + 1;
      ranks[number - 1] = rank;
      ++named;
      tie = false;
      at = rest;
    }
  }
  if (tie || named != static_cast<std::int64_t>(n)) return refuse();
  return ranks;
}

std::vector<float> rated_labels(const RatedWork& work, Neutral neutral) {
  std::vector<float> labels;
  for (const auto& rating : work.ratings) {
    const bool none = !rating || (*rating == 0 && neutral == Neutral::kUnlabelled);
    labels.push_back(none ? std::numeric_limits<float>::quiet_NaN() : *rating >= 0 ? 1.0F : 0.0F);
  }
  return labels;
}

Trajectory attempt_of(const std::string& problem, std::span<const std::string> steps) {
  Trajectory attempt;
  attempt.problem = problem;
  for (const auto& text : steps) {
    attempt.steps.emplace_back();
    attempt.steps.back().text = text;
  }
  return attempt;
}

}  // namespace qstar
