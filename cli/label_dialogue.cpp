#include "cli/label_dialogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <ostream>

namespace qstar {
namespace {

// Nothing that a terminal would obey.
std::string shown(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

// The answer without blanks around it; none at the end of the input.
std::optional<std::string> ask(std::istream& in, std::ostream& out, const std::string& question) {
  out << question << " > " << std::flush;
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

std::optional<int> rating_of(const std::string& word) {
  if (word == "+" || word == "1" || word == "+1") return 1;
  if (word == "0") return 0;
  if (word == "-" || word == "-1") return -1;
  return std::nullopt;
}

}  // namespace

Answer<RatedWork> ask_for_ratings(std::istream& in, std::ostream& out, const Trajectory& attempt,
                                  const KnownRating& known) {
  RatedWork work{attempt.problem, {}, {}, attempt.id};
  for (const Step& step : attempt.steps) work.steps.push_back(step.text);
  work.ratings.resize(work.steps.size());
  out << fmt::format("\n{}/{}  {}\n", attempt.id.group, attempt.id.sample, shown(attempt.problem));
  for (std::size_t i = 0; i < work.steps.size();) {
    const auto step =
        fmt::format("  {} of {}  = {}", i + 1, work.steps.size(), shown(work.steps[i]));
    if (const auto said = known(std::span(work.steps).first(i + 1))) {
      out << step
          << (*said > 0   ? "  (+ before)\n"
              : *said < 0 ? "  (- before)\n"
                          : "  (0 before)\n");
      work.ratings[i++] = said;
      continue;
    }
    const auto word = ask(in, out, step);
    if (!word || word == "q") return {{}, true};
    if (word == "s") return {};
    if (word == "b") {
      i -= i > 0 ? 1 : 0;
      continue;
    }
    const auto rating = rating_of(*word);
    if (!rating) {
      out << "  + right, 0 neutral, - wrong, b back, s skip this attempt, q quit\n";
      continue;
    }
    work.ratings[i] = rating;
    if (rating == -1) {
      std::fill(work.ratings.begin() + static_cast<std::ptrdiff_t>(i) + 1, work.ratings.end(),
                std::nullopt);
      break;
    }
    ++i;
  }
  return {std::move(work), false};
}

Answer<Ranking> ask_for_ranking(std::istream& in, std::ostream& out,
                                const std::vector<const Trajectory*>& attempts) {
  Ranking ranking{attempts.front()->problem, {}};
  out << fmt::format("\n{}  {}\n", attempts.front()->id.group, shown(ranking.problem));
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    std::string line;
    std::vector<std::string> steps;
    for (const Step& step : attempts[i]->steps) {
      line += " = " + shown(step.text);
      steps.push_back(step.text);
    }
    out << fmt::format("  {}{}\n", i + 1, line);
    ranking.attempts.push_back({attempts[i]->id, std::move(steps), 1});
  }
  while (true) {
    const auto word = ask(in, out, "  best to worst");
    if (!word || word == "q") return {{}, true};
    if (word == "s") return {};
    if (const auto ranks = ranks_of(*word, attempts.size())) {
      for (std::size_t i = 0; i < ranks->size(); ++i) ranking.attempts[i].rank = (*ranks)[i];
      return {std::move(ranking), false};
    } else {
      out << "  " << ranks.error().message << "; s skip this problem, q quit\n";
    }
  }
}

}  // namespace qstar
