#include "data/label_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/printable.hpp"
#include "core/json_text.hpp"

namespace qstar {
namespace {

using nlohmann::json;

// A value, or why the line is left out.
template <class T>
using Read = tl::expected<T, std::string>;
tl::unexpected<std::string> refuse(std::string why) { return tl::unexpected(std::move(why)); }

// The member of that name; null when there is none.
const json& member(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

Read<std::string> problem_of(const json& line) {
  const auto& problem = member(member(line, "question"), "problem");
  if (!problem.is_string()) return refuse("lacks the text 'question.problem'");
  return problem.get<std::string>();
}

Read<TrajectoryId> id_of(const json& object) {
  const auto& group = member(object, "group");
  const auto& sample = member(object, "sample");
  if (!group.is_number_unsigned() || !sample.is_number_unsigned() ||
      sample.get<std::uint64_t>() > UINT32_MAX)
    return refuse("needs 'group' and 'sample' as whole numbers");
  return TrajectoryId{group.get<std::uint64_t>(), sample.get<std::uint32_t>()};
}

// Whether the id is known, and is that work.
Read<void> check_known(const KnownAttempts& known, const TrajectoryId& id,
                       const std::string& problem, std::span<const std::string> steps) {
  if (!known) return {};
  const auto attempt = known(id);
  if (!attempt)
    return refuse(fmt::format("group {}, sample {} is not in the run", id.group, id.sample));
  const bool same =
      attempt->problem == problem &&
      std::equal(attempt->steps.begin(), attempt->steps.end(), steps.begin(), steps.end(),
                 [](const Step& step, const std::string& text) { return step.text == text; });
  if (!same)
    return refuse(fmt::format("group {}, sample {} of the run has another problem or other steps",
                              id.group, id.sample));
  return {};
}

struct Completion {
  std::string text;
  std::optional<int> rating;
};
struct Alternatives {
  std::vector<Completion> completions;
  std::optional<Completion> onward;  // how the work goes on
};

Read<Completion> text_of(const json& value, std::size_t step) {
  const auto& text = member(value, "text");
  if (!text.is_string()) return refuse(fmt::format("step {}: a completion lacks its text", step));
  return Completion{text.get<std::string>(), {}};
}

Read<Completion> completion_of(const json& value, std::size_t step) {
  auto read = text_of(value, step);
  if (!read) return read;
  Completion completion = std::move(*read);
  if (!value.contains("rating"))
    return refuse(fmt::format("step {}: a completion lacks its rating", step));
  const auto& rating = value["rating"];
  if (rating.is_null()) return completion;
  const bool huge = rating.is_number_unsigned() && rating.get<std::uint64_t>() > 1;
  if (!rating.is_number_integer() || huge || rating < -1 || rating > 1)
    return refuse(fmt::format("step {}: a rating is not -1, 0, 1 or null", step));
  completion.rating = rating.get<int>();
  return completion;
}

Read<std::optional<Completion>> onward_of(const json& value, std::size_t step,
                                          std::span<const Completion> completions) {
  const auto& chosen = member(value, "chosen_completion");
  if (!chosen.is_null()) {
    if (!chosen.is_number_unsigned() || chosen.get<std::uint64_t>() >= completions.size())
      return refuse(
          fmt::format("step {}: 'chosen_completion' names none of the completions", step));
    return completions[chosen.get<std::uint64_t>()];
  }
  const auto& human = member(value, "human_completion");
  if (human.is_null()) return std::nullopt;
  auto written = human.is_object() && human.contains("rating") ? completion_of(human, step)
                                                               : text_of(human, step);
  if (!written) return refuse(written.error());
  return std::move(*written);
}

Read<Alternatives> alternatives_of(const json& value, std::size_t step) {
  Alternatives alternatives;
  const auto& listed = member(value, "completions");
  if (!listed.is_null() && !listed.is_array())
    return refuse(fmt::format("step {}: 'completions' is not a list", step));
  for (const auto& each : listed) {
    auto completion = completion_of(each, step);
    if (!completion) return refuse(completion.error());
    const auto same =
        std::find_if(alternatives.completions.begin(), alternatives.completions.end(),
                     [&](const Completion& other) { return other.text == completion->text; });
    if (same != alternatives.completions.end() && same->rating != completion->rating)
      return refuse(fmt::format("step {}: rates the same text in two ways", step));
    alternatives.completions.push_back(std::move(*completion));
  }
  auto onward = onward_of(value, step, alternatives.completions);
  if (!onward) return refuse(onward.error());
  alternatives.onward = std::move(*onward);
  return alternatives;
}

void append(RatedWork& work, const Completion& completion) {
  work.steps.push_back(completion.text);
  work.ratings.push_back(completion.rating);
}

// The work up to here with another step, which alone is rated.
RatedWork aside(const RatedWork& path, const Completion& completion) {
  RatedWork work{path.problem, path.steps, {}, {}};
  work.ratings.resize(path.steps.size());
  append(work, completion);
  return work;
}

Read<std::vector<RatedWork>> works_of(const json& line, const KnownAttempts& known) {
  auto problem = problem_of(line);
  if (!problem) return refuse(problem.error());
  const auto& steps = member(member(line, "label"), "steps");
  if (!steps.is_array()) return refuse("lacks the list 'label.steps'");
  std::vector<RatedWork> works(1);
  works[0].problem = std::move(*problem);
  bool ended = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto here = alternatives_of(steps[i], i + 1);
    if (!here) return refuse(here.error());
    if (ended && !here->completions.empty())
      return refuse(fmt::format("step {}: follows a step without a chosen completion", i + 1));
    for (const auto& completion : here->completions) {
      if (!completion.rating || (here->onward && completion.text == here->onward->text)) continue;
      auto other = aside(works[0], completion);
      if (std::find(works.begin(), works.end(), other) == works.end())
        works.push_back(std::move(other));
    }
    ended = !here->onward;
    if (here->onward) append(works[0], *here->onward);
  }
  if (const auto& own = member(line, "qstar"); !own.is_null()) {
    const auto id = id_of(own);
    if (!id) return refuse(id.error());
    if (auto ok = check_known(known, *id, works[0].problem, works[0].steps); !ok)
      return refuse(ok.error());
    works[0].id = *id;
  }
  std::erase_if(works, [](const RatedWork& work) {
    return std::none_of(work.ratings.begin(), work.ratings.end(),
                        [](const auto& rating) { return rating.has_value(); });
  });
  if (works.empty()) return refuse("rates no step");
  return works;
}

Read<std::vector<Ranking>> ranking_of(const json& line, const KnownAttempts& known) {
  auto problem = problem_of(line);
  if (!problem) return refuse(problem.error());
  const auto& listed = member(line, "ranking");
  if (!listed.is_array() || listed.size() < 2)
    return refuse("lacks a 'ranking' of at least two attempts");
  Ranking ranking{std::move(*problem), {}};
  for (const auto& each : listed) {
    const auto id = id_of(each);
    if (!id) return refuse(id.error());
    const auto& rank = member(each, "rank");
    const auto& steps = member(each, "steps");
    if (!rank.is_number_unsigned() || rank < 1 || rank > INT64_MAX)
      return refuse("has a rank that is not 1, 2, 3, …");
    if (!steps.is_array() ||
        !std::all_of(steps.begin(), steps.end(), [](const json& s) { return s.is_string(); }))
      return refuse("lacks the 'steps' of an attempt");
    RankedAttempt attempt{*id, steps.get<std::vector<std::string>>(), rank.get<std::int64_t>()};
    for (const auto& other : ranking.attempts) {
      if (other.id == *id) return refuse("ranks an attempt twice");
    }
    if (auto ok = check_known(known, *id, ranking.problem, attempt.steps); !ok)
      return refuse(ok.error());
    ranking.attempts.push_back(std::move(attempt));
  }
  return std::vector<Ranking>{std::move(ranking)};
}

// What a record says, each statement under a name for what it is about.
using Statements = std::map<std::string, std::string>;
void state(const RatedWork& work, Statements& statements) {
  std::string place = json(work.problem).dump();
  for (std::size_t i = 0; i < work.steps.size(); ++i) {
    place += json(work.steps[i]).dump();
    if (work.ratings[i]) statements[place] = std::to_string(*work.ratings[i]);
  }
}
void state(const Ranking& ranking, Statements& statements) {
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::int64_t> ranks;
  for (const auto& attempt : ranking.attempts)
    ranks[{attempt.id.group, attempt.id.sample}] = attempt.rank;
  std::string which = json(ranking.problem).dump(), order;
  for (const auto& [id, rank] : ranks) {
    which += fmt::format(" {}/{}", id.first, id.second);
    order += fmt::format(" {}", rank);
  }
  statements[which] = order;
}

// What earlier lines said, and which.
class Said {
 public:
  Read<void> add(const Statements& statements, std::int64_t line) {
    std::optional<std::int64_t> repeats = 0;
    for (const auto& [what, saying] : statements) {
      const auto found = said_.find(what);
      if (found == said_.end()) {
        repeats.reset();
      } else if (found->second.first != saying) {
        return refuse(fmt::format("contradicts line {}", found->second.second));
      } else if (repeats) {
        repeats = found->second.second;
      }
    }
    if (repeats) return refuse(fmt::format("repeats line {}", *repeats));
    for (const auto& [what, saying] : statements) said_.try_emplace(what, saying, line);
    return {};
  }

