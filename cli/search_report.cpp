#include "cli/search_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/terminal.hpp"
#include "core/metrics.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

using nlohmann::ordered_json;

struct Column {
  std::string_view title;
  std::size_t width;
};
// Behind the id, the most wanted first.
constexpr std::array kColumns = {Column{"result", 10}, Column{"moves", 8}, Column{"end", 9},
                                 Column{"nodes", 12}, Column{"seconds", 9}};
constexpr std::size_t kShortId = 8, kLongId = 32;  // columns that ids get, where there is room

// Columns that printable text takes on a terminal.
std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  while (cut_to_width(text, width).size() < text.size()) ++width;
  return width;
}

// Of an id, as far as it matters.
std::size_t shown_width(const PuzzleStart& start) {
  return width_of(cut_to_width(printable(start.id_text()), kLongId));
}

std::string right_aligned(const std::string& text, std::size_t width) {
  const std::size_t used = width_of(cut_to_width(text, width));
  return std::string(width - used, ' ') + text;
}

// Printable text in exactly `width` columns, at least one: the end of what is longer is left out.
std::string cut(const std::string& text, std::size_t width) {
  if (cut_to_width(text, width).size() == text.size()) return right_aligned(text, width);
  return right_aligned(cut_to_width(text, width - 1), width - 1) + "…";
}

// Null for a mean or share of nothing.
ordered_json ratio(double sum, double n) {
  return n > 0 ? ordered_json(sum / n) : ordered_json(nullptr);
}

ordered_json ratio(double sum, std::size_t n) { return ratio(sum, static_cast<double>(n)); }

}  // namespace

ordered_json to_json(const PuzzleStart& start, const environment::Puzzle& puzzle,
                     const search::PuzzleSolution& solution) {
  ordered_json moves = ordered_json::array();
  for (const environment::Move move : solution.moves) moves.push_back(puzzle.move_name(move));
  const bool solved = solution.solved;
  return {{"id", start.id},
          {"solved", solved},
          {"length", solved ? ordered_json(moves.size()) : ordered_json(nullptr)},
          {"moves", std::move(moves)},
          {"cost", solved ? ordered_json(solution.cost) : ordered_json(nullptr)},
          {"found_cost", solved ? ordered_json(solution.found_cost) : ordered_json(nullptr)},
          {"lower_bound", solution.lower_bound},
          {"end", to_string(solution.end)},
          {"nodes_generated", solution.statistics.nodes_generated},
          {"edges_scored", solution.statistics.edges_scored},
          {"seconds", solution.statistics.seconds}};
}

SearchTable::SearchTable(std::span<const PuzzleStart> starts, std::optional<std::size_t> columns)
    : id_width_(kShortId), cells_(kColumns.size()), cuts_(columns.has_value()) {
  std::size_t longest = kShortId;
  for (const PuzzleStart& start : starts) longest = std::max(longest, shown_width(start));
  if (!columns) {
    id_width_ = longest;  // a longer one moves its line to the right
    return;
  }
  std::size_t taken = 0;
  for (cells_ = 0; cells_ < kColumns.size(); ++cells_) {
    const std::size_t wider = taken + 1 + kColumns[cells_].width;
    if (kShortId + wider > *columns) break;
    taken = wider;
  }
  id_width_ = std::min(longest, std::max<std::size_t>(1, *columns - taken));
}

std::string SearchTable::joined(const std::string& id, std::span<const std::string> cells) const {
  std::string line = cuts_ ? cut(id, id_width_) : right_aligned(id, id_width_);
  for (std::size_t i = 0; i < cells_; ++i) line += ' ' + right_aligned(cells[i], kColumns[i].width);
  return line;
}

std::string SearchTable::header() const {
  std::vector<std::string> titles;
  for (const Column& column : kColumns) titles.emplace_back(column.title);
  return joined("id", titles);
}

std::string SearchTable::line(const PuzzleStart& start,
                              const search::PuzzleSolution& solution) const {
  const std::array<std::string, kColumns.size()> cells = {
      solution.solved ? "solved" : "not solved",
      solution.solved ? std::to_string(solution.moves.size()) : "-",
      std::string(to_string(solution.end)), std::to_string(solution.statistics.nodes_generated),
      fmt::format("{:.3f}", solution.statistics.seconds)};
  return joined(printable(start.id_text()), cells);
}

void SearchSummary::Comparison::add(double cost, const search::PuzzleSolution& solution) {
  ++states;
  if (!solution.solved) return;
  ++solved;
  over += solution.cost - cost;
  reached += solution.cost <= cost ? 1 : 0;
}

void SearchSummary::Comparison::describe(const std::string& what, ordered_json& out) const {
  if (states == 0) return;
  out["mean_over_" + what] = ratio(over, solved);
  out[what == "optimal" ? "at_optimum" : "at_known"] = ratio(static_cast<double>(reached), states);
}

void SearchSummary::add(const PuzzleStart& start, const search::PuzzleSolution& solution) {
  const search::SearchStatistics& s = solution.statistics;
  ++states_;
  seconds_ += s.seconds;
  max_seconds_ = std::max(max_seconds_, s.seconds);
  network_ += s.seconds_network;
  queue_ += s.seconds_queue;
  environment_ += s.seconds_environment;
  nodes_ += s.nodes_generated;
  if (solution.solved) {
    ++solved_;
    length_ += solution.moves.size();
    cost_ += solution.cost;
    found_cost_ += solution.found_cost;
  }
  if (start.optimal) optimal_.add(*start.optimal, solution);
  if (start.known) known_.add(*start.known, solution);
}

ordered_json SearchSummary::json(double cpu_before) const {
  ordered_json out = {{"n", states_},
                      {"solved", solved_},
                      {"mean_length", ratio(static_cast<double>(length_), solved_)},
                      {"mean_cost", ratio(cost_, solved_)},
                      {"mean_found_cost", ratio(found_cost_, solved_)}};
  optimal_.describe("optimal", out);
  known_.describe("known", out);
  out["mean_seconds"] = ratio(seconds_, states_);
  out["max_seconds"] = states_ > 0 ? ordered_json(max_seconds_) : ordered_json(nullptr);
  out["nodes_per_second"] = ratio(static_cast<double>(nodes_), seconds_);
  out["share"] = {{"network", ratio(network_, seconds_)},
                  {"queue", ratio(queue_, seconds_)},
                  {"environment", ratio(environment_, seconds_)}};
  out["peak_memory_bytes"] = peak_resident_bytes();
  out["cpu_seconds"] = process_cpu_seconds() - cpu_before;
  return out;
}

std::string SearchSummary::text(std::string_view estimates) const {
  if (states_ == 0) return "no state was searched to its end";
  std::string text = fmt::format("{} of {} states solved", solved_, states_);
  if (solved_ > 0) {
    text += fmt::format(", {:.2f} moves per solution",
                        static_cast<double>(length_) / static_cast<double>(solved_));
  }
  for (const auto& [costs, what] : {std::pair{&optimal_, "optimal"}, {&known_, "best known"}}) {
    if (costs->solved == 0) continue;
    text += fmt::format("\n{:.2f} above the {} cost on average; {} of {} states reach it",
                        costs->over / static_cast<double>(costs->solved), what, costs->reached,
                        costs->states);
  }
  if (seconds_ > 0) {
    text +=
        fmt::format("\n{:.3f} s per state, {:.0f} nodes/s, {:.0f} % of the time in the {}",
                    seconds_ / static_cast<double>(states_), static_cast<double>(nodes_) / seconds_,
                    100 * network_ / seconds_, estimates);
  }
  return text;
}

}  // namespace qstar::cli
