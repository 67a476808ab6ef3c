// Arithmetic, one operation per step: "3+4*2-5" -> "3+8-5" -> "11-5" -> "6".
//
// A step is the whole line rewritten with exactly the one operation done whose turn it is
// (expression.hpp says whose). Its verdict is the first of these that applies:
//   malformed      not an expression
//   right          the due operation's place holds its value, the rest is unchanged
//   wrong_value    the due operation's place holds another number, the rest is unchanged
//   wrong_order    one correct operation, at a place whose turn it was not
//   not_a_rewrite  anything else
// An operation without a value (division by zero, a remainder) has no right step.
//
// With long_work, taking an operation apart is a step, too (expression.hpp, LongForm): "34*7" ->
// "(210+28)" -> "238", "93-27" -> "93-20-7" -> "73-7" -> "66"; what is written in its place is
// judged like a value. The calculator and the simulated students work this way; a policy that knows
// the result may also write it at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "environment/registry.hpp"

namespace qstar::environment {

// What the generator draws from; the fields are EnvironmentConfig's.
struct ArithmeticRules {
  std::string operators;
  std::int64_t min_operand = 1;
  std::int64_t max_operand = 9;
  std::vector<std::int64_t> operator_counts;  // one is drawn uniformly
  std::int64_t max_products = 1;
  std::int64_t min_value = 0;
  std::int64_t max_value = 40;
  double parentheses = 0;
};

// The rules of a family: of its preset ("C", the easy one; "B": two products, values to 99; "hard":
// parentheses, exact division, operands to 99, values to 999, 2 to 6 operators), or of "custom" the
// settings as they are. How problems are worked out (long_work) is no part of them. kConfig for
// settings that are out of range, contradict each other, or have no effect.
Result<ArithmeticRules> arithmetic_rules(const EnvironmentConfig& config);

class Arithmetic final : public Environment {
 public:
  // kConfig when the rules give no problems, or hardly any, of one of the splits.
  static Result<std::unique_ptr<Environment>> make(const EnvironmentConfig& config);

  std::string_view name() const override { return "arithmetic"; }
  std::string_view alphabet() const override { return "0123456789+-*/()"; }
  std::string sample_problem(Rng& rng, Split split) const override;
  bool admits(std::string_view problem) const override;
  // Any expression of at most 1024 characters with an operation in it, of this family or not.
  Result<State> reset(std::string_view problem) const override;
  // The problem has a value, and operators of this family only.
  Status check_scope(const State& start) const override;
  StepResult step(const State& state, std::string_view step) const override;
  std::string answer(const State& state) const override;
  std::vector<std::string> legal_steps(const State&) const override { return {}; }
  // The calculator: the right rewritings, one after the other.
  Result<std::vector<std::string>> solve(const State& state) const override;
  bool long_work() const override { return long_work_; }

 private:
  Arithmetic(ArithmeticRules rules, bool long_work)
      : rules_(std::move(rules)), long_work_(long_work) {}
  struct Shape {
    std::size_t operators = 1;
    bool grouped = false;  // has a pair of parentheses
  };
  // One draw; empty when it broke a rule.
  std::string draw(Rng& rng, Shape shape) const;
  // Whether draws of this shape succeed often enough, in both splits.
  bool has_problems(Shape shape) const;

  ArithmeticRules rules_;
  bool long_work_;
};

}  // namespace qstar::environment
