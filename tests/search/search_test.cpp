// Every search of the registry, on policies whose behaviour is known.
#include <catch2/catch.hpp>

#include "data/attempt.hpp"
#include "environment/registry.hpp"
#include "model/models.hpp"
#include "search/text/evaluate.hpp"
#include "search/text/sampling.hpp"

namespace qstar {
using namespace model;
using namespace search;
namespace {

std::unique_ptr<environment::Environment> arithmetic() {
  auto environment = environment::make_environment({});
  REQUIRE(environment);
  return std::move(*environment);
}

// Right when greedy; when sampling, wrong for odd seeds. Remembers what it was asked.
class Calculator final : public Policy {
 public:
  explicit Calculator(const environment::Environment& environment) : environment_(environment) {}

  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::vector<Generation> made;
    for (const auto& request : requests) {
      asked.push_back(request);
      made.push_back(work(request));
    }
    return made;
  }
  std::uint64_t version() const override { return 7; }

  std::vector<GenerateRequest> asked;

 private:
  Generation work(const GenerateRequest& request) const {
    const std::string problem = request.prompt.substr(1, request.prompt.size() - 2);
    std::string text;
    const auto steps = environment_.solve(*environment_.reset(problem)).value();
    for (const auto& step : steps) text += "=" + step;
    text = text.substr(1) + ";";
    if (request.temperature > 0 && request.seed % 2 == 1) text = "7777;";
    return {text, std::vector<std::int32_t>(text.size(), 2), std::vector<float>(text.size(), -1),
            true};
  }
  const environment::Environment& environment_;
};

TEST_CASE("an unknown search is refused with the known ones", "[search]") {
  const auto search = make_search("greddy");
  REQUIRE_FALSE(search);
  CHECK(search.error().code == Errc::kUsage);
  CHECK(search.error().message.find("greedy, sample") != std::string::npos);
}

TEST_CASE("greedy makes one attempt, sampling as many as asked", "[search]") {
  const auto environment = arithmetic();
  const auto problems = held_out_problems(*environment, 2);
  Calculator policy(*environment);
  const SearchOptions options{.samples = 3, .temperature = 0.5, .max_tokens = 11, .seed = 9};
  const auto attempts = [&](const char* name) {
    const auto results = make_search(name)->attempt(*environment, {policy}, problems, options);
    return results.value()[1].group.attempts.size();
  };
  CHECK(attempts("greedy") == 1);
  CHECK(policy.asked.size() == 2);
  CHECK(policy.asked[0].temperature == 0);
  policy.asked.clear();
  CHECK(attempts("sample") == 3);
  REQUIRE(policy.asked.size() == 6);
  CHECK(policy.asked[4].temperature == 0.5F);
  CHECK(policy.asked[4].max_tokens == 11);
  CHECK(policy.asked[4].seed == attempt_seed(9, 1, 1));
  CHECK(policy.asked[4].prompt == prompt_of(problems[1], {}));
}

TEST_CASE("an evaluation counts what the search did", "[search]") {
  const auto environment = arithmetic();
  const auto problems = held_out_problems(*environment, 50);
  Calculator policy(*environment);
  const auto greedy = evaluate(*make_search("greedy"), *environment, {policy}, problems, {});
  REQUIRE(greedy);
  CHECK(greedy->n == 50);
  CHECK(greedy->accuracy == 1);
  CHECK(greedy->ci95.high == 1);
  CHECK(greedy->ci95.low < 1);

  const SearchOptions options{.samples = 2, .seed = 1};
  const auto sampled = evaluate(*make_search("sample"), *environment, {policy}, problems, options);
  REQUIRE(sampled);
  std::int64_t right = 0, tokens = 0;
  for (std::size_t p = 0; p < problems.size(); ++p) {
    for (std::uint32_t s = 0; s < 2; ++s) right += attempt_seed(1, p, s) % 2 == 0 ? 1 : 0;
    for (const auto& attempt : sampled->results[p].group.attempts)
      tokens += static_cast<std::int64_t>(tokens_of(attempt));
  }
  CHECK(sampled->n == 100);
  CHECK(sampled->accuracy == Approx(static_cast<double>(right) / 100));
  CHECK(sampled->tokens_per_problem == Approx(static_cast<double>(tokens) / 50));
  CHECK(evaluate(*make_search("greedy"), *environment, {policy}, {}, {})->n == 0);
}

TEST_CASE("held-out problems are distinct, held out, and a prefix of more of them", "[search]") {
  const auto environment = arithmetic();
  const auto few = held_out_problems(*environment, 30);
  const auto many = held_out_problems(*environment, 300);
  REQUIRE(few.size() == 30);
  CHECK(std::equal(few.begin(), few.end(), many.begin()));
  CHECK(held_out_problems(*environment, 30, 1) != few);
  for (const auto& problem : many) CHECK(environment::is_held_out(problem));
}

TEST_CASE("attempts carry what they were made from", "[search]") {
  const auto environment = arithmetic();
  const std::vector<std::string> problems = {"1+2", "3+4"};
  const SearchOptions options{.samples = 2, .temperature = 0.5, .seed = 9, .first_group = 10};
  const auto requests = requests_of(problems, options);
  REQUIRE(requests.size() == 4);
  CHECK(requests[3].prompt == ";3+4=");
  CHECK(requests[3].seed == attempt_seed(9, 11, 1));
  std::vector<Generation> generations(4, {"3;", {5, 0}, {-1, 0}, true});
  generations[1] = {"3", {5}, {-1}, false};
  auto groups = groups_of("arithmetic", problems, options, generations, 6, 77);
  REQUIRE(groups.size() == 2);
  CHECK(groups[1].group == 11);
  CHECK(groups[1].attempts[1].id == TrajectoryId{11, 1});
  CHECK(groups[1].attempts[1].seed == requests[3].seed);
  CHECK(groups[1].attempts[1].temperature == 0.5F);
  CHECK(groups[0].attempts[0].steps[0].policy_version == 6);
  CHECK(groups[0].attempts[0].steps[0].time_us == 77);
  environment::judge(*environment, groups);
  CHECK(groups[0].attempts[0].outcome == Outcome::kWon);
  CHECK(groups[0].attempts[1].outcome == Outcome::kUnfinished);
  CHECK(groups[1].attempts[0].outcome == Outcome::kLost);
}

}  // namespace
}  // namespace qstar