 private:
  std::map<std::string, std::pair<std::string, std::int64_t>> said_;
};

// `read`: json, known -> Read<std::vector<Record>>.
template <class Record, class Reader>
LabelFile<Record> parse_lines(std::string_view text, std::string_view source,
                              const KnownAttempts& known, Reader read) {
  LabelFile<Record> file;
  Said said;
  text = without_byte_order_mark(text);
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    ++file.lines;
    const auto parsed = parse_json_line(line);
    auto records =
        parsed ? read(*parsed, known) : Read<std::vector<Record>>(refuse(parsed.error()));
    if (records) {
      Statements statements;
      for (const auto& record : *records) state(record, statements);
      if (auto fresh = said.add(statements, number); !fresh) records = refuse(fresh.error());
    }
    if (!records) {
      file.skipped.push_back(fmt::format("{}:{}: {}", printable(source), number, records.error()));
      continue;
    }
    for (auto& record : *records) file.records.push_back(std::move(record));
  }
  return file;
}

// Nothing that a person labelled is longer: what is, is no such file (/dev/zero, an image).
constexpr std::size_t kLongestLine = std::size_t{64} << 20;  // bytes

Result<std::string> content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(Errc::kMissingFile,
                fmt::format("cannot read the label file '{}'", printable(path)));
  std::string content;
  std::size_t line = 0;  // where the last one begins
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    const std::size_t before = content.size();
    content.append(block, static_cast<std::size_t>(in.gcount()));
    if (const auto end = content.rfind('\n'); end != std::string::npos && end >= before)
      line = end + 1;
    if (content.size() - line > kLongestLine)
      return fail(Errc::kCorrupt,
                  fmt::format("'{}' is no label file: a line has more than {} bytes",
                              printable(path), kLongestLine));
  }
  if (in.bad())
    return fail(Errc::kIo, fmt::format("reading the label file '{}' failed", printable(path)));
  return content;
}

}  // namespace

LabelFile<RatedWork> parse_step_labels(std::string_view text, std::string_view source,
                                       const KnownAttempts& known) {
  return parse_lines<RatedWork>(text, source, known, works_of);
}

LabelFile<Ranking> parse_rankings(std::string_view text, std::string_view source,
                                  const KnownAttempts& known) {
  return parse_lines<Ranking>(text, source, known, ranking_of);
}

Result<LabelFile<RatedWork>> read_step_labels(const std::string& path, const KnownAttempts& known) {
  const auto content = content_of(path);
  if (!content) return tl::unexpected(content.error());
  return parse_step_labels(*content, path, known);
}

Result<LabelFile<Ranking>> read_rankings(const std::string& path, const KnownAttempts& known) {
  const auto content = content_of(path);
  if (!content) return tl::unexpected(content.error());
  return parse_rankings(*content, path, known);
}

}  // namespace qstar
