// Feeds the verifiers bytes: the first line of the input is the problem, every further one a step.
#include "environment/registry.hpp"
#include "tests/fuzz/target.hpp"

namespace {

std::unique_ptr<qstar::environment::Environment> made(const std::string& name,
                                                      const std::string& family = "C") {
  qstar::environment::EnvironmentConfig config;
  config.name = name;
  config.family = family;
  if (name == "countdown") config.size = 4;  // exhausted at once
  config.long_work = family == "hard";
  return qstar::environment::make_environment(config).value();
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

void walk(const qstar::environment::Environment& environment, std::string_view rest) {
  using qstar::Verdict;
  const auto start = environment.reset(take_line(rest));
  if (!start) return;
  qstar::environment::State state = *start;
  while (!rest.empty()) {
    const auto result = environment.step(state, take_line(rest));
    require(result.verdict != Verdict::kUnknown);
    require(result.verdict != Verdict::kMalformed || result.next == state);
    require(result.done || !result.win);
    require(!result.next.clean || state.clean);
    state = result.next;
  }
  // What the calculator writes, the verifier accepts.
  const auto solution = environment.solve(*start);
  if (!solution) return;
  state = *start;
  for (std::size_t i = 0; i < solution->size(); ++i) {
    const auto result = environment.step(state, (*solution)[i]);
    require(result.verdict == Verdict::kRight);
    require(result.win == (i + 1 == solution->size()));
    state = result.next;
  }
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {"3+4*2-5\n3+8-5\n11-5\n6",
          "(12-3)/3*(2+1)\n9/3*(2+1)\n9/3*3\n3*3\n9",
          "-1-(-2)\n1",
          "((1))\n1",
          "7/0+99999999999999999999\n1",
          "93-27+4\n93-20-7+4\n73-7+4\n66+4",
          "34*27-1\n(34*20+34*7)-1\n((600+80)+34*7)-1\n(680+34*7)-1",
          "25 50 3 6:952\n25*3:75\n75+50:125\n125*6:750",
          "8 8 7 4 : 24\n7-4:3\n3*8:24\n8+8:16"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto arithmetic = made("arithmetic"), countdown = made("countdown"),
                    hard = made("arithmetic", "hard");
  walk(*arithmetic, text_of(data, size));
  walk(*hard, text_of(data, size));
  walk(*countdown, text_of(data, size));
  return 0;
}
