// Runs a fuzz target without libFuzzer, so that every build tests it: its seeds, then random
// mutants of them, the same ones every time.
#include <cstdio>

#include "core/rng.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using qstar::Rng;
constexpr int kMutants = QSTAR_FUZZ_MUTANTS;

void mutate(std::string& text, Rng& rng, const std::vector<std::string>& seeds) {
  const std::size_t at = rng.below(text.size() + 1);
  const std::string& other = seeds[rng.below(seeds.size())];
  const std::size_t from = rng.below(other.size() + 1);
  switch (rng.below(6)) {
    case 0: text.insert(at, 1, static_cast<char>(rng.below(256))); break;
    case 1: text.erase(at, 1 + rng.below(8)); break;
    case 2: text.resize(at); break;
    case 3: text.insert(at, other, from, rng.below(16)); break;
    case 4: text.insert(at, rng.below(9), rng.bernoulli(0.5) ? '\xff' : '\0'); break;
    default:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << rng.below(8)));
  }
}

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main() {
  const auto seeds = fuzz_seeds();
  run("");
  for (const auto& seed : seeds) run(seed);
  Rng rng(1);
  for (int i = 0; i < kMutants; ++i) {
    std::string text = seeds[rng.below(seeds.size())];
    for (std::size_t n = 1 + rng.below(6); n > 0; --n) mutate(text, rng, seeds);
    run(text);
  }
  std::printf("%zu seeds and %d mutants of them\n", seeds.size(), kMutants);
}
