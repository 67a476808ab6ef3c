// The searches by name: a new one is its file and a row here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "search/sampling.hpp"

namespace qstar {
namespace {

struct Row {
  std::string_view name;
  std::unique_ptr<Search> (*make)();
};

template <class S>
std::unique_ptr<Search> make() {
  return std::make_unique<S>();
}

constexpr std::array kRows = {
    Row{"greedy", make<GreedySearch>},
    Row{"sample", make<SampleSearch>},
};

}  // namespace

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const auto& row : kRows) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<Search>> make_search(std::string_view name) {
  for (const auto& row : kRows) {
    if (row.name == name) return row.make();
  }
  return fail(Errc::kUsage, fmt::format("there is no search '{}'; known: {}", name,
                                        fmt::join(search_names(), ", ")));
}

}  // namespace qstar
