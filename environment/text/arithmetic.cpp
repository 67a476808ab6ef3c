#include "environment/text/arithmetic.hpp"

#include <algorithm>
#include <charconv>

#include "core/printable.hpp"
#include "environment/text/expression.hpp"

namespace qstar::environment {
namespace {

constexpr std::size_t kMaxProblem = 1024;
constexpr int kTrialDraws = 50'000;

bool same_token(const Expression& a, std::size_t i, const Expression& b, std::size_t j) {
  const Token& x = a.tokens[i];
  const Token& y = b.tokens[j];
  if (x.kind != y.kind || x.small != y.small || x.value != y.value) return false;
  return x.small || x.kind != kNumber || a.spelling(x) == b.spelling(y);
}

// Answers "is `next` the line `before` with one place replaced, by a number or a long form?" in
// time that does not depend on the line's length.
class Comparison {
 public:
  Comparison(const Expression& before, const Expression& next) : before_(before), next_(next) {
    const std::size_t n = before.tokens.size();
    const std::size_t m = next.tokens.size();
    const std::size_t shorter = std::min(n, m);
    while (prefix_ < shorter && same_token(before, prefix_, next, prefix_)) ++prefix_;
    while (suffix_ < shorter && same_token(before, n - 1 - suffix_, next, m - 1 - suffix_))
      ++suffix_;
  }

  bool replaces(Place p) const {
    const std::size_t n = before_.tokens.size();
    return n - (p.last - p.first) + 1 == next_.tokens.size() && p.first <= prefix_ &&
           n - p.last <= suffix_ && next_.tokens[p.first].kind == kNumber;
  }
  bool does(std::size_t operation) const {
    const Place p = place_of(before_, operation);
    if (!replaces(p)) return false;
    const auto value = operation_value(before_, operation);
    return value && *value == next_.spelling(next_.tokens[p.first]);
  }
  // Whether the operation gave way to as many terms as its long form has; kRight for the right
  // ones, kWrongValue for others.
  std::optional<Verdict> works_out(std::size_t operation) const {
    const std::size_t n = before_.tokens.size();
    const auto elsewhere = [&](Place p) { return p.first > prefix_ || n - p.last > suffix_; };
    // No long form needs more room than a value; most operations end here.
    if (elsewhere(place_of(before_, operation))) return std::nullopt;
    const auto form = long_form(before_, operation);
    if (!form || elsewhere(form->place)) return std::nullopt;
    const Place p = form->place;
    const std::string text = form->text();
    Expression expected;
    parse_expression(text, expected);
    const std::size_t width = expected.tokens.size();
    if (n - (p.last - p.first) + width != next_.tokens.size()) return std::nullopt;
    bool right = true;
    for (std::size_t i = 0; i < width; ++i) {
      if (expected.tokens[i].kind != next_.tokens[p.first + i].kind) return std::nullopt;
      right = right && same_token(expected, i, next_, p.first + i);
    }
    return right ? Verdict::kRight : Verdict::kWrongValue;
  }

