// Places the labels of points so that none covers a point, another label or the frame.
#pragma once

#include <optional>
#include <vector>

namespace qstar::serving {

struct LabelBox {
  double left = 0, top = 0, right = 0, bottom = 0;
};

struct LabelPlace {
  double x = 0, y = 0;      // of the text's baseline
  const char* anchor;       // start, middle or end
  bool needs_line = false;  // it is away from its point and needs a line to it
};

class LabelPlaces {
 public:
  explicit LabelPlaces(LabelBox frame) : frame_(frame) {}

  // Keeps this area free of labels.
  void block(const LabelBox& box) { taken_.push_back(box); }
  // The free place nearest to x, y for a label of this width and height 12, which is then taken.
  // nullopt when there is none within a distance of 70.
  std::optional<LabelPlace> place(double x, double y, double width);

 private:
  bool is_free(const LabelBox& box) const;

  LabelBox frame_;
  std::vector<LabelBox> taken_;
};

}  // namespace qstar::serving
