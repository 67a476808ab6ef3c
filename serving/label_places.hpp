// Where labels of points go, so that none covers a point, another label or the frame.
#pragma once

#include <optional>
#include <vector>

namespace qstar {

struct LabelBox {
  double left = 0, top = 0, right = 0, bottom = 0;
};

struct LabelPlace {
  double x = 0, y = 0;      // of the text's baseline
  const char* anchor;       // start, middle or end
  bool needs_line = false;  // it lies apart from its point: a line says whose it is
};

class LabelPlaces {
 public:
  explicit LabelPlaces(LabelBox frame) : frame_(frame) {}

  // Nothing is to cover this.
  void block(const LabelBox& box) { taken_.push_back(box); }
  // The free place nearest to x, y for a label of this width, 12 high, which is then taken. Nothing
  // when all around is taken, up to 70 away.
  std::optional<LabelPlace> place(double x, double y, double width);

 private:
  bool is_free(const LabelBox& box) const;

  LabelBox frame_;
  std::vector<LabelBox> taken_;
};

}  // namespace qstar
