// A proposer as an actor: what it says arrives as if it were here, errors too, and it ends with who
// speaks for it.
#include <catch2/catch.hpp>

#include "actors/story_actors.hpp"
#include "actors/system.hpp"

namespace qstar {
namespace {

class Scripted final : public Proposer {
 public:
  explicit Scripted(std::shared_ptr<int> alive) : alive_(std::move(alive)) {}

  Result<Proposals> propose(const ModelFile& policy, std::int64_t n, std::int64_t round) override {
    if (round > 0) return fail(Errc::kBadProblem, "no paper");
    Proposals made;
    made.problems = {policy.characters, std::to_string(n)};
    made.valid = 0.5;
    return made;
  }
  Result<ImitationBatches> imitation_batches(std::span<const RatedProblem> problems) override {
    if (problems.empty()) return fail(Errc::kActorFailed, "nothing to learn from");
    return ImitationBatches{{problems.front().problem, std::to_string(problems.front().pass_rate)}};
  }
  std::string save() const override {
    if (known_ == "unspeakable") throw std::runtime_error(known_);
    return known_;
  }
  Status load(std::string_view bytes) override {
    if (bytes == "damaged") return fail(Errc::kCorrupt, "a saved proposer is damaged");
    known_ = bytes;
    return {};
  }

 private:
  std::shared_ptr<int> alive_;  // in use while this lives
  std::string known_;
};

TEST_CASE("a proposer can live in an actor of its own") {
  auto alive = std::make_shared<int>(0);
  {
    const auto proposer = remote_proposer(immortal_system(), std::make_unique<Scripted>(alive));
    CHECK(alive.use_count() == 2);
    ModelFile weights;
    weights.characters = "abc";
    const auto made = proposer->propose(weights, 7, 0).value();
    CHECK(made.problems == std::vector<std::string>{"abc", "7"});
    CHECK(made.valid == 0.5);
    const auto refused = proposer->propose(weights, 7, 1);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::kBadProblem);
    CHECK(refused.error().message == "no paper");

    const std::vector<RatedProblem> rated = {{"1+1", 0.5}};
    CHECK(proposer->imitation_batches(rated).value() == ImitationBatches{{"1+1", "0.500000"}});
    CHECK(proposer->imitation_batches({}).error().message == "nothing to learn from");

    REQUIRE(proposer->load("all that it knew").has_value());
    CHECK(proposer->save() == "all that it knew");
    CHECK(proposer->load("damaged").error().code == Errc::kCorrupt);
    REQUIRE(proposer->load("unspeakable").has_value());
    CHECK_THROWS_WITH(proposer->save(), "the proposer could not be saved: unspeakable");
  }
  CHECK(alive.use_count() == 1);
}

}  // namespace
}  // namespace qstar
