#include "serving/report/label_places.hpp"

#include <algorithm>
#include <array>

namespace qstar::serving {
namespace {

constexpr double kTextHeight = 12;
constexpr double kNearest = 7, kFarthest = 70, kRing = 9;

struct Direction {
  double x, y;
  const char* anchor;
  double left;  // the share of the text's width to the left of its anchor
};

// Places above and beside the point come first, where readers expect a label.
constexpr std::array<Direction, 8> kDirections = {{{0, -1, "middle", 0.5},
                                                   {1, 0, "start", 0},
                                                   {-1, 0, "end", 1},
                                                   {0, 1, "middle", 0.5},
                                                   {0.7, -0.7, "start", 0},
                                                   {-0.7, -0.7, "end", 1},
                                                   {0.7, 0.7, "start", 0},
                                                   {-0.7, 0.7, "end", 1}}};

}  // namespace

bool LabelPlaces::is_free(const LabelBox& box) const {
  const bool inside = box.left >= frame_.left && box.right <= frame_.right &&
                      box.top >= frame_.top && box.bottom <= frame_.bottom;
  return inside && std::none_of(taken_.begin(), taken_.end(), [&box](const LabelBox& other) {
           return box.left < other.right && other.left < box.right && box.top < other.bottom &&
                  other.top < box.bottom;
         });
}

std::optional<LabelPlace> LabelPlaces::place(double x, double y, double width) {
  for (double away = kNearest; away <= kFarthest; away += kRing) {
    for (const Direction& to : kDirections) {
      const double anchor_x = x + to.x * away;
      const double middle = y + to.y * (away + kTextHeight / 2);
      const double left = anchor_x - to.left * width;
      const LabelBox box{left, middle - kTextHeight / 2, left + width, middle + kTextHeight / 2};
      if (!is_free(box)) continue;
      block(box);
      return LabelPlace{anchor_x, middle + kTextHeight / 3, to.anchor, away > kNearest};
    }
  }
  return std::nullopt;
}

}  // namespace qstar::serving
