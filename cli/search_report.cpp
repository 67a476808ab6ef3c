#include "cli/search_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "core/metrics.hpp"
#include "environment/puzzle_svg.hpp"

namespace qstar {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kPictures = 12;  // positions of a film strip

std::string name_of(const PuzzleStart& start) {
  return start.id.is_string() ? start.id.get<std::string>() : start.id.dump();
}

// Null for a mean or share of nothing.
ordered_json ratio(double sum, double n) {
  return n > 0 ? ordered_json(sum / n) : ordered_json(nullptr);
}

ordered_json ratio(double sum, std::size_t n) { return ratio(sum, static_cast<double>(n)); }

}  // namespace

ordered_json to_json(const PuzzleStart& start, const Puzzle& puzzle,
                     const PuzzleSolution& solution) {
  ordered_json moves = ordered_json::array();
  for (const Move move : solution.moves) moves.push_back(puzzle.move_name(move));
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

std::string table_line(const PuzzleStart& start, const PuzzleSolution& solution) {
  return fmt::format("{:>8} {:>10} {:>8} {:>8} {:>12} {:>9.3f}", name_of(start),
                     solution.solved ? "solved" : "not solved",
                     solution.solved ? std::to_string(solution.moves.size()) : "-",
                     to_string(solution.end), solution.statistics.nodes_generated,
                     solution.statistics.seconds);
}

void SearchSummary::Comparison::add(double cost, const PuzzleSolution& solution) {
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

void SearchSummary::add(const PuzzleStart& start, const PuzzleSolution& solution) {
  const SearchStatistics& s = solution.statistics;
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
  out["max_seconds"] = max_seconds_;
  out["nodes_per_second"] = ratio(static_cast<double>(nodes_), seconds_);
  out["share"] = {{"network", ratio(network_, seconds_)},
                  {"queue", ratio(queue_, seconds_)},
                  {"environment", ratio(environment_, seconds_)}};
  out["peak_memory_bytes"] = peak_resident_bytes();
  out["cpu_seconds"] = process_cpu_seconds() - cpu_before;
  return out;
}

std::string SearchSummary::line() const {
  std::string line = fmt::format("{} of {} states solved", solved_, states_);
  if (solved_ > 0) {
    line += fmt::format(", {:.2f} moves each",
                        static_cast<double>(length_) / static_cast<double>(solved_));
  }
  for (const auto& [costs, what] :
       {std::pair{&optimal_, "the optimum"}, {&known_, "those known"}}) {
    if (costs->solved == 0) continue;
    line += fmt::format(", {:.2f} over {} and {} of {} not above",
                        costs->over / static_cast<double>(costs->solved), what, costs->reached,
                        costs->states);
  }
  if (seconds_ > 0) {
    line += fmt::format("; {:.3f} s each, {:.0f} nodes/s, {:.0f} % of it network",
                        seconds_ / static_cast<double>(states_),
                        static_cast<double>(nodes_) / seconds_, 100 * network_ / seconds_);
  }
  return line;
}

Status check_picture_names(std::span<const PuzzleStart> starts) {
  std::set<std::string> seen;
  for (const PuzzleStart& start : starts) {
    const std::string name = name_of(start);
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    });
    if (!plain) {
      return fail(Errc::kUsage, fmt::format("{}: the id {} cannot name a picture: --svg needs "
                                            "letters, digits, - and _",
                                            start.place, start.id.dump()));
    }
    if (!seen.insert(name).second) {
      return fail(Errc::kUsage, fmt::format("{}: the id {} is there twice: --svg needs different "
                                            "ones",
                                            start.place, start.id.dump()));
    }
  }
  return {};
}

Status write_picture(const std::string& directory, const PuzzleStart& start, const Puzzle& puzzle,
                     const PuzzleSolution& solution) {
  std::vector<std::uint8_t> position = start.position, states = position;
  std::vector<std::string> captions = {"start"};
  for (std::size_t i = 0; i < solution.moves.size() && captions.size() < kPictures; ++i) {
    puzzle.apply(position, std::span(solution.moves).subspan(i, 1), position);
    states.insert(states.end(), position.begin(), position.end());
    captions.push_back(fmt::format("{}: {}", i + 1, puzzle.move_name(solution.moves[i])));
  }
  const std::string path = directory + "/" + name_of(start) + ".svg";
  std::ofstream file(path, std::ios::binary);
  file << svg_strip(puzzle, states, captions);
  file.close();
  if (!file) return fail(Errc::kIo, "cannot write " + path);
  return {};
}

}  // namespace qstar
