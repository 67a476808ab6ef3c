#include "serving/report/plot.hpp"

#include <cmath>

#include "serving/report/bar_chart.hpp"
#include "serving/report/drawing.hpp"
#include "serving/report/label_places.hpp"
#include "serving/report/learning_curve.hpp"
#include "serving/report/markdown.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace serving;
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> texts(const PlotScale& scale) {
  std::vector<std::string> out;
  for (const auto& tick : scale.ticks()) out.push_back(tick.text);
  return out;
}

using Texts = std::vector<std::string>;

TEST_CASE("linear axes hold zero and all values", "[plot]") {
  const PlotScale scale({}, {-1, 3});
  CHECK(scale.share(-1) == 0);
  CHECK(scale.share(0) == Approx(0.25));
  CHECK(scale.share(9) == 1);
  CHECK(texts(scale) == Texts{"-1", "0", "1", "2", "3"});
  CHECK(texts(PlotScale({}, {1'500'000})) ==
        Texts{"0", "200 k", "400 k", "600 k", "800 k", "1 M", "1.2 M", "1.4 M"});
  CHECK(texts(PlotScale({}, {})) == Texts{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(texts(PlotScale({}, {0.03})) ==
        Texts{"0.000", "0.005", "0.010", "0.015", "0.020", "0.025", "0.030"});
}

TEST_CASE("logarithmic axes end at round values", "[plot]") {
  const PlotAxis axis{.label = "", .logarithmic = true, .high = {}};
  const PlotScale scale(axis, {17, 310, 0, -5});
  CHECK(texts(scale) == Texts{"10", "20", "50", "100", "200", "500"});
  CHECK(scale.share(10) == 0);
  CHECK(scale.share(100) == Approx(std::log(10) / std::log(50)));
  CHECK_FALSE(scale.holds(0));
  CHECK(texts(PlotScale(axis, {10, 10})) == Texts{"10", "20"});
  CHECK(texts(PlotScale(axis, {1, 1e6})) == Texts{"1", "10", "100", "1 k", "10 k", "100 k", "1 M"});
  CHECK(PlotScale(axis, {1e-17, 1e17}).ticks().size() <= 12);
  CHECK_FALSE(PlotScale(axis, {}).ticks().empty());
}

TEST_CASE("a learning curve is a well-formed picture of its points", "[plot]") {
  const auto svg = learning_curve_svg({{0, 0.5}, {100, 0.9}, {200, 1}}, {"a < b & c", "tokens"});
  CHECK(svg.rfind("<svg", 0) == 0);
  CHECK(has(svg, "a &lt; b &amp; c"));
  CHECK_FALSE(has(svg, "a < b"));
  CHECK(has(svg, "tokens"));
  CHECK(has(svg, "</svg>"));
  for (const auto& empty : {learning_curve_svg({}, {}), learning_curve_svg({{0, 0}}, {})}) {
    CHECK(has(empty, "</svg>"));
    CHECK_FALSE(has(empty, "nan"));
    CHECK_FALSE(has(empty, "inf"));
  }
}

TEST_CASE("infinite and huge values are not drawn", "[plot]") {
  const double huge = 1e300;
  const auto svg = plot_svg({{"t", {}, {}, {{"n", {{1, 1}, {huge, 1}, {1, -huge}}, "#123", ""}}}});
  CHECK(has(svg, "points=\"610.0,40.0 \""));
  CHECK_FALSE(has(svg, "nan"));
  CHECK_FALSE(has(svg, "inf"));
}

TEST_CASE("a legend has every name once, and enough width", "[plot]") {
  const PlotSeries one{"one & all", {{0, 1}}, "#123", ""}, two{"", {{0, 1}}, "#456", ""};
  const PlotPanel panel{"t", {}, {}, {one, two}};
  const auto svg = plot_svg({panel, panel});
  CHECK(svg.find("one &amp; all") == svg.rfind("one &amp; all"));
  CHECK(has(svg, "viewBox=\"0 0 740 720\""));  // 640 + 30 + 9 characters of 7.8; two panels
  CHECK(has(plot_svg({{"t", {}, {}, {two}}}), "viewBox=\"0 0 640 360\""));
}

TEST_CASE("labels cover neither points nor each other, and are left out when there is no room",
          "[plot]") {
  LabelPlaces places({0, 0, 200, 100});
  std::vector<LabelBox> boxes;
  for (int i = 0; i < 60; ++i) {
    const auto place = places.place(100, 50, 40);
    if (!place) continue;
    const double left = place->anchor == std::string("middle") ? place->x - 20
                        : place->anchor == std::string("end")  ? place->x - 40
                                                               : place->x;
    const LabelBox box{left, place->y - 10, left + 40, place->y + 2};
    CHECK(box.left >= 0);
    CHECK(box.right <= 200);
    for (const auto& other : boxes) {
      CHECK((box.left >= other.right - 1e-6 || other.left >= box.right - 1e-6 ||
             box.top >= other.bottom - 1e-6 || other.top >= box.bottom - 1e-6));
    }
    boxes.push_back(box);
  }
  CHECK(boxes.size() > 8);
  CHECK(boxes.size() < 60);
  LabelPlaces full({0, 0, 200, 100});
  full.block({0, 0, 200, 100});
  CHECK_FALSE(full.place(100, 50, 10));
}

TEST_CASE("bars are as long as their shares", "[plot]") {
  const BarChart chart{"title", {"base", "final"}, {{"a", {ChartBar{0.5, {{0.25, 1}}}, {}}}}};
  const auto svg = bar_chart_svg(chart);
  CHECK(has(svg, "width=\"210.0\" height=\"14.0\" fill=\"#2a7ae2\""));  // half of 420
  CHECK(has(svg, "x1=\"165.0\""));  // the whisker from a quarter
  CHECK(has(svg, "x2=\"480.0\""));  // to the end
  CHECK(has(svg, ">0.500<"));
  CHECK(has(svg, ">final<"));
  CHECK_FALSE(has(bar_chart_svg({"title", {"alone"}, {}}), "alone"));
}

TEST_CASE("texts are escaped and cut by characters", "[plot]") {
  CHECK(drawing::escaped("a<b>&\x01\xEF\xBF\xBF!") == "a&lt;b&gt;&amp;  !");
  CHECK(drawing::shortened("äöü", 3) == "äöü");
  CHECK(drawing::shortened("äöüß", 3) == "äö…");
  CHECK(escaped_markdown("a|b\n*c* <i> \\") == "a\\|b \\*c\\* \\<i\\> \\\\");
  MarkdownTable table({"a", "b"});
  CHECK(table.markdown().empty());
  table.row({"1", "|"});
  CHECK(table.markdown() == "\n| a | b |\n|---|---|\n| 1 | \\| |\n");
}

}  // namespace
}  // namespace qstar
