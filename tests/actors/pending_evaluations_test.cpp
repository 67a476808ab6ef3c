#include "actors/pending_evaluations.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("evaluations that were ordered survive a checkpoint", "[pending_evaluations]") {
  PendingEvaluations pending;
  pending.add({"base", true, 100, {{"policy_version", 1}}, "old weights"});
  const auto done = pending.add({"base", false, 100, {}, "old weights"});
  pending.add({"curve", false, 50, {{"policy_version", 3}}, "new weights"});
  CHECK(pending.take(done).what == "base");
  REQUIRE(pending.size() == 2);

  CheckpointParts parts = {{"model", "new weights"}};
  const auto list = pending.save("new weights", parts);
  CHECK(parts.size() == 2);  // the newest weights are not written twice
  const auto back = PendingEvaluations::load(list, parts);
  REQUIRE(back);
  REQUIRE(back->size() == 2);
  const auto& base = back->all().at(0);
  CHECK(base.what == "base");
  CHECK(base.sampled);
  CHECK(base.problems == 100);
  CHECK(base.point["policy_version"] == 1);
  CHECK(base.model == "old weights");
  const auto& curve = back->all().at(1);
  CHECK(curve.what == "curve");
  CHECK_FALSE(curve.sampled);
  CHECK(curve.problems == 50);
  CHECK(curve.model == "new weights");
}

TEST_CASE("a damaged list of evaluations is an error", "[pending_evaluations]") {
  using nlohmann::json;
  CHECK(PendingEvaluations::load(json::array(), {})->empty());
  for (const auto& list :
       {json::array({3}), json::array({json{{"what", 1}}}), json::array({json{{"what", "base"}}})})
    CHECK(PendingEvaluations::load(list, {{"model", "m"}}).error().code == Errc::kCorrupt);
  const json whole = {
      {{"what", "base"}, {"sampled", false}, {"problems", 3}, {"point", json::object()}}};
  CHECK(PendingEvaluations::load(whole, {}).error().code == Errc::kCorrupt);  // no model
  CHECK(PendingEvaluations::load(whole, {{"model", "m"}}));
}