 private:
  const Expression& before_;
  const Expression& next_;
  std::size_t prefix_ = 0;
  std::size_t suffix_ = 0;
};

Verdict compare(const Expression& before, const Expression& next, bool long_work) {
  const auto due = due_operation(before);
  if (!due || (next.tokens.size() >= before.tokens.size() && !long_work))
    return Verdict::kNotARewrite;
  const Comparison comparison(before, next);
  if (comparison.does(*due)) return Verdict::kRight;
  if (comparison.replaces(place_of(before, *due))) return Verdict::kWrongValue;
  if (long_work)
    if (const auto verdict = comparison.works_out(*due)) return *verdict;
  for (std::size_t i = 1; i + 1 < before.tokens.size(); ++i) {
    if (i == *due || !before.is_operation(i)) continue;
    if (comparison.does(i) || (long_work && comparison.works_out(i) == Verdict::kRight))
      return Verdict::kWrongOrder;
  }
  return Verdict::kNotARewrite;
}

// The problem as messages name it: its beginning, safe to show.
std::string named(std::string_view problem) {
  constexpr std::size_t kShown = 60;
  const bool cut = problem.size() > kShown;
  return '"' + printable(problem.substr(0, kShown)) + (cut ? "…\"" : "\"");
}

// Each operator once.
std::string listed(std::string_view operators) {
  std::string text;
  for (const char c : operators) {
    if (text.find(c) == std::string::npos) text += (text.empty() ? "" : " ") + std::string(1, c);
  }
  return text;
}

// The first character of UTF-8 text, safe to show.
std::string first_character(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && bytes < 4 && (text[bytes] & 0xc0) == 0x80) ++bytes;
  return printable(text.substr(0, bytes));
}

bool has_value(std::string_view problem, std::string_view number) {
  Expression e;
  if (!parse_expression(problem, e)) return false;
  return value_of(e) == number;
}

bool is_count(std::int64_t count) { return count >= 1 && count <= 64; }

// Quotients are rarely integers by chance, so a divisor is drawn from those of the operand before
// it.
std::int64_t draw_divisor(Rng& rng, std::int64_t dividend, std::int64_t min, std::int64_t max) {
  for (int tries = 0; tries < 64; ++tries) {
    const std::int64_t divisor = rng.between(min, std::min(max, std::max(min, dividend)));
    if (divisor != 0 && dividend % divisor == 0) return divisor;
  }
  return rng.between(min, max);
}

void append_number(std::string& text, std::int64_t value) {
  char buffer[24];
  text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

}  // namespace

Result<ArithmeticRules> arithmetic_rules(const EnvironmentConfig& config) {
  EnvironmentConfig c = config;
  c.apply_preset();
  if (c.family != "custom" && !is_preset(c.family)) {
    return fail(Errc::kConfig, "environment.family: \"" + printable(c.family) +
                                   "\" is unknown; choose C, B, hard or custom");
  }
  if (c.operators.empty() || c.operators.find_first_not_of("+-*/") != std::string::npos) {
    return fail(Errc::kConfig, "environment.operators: \"" + printable(c.operators) +
                                   "\" must be one or more of the characters + - * /");
  }
  if (c.min_operand < 0 || c.min_operand > c.max_operand) {
    return fail(Errc::kConfig,
                "environment.min_operand = " + std::to_string(c.min_operand) +
                    " must be from 0 to max_operand = " + std::to_string(c.max_operand));
  }
  if (c.min_value > c.max_value) {
    return fail(Errc::kConfig, "environment.min_value = " + std::to_string(c.min_value) +
                                   " must not exceed max_value = " + std::to_string(c.max_value));
  }
  const auto& counts = c.operator_counts;
  if (counts.empty() || !std::all_of(counts.begin(), counts.end(), is_count)) {
    return fail(Errc::kConfig,
                "environment.operator_counts must have at least one element, each from 1 to 64");
  }
  if (c.parentheses > 0 && *std::max_element(counts.begin(), counts.end()) < 2) {
    return fail(
        Errc::kConfig,
        "environment.parentheses has no effect on problems of one operator: set it to 0, or "
        "raise operator_counts");
  }
  return ArithmeticRules{c.operators,    c.min_operand, c.max_operand, counts,
                         c.max_products, c.min_value,   c.max_value,   c.parentheses};
}

Result<std::unique_ptr<Environment>> Arithmetic::make(const EnvironmentConfig& config) {
  auto rules = arithmetic_rules(config);
  if (!rules) return tl::unexpected<Error>(rules.error());
  std::unique_ptr<Arithmetic> made(new Arithmetic(std::move(*rules), config.long_work));
  for (const std::int64_t count : made->rules_.operator_counts) {
    for (const bool grouped : {false, true}) {
      if (grouped && (made->rules_.parentheses == 0 || count == 1)) continue;
      if (!made->has_problems({static_cast<std::size_t>(count), grouped})) {
        return fail(Errc::kConfig,
                    "environment: these settings give no or hardly any problems with " +
                        std::to_string(count) +
                        " operators; widen the range from min_value to max_value or that of the "
                        "operands, raise max_products, or change operator_counts");
      }
    }
  }
  return made;
}

bool Arithmetic::has_problems(Shape shape) const {
  Rng rng(1);
  bool training = false;
  bool held_out = false;
  for (int i = 0; i < kTrialDraws && !(training && held_out); ++i) {
    const std::string problem = draw(rng, shape);
    if (!problem.empty()) (is_held_out(problem) ? held_out : training) = true;
  }
  return training && held_out;
}

std::string Arithmetic::draw(Rng& rng, Shape shape) const {
  const std::size_t count = shape.operators;
  // Operands [open, close] stand in parentheses; open == close for none.
  std::size_t open = 0;
  std::size_t close = 0;
  if (shape.grouped) {
    const std::size_t width = 1 + rng.below(count - 1);
    open = rng.below(count - width + 1);
    close = open + width;
  }
  std::string text;
  std::int64_t products = 0;
  char op = '+';
  std::int64_t operand = 0;
  for (std::size_t i = 0; i <= count; ++i) {
    operand = i > 0 && op == '/'
                  ? draw_divisor(rng, operand, rules_.min_operand, rules_.max_operand)
                  : rng.between(rules_.min_operand, rules_.max_operand);
    if (open != close && i == open) text += '(';
    append_number(text, operand);
    if (open != close && i == close) text += ')';
    if (i == count) break;
    op = rules_.operators[rng.below(rules_.operators.size())];
    if ((op == '*' || op == '/') && ++products > rules_.max_products) return {};
    text += op;
  }
  Expression e;
  const bool fine = text.size() <= kMaxProblem && parse_expression(text, e) &&
                    values_within(e, rules_.min_value, rules_.max_value);
  return fine ? text : std::string();
}

std::string Arithmetic::sample_problem(Rng& rng, Split split) const {
  // The shape is drawn once, so that the rules on values do not shift its distribution.
  Shape shape;
  shape.operators =
      static_cast<std::size_t>(rules_.operator_counts[rng.below(rules_.operator_counts.size())]);
  shape.grouped =
      shape.operators > 1 && rules_.parentheses > 0 && rng.bernoulli(rules_.parentheses);
  for (;;) {
    std::string problem = draw(rng, shape);
    if (!problem.empty() && is_held_out(problem) == (split == Split::kHeldOut)) return problem;
  }
}

bool Arithmetic::admits(std::string_view problem) const {
  Expression e;
  if (!reset(problem) || !parse_expression(problem, e)) return false;
  std::int64_t operators = 0, products = 0, groups = 0;
  for (const Token& token : e.tokens) {
    if (token.kind == kNumber) {
      if (!token.small || token.value < rules_.min_operand || token.value > rules_.max_operand)
        return false;
    } else if (token.kind == '(') {
      ++groups;
    } else if (token.kind != ')') {
      if (rules_.operators.find(token.kind) == std::string::npos) return false;
      ++operators;
      products += token.kind == '*' || token.kind == '/' ? 1 : 0;
    }
  }
  const auto& counts = rules_.operator_counts;
  return std::find(counts.begin(), counts.end(), operators) != counts.end() &&
         products <= rules_.max_products && groups <= (rules_.parentheses > 0 ? 1 : 0) &&
         values_within(e, rules_.min_value, rules_.max_value);
}

Result<State> Arithmetic::reset(std::string_view problem) const {
  if (problem.size() > kMaxProblem) {
    return fail(Errc::kBadProblem, "the problem has " + std::to_string(problem.size()) +
                                       " characters; at most " + std::to_string(kMaxProblem) +
                                       " are allowed");
  }
  if (const auto at = problem.find_first_not_of(alphabet()); at != std::string_view::npos) {
    return fail(Errc::kBadProblem, named(problem) + ": '" + first_character(problem.substr(at)) +
                                       "' at character " + std::to_string(at + 1) +
                                       " is not allowed; a problem consists of digits, + - * / "
                                       "and parentheses");
  }
  const auto e = parse_expression(problem);
  if (!e) return fail(e.error().code, named(problem) + ": " + e.error().message);
  if (e->is_number()) {
    return fail(Errc::kBadProblem,
                named(problem) + " is only a number; a problem has at least one operation");
  }
  if (e->lone_group) {
    return fail(Errc::kBadProblem,
                named(problem) + ": parentheses hold only a number; remove them");
  }
  return State{std::string(problem), std::string(problem), true};
}

StepResult Arithmetic::step(const State& state, std::string_view step) const {
  Expression next;
  if (!parse_expression(step, next)) return {state, Verdict::kMalformed, false, false};
  Expression before;
  const bool readable = parse_expression(state.line, before);
  StepResult result;
  result.verdict = readable ? compare(before, next, long_work_) : Verdict::kNotARewrite;
  result.next = {state.problem, std::string(step),
                 state.clean && result.verdict == Verdict::kRight};
  result.done = next.is_number();
  // The value of the problem is that of every line reached by right steps alone.
  result.win = result.done && (result.next.clean || has_value(state.problem, step));
  return result;
}

std::string Arithmetic::answer(const State& state) const {
  Expression e;
  return parse_expression(state.line, e) && e.is_number() ? state.line : std::string();
}

Status Arithmetic::check_scope(const State& start) const {
  if (auto solution = solve(start); !solution) return tl::unexpected(std::move(solution.error()));
  Expression e;
  parse_expression(start.problem, e);
  std::string foreign;
  for (std::size_t i = 0; i < e.tokens.size(); ++i) {
    // Behind a number or a group it is an operator, elsewhere a sign.
    const char kind = e.tokens[i].kind;
    const bool behind = i > 0 && (e.tokens[i - 1].kind == kNumber || e.tokens[i - 1].kind == ')');
    if (behind && kind != kNumber && kind != ')' &&
        rules_.operators.find(kind) == std::string::npos)
      foreign += kind;
  }
  if (foreign.empty()) return {};
  return fail(Errc::kBadProblem,
              named(start.problem) + ": the model's environment has no operator " +
                  listed(foreign) + "; its problems have " + listed(rules_.operators));
}

Result<std::vector<std::string>> Arithmetic::solve(const State& state) const {
  std::vector<std::string> steps;
  std::string line = state.line;
  for (;;) {
    const auto e = parse_expression(line);
    if (!e) return tl::unexpected<Error>(e.error());
    if (e->is_number()) return steps;
    const auto due = due_operation(*e);
    const auto value = due ? operation_value(*e, *due) : std::nullopt;
    if (!value) {
      return fail(Errc::kBadProblem, named(state.problem) + " has no value: " +
                                         (due ? why_no_value(*e, *due) : "it cannot be read"));
    }
    const auto form = long_work_ ? long_form(*e, *due) : std::nullopt;
    std::string next = rewrite(*e, place_of(*e, *due), *value);
    if (form) {
      // Unless parentheses would nest too deeply.
      std::string longer = rewrite(*e, form->place, form->text());
      Expression parsed;
      if (parse_expression(longer, parsed)) next = std::move(longer);
    }
    line = std::move(next);
    steps.push_back(line);
  }
}

}  // namespace qstar::environment
