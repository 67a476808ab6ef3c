// Any bytes as a problem that somebody types: refused with one line that is safe to show, or a
// problem that is read again to the same.
#include "core/printable.hpp"
#include "environment/registry.hpp"
#include "environment/text/problem_text.hpp"
#include "tests/fuzz/target.hpp"

namespace {

void check(const qstar::environment::Environment& environment, std::string_view text) {
  const auto problem = qstar::environment::typed_problem(environment, text);
  if (!problem) {
    const auto& message = problem.error().message;
    require(!message.empty() && message == qstar::printable(message) && message.size() < 500);
    return;
  }
  require(environment.reset(*problem).has_value());
  require(qstar::environment::typed_problem(environment, *problem).value() == *problem);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {"3 + 4 × 2 − 5",      "(12-3)÷3*(2+1)", "9/0",    "7/2", "99999999999999999999*9 2",
          "25\u00a050 3 6:952", "1\u2212-1",      "((1+1))"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto
      c = qstar::environment::make_environment({}).value(),
      hard = qstar::environment::make_environment({.family = "hard", .long_work = true}).value(),
      countdown = qstar::environment::make_environment({.name = "countdown", .size = 4}).value();
  for (const auto* environment : {c.get(), hard.get(), countdown.get()})
    check(*environment, text_of(data, size));
  return 0;
}
