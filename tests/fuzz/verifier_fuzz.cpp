// Feeds the verifier bytes: the first line of the input is the problem, every further one a step.
#include "environment/registry.hpp"
#include "tests/fuzz/target.hpp"

namespace {

const qstar::Environment& arithmetic() {
  static const auto made = qstar::make_environment({});
  return **made;
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  return line;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {"3+4*2-5\n3+8-5\n11-5\n6", "(12-3)/3*(2+1)\n9/3*(2+1)\n9/3*3\n3*3\n9", "-1-(-2)\n1",
          "((1))\n1", "7/0+99999999999999999999\n1"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using qstar::Verdict;
  std::string_view rest = text_of(data, size);
  const auto start = arithmetic().reset(take_line(rest));
  if (!start) return 0;
  qstar::State state = *start;
  while (!rest.empty()) {
    const auto result = arithmetic().step(state, take_line(rest));
    require(result.verdict != Verdict::kUnknown);
    require(result.done || !result.win);
    require(!result.next.clean || state.clean);
    state = result.next;
  }
  // What the calculator writes, the verifier accepts.
  const auto solution = arithmetic().solve(*start);
  if (!solution) return 0;
  state = *start;
  for (std::size_t i = 0; i < solution->size(); ++i) {
    const auto result = arithmetic().step(state, (*solution)[i]);
    require(result.verdict == Verdict::kRight);
    require(result.win == (i + 1 == solution->size()));
    state = result.next;
  }
  return 0;
}
