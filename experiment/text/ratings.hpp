// Elo ratings of players who attempted the same problems (Elo 1978; Bradley & Terry 1952).
#pragma once

#include <vector>

namespace qstar::experiment {

// right[p][i]: whether player p solved problem i. On every problem each pair of players meets: a
// player who is right beats one who is wrong; otherwise it is a draw, half a win for each. The
// ratings maximise the likelihood of these results when p beats q with probability
// 1 / (1 + 10^((R_q − R_p) / 400)); the first player is rated 0. One draw is added to every pair,
// so that a player with all or no points keeps a finite rating.
std::vector<double> elo_ratings(const std::vector<std::vector<bool>>& right);

}  // namespace qstar::experiment
