#include "environment/text/corpus.hpp"

#include <charconv>

#include "environment/text/expression.hpp"

namespace qstar::environment {
namespace {

// The operation that a student turns to; the line has at least one.
std::size_t chosen_operation(const Expression& e, bool left_to_right, bool misreads_minus) {
  std::size_t chosen = due_operation(e).value_or(0);
  if (left_to_right || chosen == 0) {
    chosen = 1;
    while (!e.is_operation(chosen)) ++chosen;
  }
  const bool misread = misreads_minus && e.tokens[chosen].kind == '-' &&
                       e.is_operation(chosen + 2) && e.tokens[chosen + 2].kind == '+';
  return misread ? chosen + 2 : chosen;
}

// What a student writes where there is no value: the whole part of a quotient, or nothing at all.
std::int64_t shrug(const Token& a, char op, const Token& b) {
  return op == '/' && a.small && b.small && b.value != 0 ? a.value / b.value : 0;
}

}  // namespace

void CorpusConfig::describe(FieldVisitor& v) {
  v.value({"bad_share", "Share of rows written by students with misconceptions", 0, 1}, bad_share);
  v.value({"left_to_right",
           "Probability that a student with misconceptions works strictly left to right", 0, 1},
          left_to_right);
  v.value({"misread_minus", "Probability that a student with misconceptions reads a-b+c as a-(b+c)",
           0, 1},
          misread_minus);
  v.value({"bad_slip", "Probability per step that a student with misconceptions slips", 0, 1},
          bad_slip);
  v.value({"good_slip", "Probability per step that any other student slips", 0, 1}, good_slip);
}

Corpus::Corpus(const Environment& problems, const CorpusConfig& config, std::uint64_t seed)
    : problems_(&problems), config_(config), rng_(seed) {}

Corpus::Student Corpus::draw_student() {
  if (!rng_.bernoulli(config_.bad_share)) return {false, false, config_.good_slip};
  const bool left_to_right = rng_.bernoulli(config_.left_to_right);
  const bool misreads_minus = rng_.bernoulli(config_.misread_minus);
  return {left_to_right, misreads_minus, config_.bad_slip};
}

std::string Corpus::row(std::size_t length) {
  const Student student = draw_student();
  std::string row = ";";
  while (row.size() < length) append_solution(student, row);
  row.resize(length);
  return row;
}

void Corpus::append_solution(const Student& student, std::string& row) {
  const std::string problem = problems_->sample_problem(rng_, Split::kTraining);
  row += problem;
  const auto start = problems_->reset(problem);
  QSTAR_ASSERT(start.has_value(), problem);
  if (problems_->legal_steps(*start).empty()) {
    append_rewriting(student, problem, row);
  } else {
    append_choices(student, *start, row);
  }
  row += ';';
}

void Corpus::append_rewriting(const Student& student, std::string line, std::string& row) {
  Expression e;
  while (parse_expression(line, e) && !e.is_number()) {
    const std::size_t operation =
        chosen_operation(e, student.left_to_right, student.misreads_minus);
    line = worked(student, e, operation);
    row += '=';
    row += line;
  }
}

void Corpus::append_choices(const Student& student, State state, std::string& row) {
  for (;;) {
    const auto steps = problems_->legal_steps(state);
    if (steps.empty()) return;
    std::string step = steps[rng_.below(steps.size())];
    if (!student.left_to_right && !rng_.bernoulli(student.slip)) {
      const auto solution = problems_->solve(state);
      if (!solution) return;
      step = solution->front();
    }
    row += '=';
    row += step;
    state = problems_->step(state, step).next;
  }
}

std::string Corpus::worked(const Student& student, const Expression& e, std::size_t operation) {
  const Token& a = e.tokens[operation - 1];
  const Token& b = e.tokens[operation + 1];
  const char op = e.tokens[operation].kind;
  const std::int64_t* factor = op == '*' && a.small ? &a.value : nullptr;
  if (auto form = problems_->long_work() ? long_form(e, operation) : std::nullopt) {
    if (form->values) {
      auto& term = form->terms[rng_.below(form->terms.size())];
      term = slipped(student, term, factor);
    }
    return rewrite(e, form->place, form->text());
  }
  const auto value = operation_value(e, operation).value_or(std::to_string(shrug(a, op, b)));
  return rewrite(e, place_of(e, operation), slipped(student, value, factor));
}

std::string Corpus::slipped(const Student& student, const std::string& right,
                            const std::int64_t* factor) {
  if (!rng_.bernoulli(student.slip)) return right;
  std::int64_t value = 0;
  const auto read = std::from_chars(right.data(), right.data() + right.size(), value);
  if (read.ec != std::errc{} || right.size() > 17) return right;
  const std::array<std::int64_t, 4> amounts = {1, 2, 10, factor != nullptr ? *factor : 0};
  const std::int64_t amount = amounts[rng_.below(factor != nullptr ? 4 : 3)];
  return std::to_string(rng_.bernoulli(0.5) ? value + amount : value - amount);
}

std::vector<bool> solution_mask(std::string_view row) {
  std::vector<bool> mask(row.size());
  bool solution = false;
  for (std::size_t i = 0; i < row.size(); ++i) {
    mask[i] = solution;
    if (row[i] == '=') solution = true;
    if (row[i] == ';') solution = false;
  }
  return mask;
}

}  // namespace qstar::environment
