#include "cli/problem_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "environment/text/problem_text.hpp"

namespace qstar::cli {
namespace {

constexpr std::size_t kLongestLine = 1 << 20;     // bytes
constexpr std::size_t kMostProblems = 1'000'000;  // as many as --held-out gives

tl::expected<std::string, std::string> problem_of(std::string_view line, const LoadedModel& model) {
  const auto object = parse_json_line(line);
  if (!object) return tl::unexpected(object.error());
  const auto text = object->find("problem");
  if (text == object->end() || !text->is_string())
    return tl::unexpected(std::string("lacks the text \"problem\""));
  auto problem =
      environment::typed_problem(*model.environment, text->get_ref<const std::string&>());
  if (!problem) return tl::unexpected(problem.error().message);
  if (auto fits = check_length(model, *problem); !fits) return tl::unexpected(fits.error().message);
  return std::move(*problem);
}

}  // namespace

Result<std::vector<std::string>> read_problems(const std::string& path, const LoadedModel& model,
                                               const Stop& stop) {
  const std::string name = path == "-" ? "standard input" : printable(path);
  auto input = InterruptibleInput::open(path, stop);
  if (!input) return tl::unexpected(input.error());
  std::istream in(input->get());
  std::vector<std::string> problems;
  std::string line;
  for (std::int64_t number = 1; read_line(in, line, kLongestLine); ++number) {
    const auto wrong = [&](std::string_view what) {
      return fail(Errc::kCorrupt, fmt::format("{}:{}: {}", name, number, what));
    };
    if (line.size() > kLongestLine)
      return wrong(fmt::format("is longer than {} bytes", kLongestLine));
    const auto text = number == 1 ? without_byte_order_mark(line) : std::string_view(line);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto problem = problem_of(text, model);
    if (!problem) return wrong(problem.error());
    if (problems.size() == kMostProblems)
      return wrong(fmt::format("has more than {} problems before it", kMostProblems));
    problems.push_back(std::move(*problem));
  }
  if (!(*input)->status()) return tl::unexpected((*input)->status().error());
  if (stop()) return fail(Errc::kInterrupted, "interrupted while reading " + name);
  if (problems.empty())
    return fail(Errc::kCorrupt,
                name + " holds no problems: give one JSON object with \"problem\" per line");
  return problems;
}

}  // namespace qstar::cli
