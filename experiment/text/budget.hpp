// The limits of a reinforcement learning run, in generated tokens and in rounds. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace qstar::experiment {

struct Spent {
  std::int64_t tokens = 0, rounds = 0;
};

struct Budget {
  std::int64_t tokens = 0, rounds = 0;  // 0: no limit; one of them at least is given

  // Done by whichever limit is nearer, in [0, 1].
  double share(const Spent& spent) const {
    return std::min(1.0, std::max(of(spent.tokens, tokens), of(spent.rounds, rounds)));
  }
  // The number of further rounds that it has room for, at least one; a round takes
  // `tokens_per_round` (0: unknown).
  std::int64_t rounds_left(const Spent& spent, std::int64_t tokens_per_round) const {
    std::int64_t left =
        rounds > 0 ? rounds - spent.rounds : std::numeric_limits<std::int64_t>::max();
    if (tokens > 0) {
      const auto rest = tokens - spent.tokens;
      left = std::min(left,
                      tokens_per_round == 0 ? 1 : (rest + tokens_per_round - 1) / tokens_per_round);
    }
    return std::max<std::int64_t>(left, 1);
  }

 private:
  static double of(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
  }
};

}  // namespace qstar::experiment
