#include "cli/label_dialogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <ostream>

#include "cli/interruptible.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

constexpr std::size_t kLongestAnswer = 4096;       // bytes
constexpr std::size_t kLongestInput = 1UL << 20U;  // bytes of one line; what is longer has no end

// The answer without blanks around it; none at the end of the input.
std::optional<std::string> ask(std::istream& in, std::ostream& out, const std::string& question) {
  out << question << " > " << std::flush;
  std::string line;
  if (!read_line(in, line, kLongestAnswer)) return std::nullopt;
  if (line.size() > kLongestAnswer) {  // its end is not the answer to the next question
    if (!read_line(in, line, kLongestInput) || line.size() > kLongestInput) return std::nullopt;
    return "";
  }
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

// One attempt's ratings while they are asked for.
class RatingDialogue {
 public:
  RatingDialogue(std::istream& in, std::ostream& out, const Trajectory& attempt,
                 const KnownRating& known)
      : in_(in), out_(out), known_(known), work_{attempt.problem, {}, {}, attempt.id} {
    for (const Step& step : attempt.steps) work_.steps.push_back(step.text);
    work_.ratings.resize(work_.steps.size());
    fresh_.resize(work_.steps.size());
  }

  Answer<RatedWork> run() {
    out_ << fmt::format("\n{}/{}  {}\n", work_.id->group, work_.id->sample,
                        printable(work_.problem));
    while (at_ < work_.steps.size()) {
      const auto step =
          fmt::format("  {} of {}  = {}", at_ + 1, work_.steps.size(), printable(work_.steps[at_]));
      if (const auto said = known_(std::span(work_.steps).first(at_ + 1))) {
        show_known(step, *said);
        continue;
      }
      const auto word = ask(in_, out_, step);
      if (!word || word == "q") return ended(true);
      if (word == "s") return ended(false);
      take(*word);
    }
    return ended(false);
  }

 private:
  void show_known(const std::string& step, int said) {
    out_ << step << (said > 0 ? "  (+ before)\n" : said < 0 ? "  (- before)\n" : "  (0 before)\n");
    work_.ratings[at_++] = said;
  }

  void take(const std::string& word) {
    if (word == "b") {
      go_back();
    } else if (const auto rating = rating_of(word)) {
      work_.ratings[at_] = rating;
      fresh_[at_++] = true;
      if (rating == -1) at_ = work_.steps.size();  // what follows a wrong step is not asked
    } else {
      out_ << "  + right, 0 neutral, - wrong, b back, s skip the rest, q quit\n";
    }
  }

  // To the last step that was answered here, whose rating no longer counts.
  void go_back() {
    std::size_t to = at_;
    while (to > 0 && !fresh_[to - 1]) --to;
    if (to == 0) return;
    at_ = to - 1;
    fresh_[at_] = false;
    std::fill(work_.ratings.begin() + static_cast<std::ptrdiff_t>(at_), work_.ratings.end(),
              std::nullopt);
  }

  Answer<RatedWork> ended(bool stop) {
    if (std::find(fresh_.begin(), fresh_.end(), true) == fresh_.end()) return {{}, stop};
    return {std::move(work_), stop};
  }

  std::istream& in_;
  std::ostream& out_;
  const KnownRating& known_;
  RatedWork work_;
  std::vector<bool> fresh_;  // of the steps: rated in this dialogue
  std::size_t at_ = 0;       // the step that is asked for next
};

}  // namespace

Answer<RatedWork> ask_for_ratings(std::istream& in, std::ostream& out, const Trajectory& attempt,
                                  const KnownRating& known) {
  return RatingDialogue(in, out, attempt, known).run();
}

Answer<Ranking> ask_for_ranking(std::istream& in, std::ostream& out,
                                const std::vector<const Trajectory*>& attempts) {
  Ranking ranking{attempts.front()->problem, {}};
  out << fmt::format("\n{}  {}\n", attempts.front()->id.group, printable(ranking.problem));
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    std::string line;
    std::vector<std::string> steps;
    for (const Step& step : attempts[i]->steps) {
      line += " = " + printable(step.text);
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

}  // namespace qstar::cli
