// Ratings of players who have met at the same problems (Elo 1978; Bradley & Terry 1952).
#pragma once

#include <vector>

namespace qstar {

// right[p][i]: whether player p was right at problem i. Of two players, whoever is right where the
// other is wrong wins there; both right or both wrong is a draw, half a win for each. The ratings
// maximise the likelihood of these results when p beats q with probability
// 1 / (1 + 10^((R_q − R_p) / 400)); the first player has 0. Players with all or no points against
// the others would run to infinity, so each pair has a draw more than it played.
std::vector<double> elo_ratings(const std::vector<std::vector<bool>>& right);

}  // namespace qstar
