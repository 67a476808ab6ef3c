// Every selector of the registry against a naive table, and each one's own law.
#include "persistence/selectors.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace qstar {
using namespace persistence;
namespace {

std::map<std::uint64_t, int> draws(const Selector& selector, int n, std::uint64_t seed = 1) {
  Rng rng(seed);
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < n; ++i) ++counts[selector.sample(rng).key];
  return counts;
}

TEST_CASE("selectors hold what was inserted and not erased", "[selectors]") {
  for (const auto& name : selector_names()) {
    INFO(name);
    auto selector = make_selector(name).value();
    std::set<std::uint64_t> model;
    Rng rng(3);
    for (int i = 0; i < 3000; ++i) {
      const auto key = rng.below(200);
      if (rng.bernoulli(0.5)) {
        if (model.insert(key).second) selector->insert(key, 0.1 + rng.uniform());
      } else if (rng.bernoulli(0.5)) {
        selector->erase(key);
        model.erase(key);
      } else {
        selector->update(key, 0.1 + rng.uniform());
      }
      REQUIRE(selector->size() == model.size());
      if (!model.empty()) {
        const auto drawn = selector->sample(rng);
        REQUIRE(model.count(drawn.key) == 1);
        REQUIRE(drawn.probability > 0);
        REQUIRE(drawn.probability <= 1 + 1e-12);
      }
    }
  }
}

TEST_CASE("a restored selector samples identically; damaged bytes are refused", "[selectors]") {
  for (const auto& name : selector_names()) {
    INFO(name);
    auto selector = make_selector(name).value();
    for (std::uint64_t k = 0; k < 50; ++k) selector->insert(k * 7, 1.0 + static_cast<double>(k));
    for (std::uint64_t k = 0; k < 20; ++k) selector->erase(k * 14);
    const auto bytes = selector->save();
    auto other = make_selector(name).value();
    REQUIRE(other->restore(bytes));
    CHECK(other->size() == selector->size());
    CHECK(draws(*other, 500) == draws(*selector, 500));
    CHECK(other->save() == bytes);
    for (std::size_t cut = 1; cut < bytes.size(); cut += 5) {
      const auto restored = make_selector(name).value()->restore(bytes.substr(0, cut));
      const std::size_t item =
          name == "prioritised" ? 16 : 8;  // a cut between two leaves whole ones
      CHECK(restored.has_value() == (cut % item == 0));
      if (!restored) CHECK(restored.error().code == Errc::kCorrupt);
    }
  }
}

TEST_CASE("an unknown selector names the known ones", "[selectors]") {
  const auto made = make_selector("random");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::kConfig);
  CHECK(made.error().message.find("uniform") != std::string::npos);
}

TEST_CASE("fifo gives the oldest, lifo the newest", "[selectors]") {
  for (const auto& [name, first, second] :
       {std::tuple{"fifo", 9U, 4U}, std::tuple{"lifo", 6U, 4U}}) {
    auto selector = make_selector(name).value();
    for (const std::uint64_t key : {9U, 4U, 6U}) selector->insert(key, 1);
    Rng rng(1);
    CHECK(selector->sample(rng).key == first);
    CHECK(selector->sample(rng).key == first);
    selector->erase(first);
    CHECK(selector->sample(rng).key == second);
    CHECK(selector->sample(rng).probability == 1);
  }
}

// Chi-squared over the keys against the wanted probabilities; 99.9 % point of df degrees.
double chi_squared(const std::map<std::uint64_t, int>& counts,
                   const std::map<std::uint64_t, double>& wanted, int n) {
  double sum = 0;
  for (const auto& [key, p] : wanted) {
    const auto it = counts.find(key);
    const double seen = it == counts.end() ? 0 : it->second;
    sum += (seen - p * n) * (seen - p * n) / (p * n);
  }
  return sum;
}

TEST_CASE("uniform draws uniformly", "[selectors]") {
  auto selector = make_selector("uniform").value();
  std::map<std::uint64_t, double> wanted;
  for (std::uint64_t k = 0; k < 10; ++k) {
    selector->insert(k, static_cast<double>(k));
    wanted[k] = 0.1;
  }
  CHECK(chi_squared(draws(*selector, 20000), wanted, 20000) < 27.9);  // df 9
  Rng rng(1);
  CHECK(selector->sample(rng).probability == Approx(0.1));
}

TEST_CASE("prioritised draws in proportion to priority^alpha", "[selectors]") {
  const double alpha = 0.6;
  auto selector = make_selector("prioritised", alpha).value();
  std::map<std::uint64_t, double> wanted;
  double total = 0;
  for (std::uint64_t k = 0; k < 10; ++k) {
    selector->insert(k, 1);
    const double priority = 0.5 + static_cast<double>(k * k);
    selector->update(k, priority);
    wanted[k] = std::pow(priority, alpha);
    total += wanted[k];
  }
  for (auto& [key, p] : wanted) p /= total;
  CHECK(chi_squared(draws(*selector, 20000), wanted, 20000) < 27.9);
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const auto drawn = selector->sample(rng);
    REQUIRE(drawn.probability == Approx(wanted.at(drawn.key)).epsilon(1e-3));
  }
}

TEST_CASE("a damaged state is refused and changes nothing", "[selectors]") {
  for (const auto& name : selector_names()) {
    auto selector = make_selector(name).value();
    for (std::uint64_t k = 1; k < 4; ++k) selector->insert(k, static_cast<double>(k));
    const std::string before = selector->save();
    // Cut short, a key twice, and (where there are weights) one that no sum can hold.
    std::string huge = before;
    huge.replace(huge.size() - 8, 8, std::string(6, '\0') + "\xf0\x7f");
    for (const auto& bytes : {before.substr(0, before.size() - 1), before + before}) {
      REQUIRE_FALSE(selector->restore(bytes));
      REQUIRE(selector->save() == before);
    }
    if (name == "prioritised") REQUIRE_FALSE(selector->restore(huge));
    REQUIRE(selector->restore(before));
    REQUIRE(selector->save() == before);
  }
}

TEST_CASE("a priority that is not a number counts as the least", "[selectors]") {
  auto selector = make_selector("prioritised", 1.0).value();
  selector->insert(1, 1);
  selector->insert(2, 1);
  selector->update(2, std::nan(""));
  Rng rng(1);
  for (int i = 0; i < 100; ++i) REQUIRE(selector->sample(rng).key == 1);
  selector->update(1, std::numeric_limits<double>::infinity());
  REQUIRE(selector->sample(rng).probability == Approx(1));
}

}  // namespace
}  // namespace qstar
